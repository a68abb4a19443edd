//! What conditions and their reasons mean to a person, and what to do next. `hcp explain`, `hcp status` and the docs use it.
//!
//! In texts, `NAME`, `NAMESPACE` and `CONTROL_PLANE_NAMESPACE` stand for the hosted cluster's.

mod conditions;
mod node_pool;
mod reasons;

pub use conditions::CONDITIONS;
pub use node_pool::NODE_POOL_CONDITIONS;
pub use reasons::REASONS;

/// How a condition is when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Well {
    /// `True`.
    True,
    /// `False`.
    False,
    /// It describes a choice or a passing state; neither is a fault.
    Either,
}

/// One condition type of one family of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Its type.
    pub type_: &'static str,
    /// How it is when all is well.
    pub well: Well,
    /// What it says.
    pub meaning: &'static str,
    /// Reasons that it may have; `AsExpected` aside, each is in [`REASONS`].
    pub reasons: &'static [&'static str],
}

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Its name.
    pub reason: &'static str,
    /// What is the case.
    pub meaning: &'static str,
    /// What to do.
    pub next: &'static str,
}

impl Condition {
    /// Whether a status is as it should be.
    pub fn is_well(&self, status: &str) -> bool {
        match self.well {
            Well::True => status == "True",
            Well::False => status == "False",
            Well::Either => true,
        }
    }
}

/// The condition of a HostedCluster or HostedControlPlane, whatever the case of its letters.
pub fn condition(type_: &str) -> Option<&'static Condition> {
    CONDITIONS.iter().find(|condition| condition.type_.eq_ignore_ascii_case(type_))
}

/// The condition of a NodePool, whatever the case of its letters.
pub fn node_pool_condition(type_: &str) -> Option<&'static Condition> {
    NODE_POOL_CONDITIONS.iter().find(|condition| condition.type_.eq_ignore_ascii_case(type_))
}

/// The reason, whatever the case of its letters.
pub fn reason(name: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.reason.eq_ignore_ascii_case(name))
}

/// A text with the names of one cluster in it.
pub fn for_cluster(text: &str, namespace: &str, name: &str) -> String {
    let control_plane = crate::names::control_plane_namespace(namespace, name);
    // The longest placeholder first: each of the others is a part of it.
    let parts: Vec<String> = text
        .split("CONTROL_PLANE_NAMESPACE")
        .map(|part| {
            let part: Vec<String> = part.split("NAMESPACE").map(|part| part.replace("NAME", name)).collect();
            part.join(namespace)
        })
        .collect();
    parts.join(&control_plane)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variants of an enum of conditions.rs.
    fn variants(of: &str) -> Vec<&'static str> {
        let source = include_str!("conditions.rs");
        let body = source.split_once(&format!("pub enum {of} {{")).unwrap().1.split_once("\n}").unwrap().0;
        body.lines()
            .map(str::trim)
            .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
            .map(|line| line.trim_end_matches(','))
            .collect()
    }

    #[test]
    fn every_condition_and_every_reason_is_explained() {
        for type_ in variants("ConditionType") {
            assert!(condition(type_).is_some(), "condition {type_} is missing in explanations/conditions.rs");
        }
        for type_ in variants("NodePoolConditionType") {
            assert!(node_pool_condition(type_).is_some(), "condition {type_} is missing in explanations/node_pool.rs");
        }
        for name in variants("Reason") {
            assert!(reason(name).is_some(), "reason {name} is missing in explanations/reasons.rs");
        }
    }

    #[test]
    fn reasons_of_conditions_exist_and_nothing_is_explained_twice() {
        for condition in CONDITIONS.iter().chain(NODE_POOL_CONDITIONS) {
            for name in condition.reasons {
                assert!(reason(name).is_some(), "{}: {name}", condition.type_);
            }
        }
        for names in [
            CONDITIONS.iter().map(|condition| condition.type_).collect::<Vec<_>>(),
            NODE_POOL_CONDITIONS.iter().map(|condition| condition.type_).collect(),
            REASONS.iter().map(|reason| reason.reason).collect(),
        ] {
            let unique: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(unique.len(), names.len(), "{names:?}");
        }
    }

    #[test]
    fn placeholders_are_filled_without_touching_each_other() {
        let text = "-n CONTROL_PLANE_NAMESPACE NAMESPACE/NAME NAMESPACE";
        assert_eq!(for_cluster(text, "teams", "NAME-1"), "-n teams-NAME-1 teams/NAME-1 teams");
    }
}
