//! Annotations that name PriorityClasses.

use hoist_api::priority_classes::{API_CRITICAL_ANNOTATION, CONTROL_PLANE_ANNOTATION, ETCD_ANNOTATION};

use super::{Findings, Inputs};
use crate::PriorityClasses;

/// Longest name of a PriorityClass, which is a DNS-1123 subdomain.
const LONGEST: usize = 253;

pub(super) fn classes(inputs: &Inputs<'_>, findings: &mut Findings) -> PriorityClasses {
    let mut classes = PriorityClasses::default();
    let targets = [
        (ETCD_ANNOTATION, &mut classes.etcd),
        (API_CRITICAL_ANNOTATION, &mut classes.api_critical),
        (CONTROL_PLANE_ANNOTATION, &mut classes.control_plane),
    ];
    for (key, class) in targets {
        match inputs.annotations.get(key) {
            Some(name) if is_subdomain(name) => name.clone_into(class),
            Some(name) => {
                findings.invalid::<()>(format!(
                    "annotation {key}={name:?}: expected the name of a PriorityClass: lower-case letters, digits, '-' and '.', \
                     such as system-cluster-critical; `kubectl get priorityclasses` lists those that exist"
                ));
            }
            None => {}
        }
    }
    classes
}

fn is_subdomain(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= LONGEST && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_subdomain;

    #[test]
    fn names_of_priority_classes() {
        for good in ["a", "system-node-critical", "a.b-1"] {
            assert!(is_subdomain(good), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a..b", "a.", &"a".repeat(254)] {
            assert!(!is_subdomain(bad), "{bad}");
        }
    }
}
