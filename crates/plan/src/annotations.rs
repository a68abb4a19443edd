//! Which of HyperShift's annotations have an effect, and which: one table for what is passed on to the control plane, for the
//! condition that tells what has none, and for the documentation.

mod table;

use std::collections::BTreeMap;

pub use table::TABLE;

/// Which objects people set an annotation on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// HostedCluster.
    HostedCluster,
    /// NodePool.
    NodePool,
    /// Either.
    Both,
}

/// What an annotation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is obeyed: how.
    Honoured(&'static str),
    /// What it asks for is so anyway: why.
    AlwaysSo(&'static str),
    /// It has no effect: why, and what to do instead if there is something.
    NotHonoured(&'static str),
}

/// One annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation {
    /// Its key; one that ends with `/` stands for all that begin so.
    pub key: &'static str,
    /// Where it is set.
    pub on: On,
    /// What it does.
    pub effect: Effect,
}

impl Annotation {
    fn is_meant_by(&self, key: &str) -> bool {
        key == self.key || (self.key.ends_with('/') && key.starts_with(self.key))
    }
}

/// What is known of an annotation.
pub fn find(key: &str) -> Option<&'static Annotation> {
    TABLE.iter().find(|annotation| annotation.is_meant_by(key))
}

/// Whether the HostedControlPlane gets a HostedCluster's annotation.
pub fn is_passed_on(key: &str) -> bool {
    find(key).is_some_and(|annotation| annotation.on != On::NodePool)
}

/// Annotations of an object that have no effect, each with the reason.
pub fn not_honoured(annotations: &BTreeMap<String, String>) -> Vec<(&str, &'static str)> {
    annotations
        .keys()
        .filter_map(|key| match find(key)?.effect {
            Effect::NotHonoured(why) => Some((key.as_str(), why)),
            Effect::Honoured(_) | Effect::AlwaysSo(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice_and_each_has_its_reason() {
        for (index, annotation) in TABLE.iter().enumerate() {
            assert!(!TABLE[index + 1..].iter().any(|other| other.is_meant_by(annotation.key)), "{}", annotation.key);
            let (Effect::Honoured(text) | Effect::AlwaysSo(text) | Effect::NotHonoured(text)) = annotation.effect;
            assert!(text.len() > 5, "{}", annotation.key);
        }
    }

    #[test]
    fn what_has_no_effect_is_named_with_its_reason() {
        let given = [
            "hypershift.openshift.io/restart-date",
            "hypershift.openshift.io/capi-provider-agent-image",
            "idpoverrides.hypershift.openshift.io/htpasswd",
            "example.com/mine",
        ];
        let annotations = given.map(|key| (key.to_owned(), String::new())).into();
        let keys: Vec<&str> = not_honoured(&annotations).into_iter().map(|(key, _)| key).collect();
        assert_eq!(
            keys,
            ["hypershift.openshift.io/capi-provider-agent-image", "idpoverrides.hypershift.openshift.io/htpasswd"]
        );
    }

    #[test]
    fn only_what_is_known_is_passed_on() {
        assert!(is_passed_on("resource-request-override.hypershift.openshift.io/etcd.etcd"));
        assert!(is_passed_on("hypershift.openshift.io/restart-date"));
        assert!(!is_passed_on("hypershift.openshift.io/haproxy-image"));
        assert!(!is_passed_on("kubectl.kubernetes.io/last-applied-configuration"));
    }
}
