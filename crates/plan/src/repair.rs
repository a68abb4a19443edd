//! Which hosts of a NodePool with `management.autoRepair` are repaired: pure, from how long each has been ill.
//!
//! The limits are those of the MachineHealthCheck that HyperShift makes for pools whose machines it does not make itself, and
//! the same annotations change them. A repair needs no new machine: the host leaves as a node and comes back as a new one.

use std::collections::BTreeMap;
use std::time::Duration;

use hoist_api::{annotations, duration};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// When a host counts as ill for too long, and how many may before all are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// How long a Node may not be Ready.
    pub not_ready: Duration,
    /// How long a host that has joined may be without a Node.
    pub without_node: Duration,
    /// With more ill hosts than this, a number or a share of the pool, none is repaired: the cause is likely not in them.
    pub max_unhealthy: IntOrString,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            not_ready: Duration::from_secs(16 * 60),
            without_node: Duration::from_secs(20 * 60),
            max_unhealthy: IntOrString::Int(2),
        }
    }
}

impl HealthCheck {
    /// As the annotations of a pool and of its cluster say, the pool's first. Also returns what is wrong with them; a wrong
    /// value counts as not written.
    pub fn of(pool: &BTreeMap<String, String>, cluster: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut wrong = Vec::new();
        let mut value = |key: &'static str, expected: &str, is_right: fn(&str) -> bool| {
            let (value, of) =
                pool.get(key).map(|value| (value, "NodePool")).or(cluster.get(key).map(|it| (it, "HostedCluster")))?;
            if is_right(value) {
                return Some(value.as_str());
            }
            wrong
                .push(format!("annotation {key} of the {of} is {value:?}, expected is {expected}; the default counts"));
            None
        };
        let time = |text: &str| duration::parse(text).is_some();
        let not_ready = value(annotations::MACHINE_HEALTH_CHECK_TIMEOUT, "a duration such as 8m", time);
        let without_node = value(annotations::MACHINE_HEALTH_CHECK_NODE_STARTUP, "a duration such as 20m", time);
        let max_unhealthy =
            value(annotations::MACHINE_HEALTH_CHECK_MAX_UNHEALTHY, "a number or a share such as 40%", |text| {
                number(text).is_some()
            });
        let plain = Self::default();
        let check = Self {
            not_ready: not_ready.and_then(duration::parse).unwrap_or(plain.not_ready),
            without_node: without_node.and_then(duration::parse).unwrap_or(plain.without_node),
            max_unhealthy: max_unhealthy.and_then(number).unwrap_or(plain.max_unhealthy),
        };
        (check, wrong)
    }

    /// How many of `hosts` may be ill for the ill ones to be repaired.
    pub fn most(&self, hosts: usize) -> usize {
        match &self.max_unhealthy {
            IntOrString::Int(number) => usize::try_from(*number).unwrap_or_default(),
            IntOrString::String(share) => hosts.saturating_mul(percent(share).unwrap_or_default()) / 100,
        }
    }

    fn limit(&self, illness: &Illness) -> Duration {
        if illness.has_node { self.not_ready } else { self.without_node }
    }
}

fn number(text: &str) -> Option<IntOrString> {
    let number = text.parse::<u16>().ok().map(|number| IntOrString::Int(i32::from(number)));
    number.or_else(|| percent(text).map(|_| IntOrString::String(text.to_owned())))
}

fn percent(text: &str) -> Option<usize> {
    text.strip_suffix('%')?.parse().ok().filter(|percent| *percent <= 100)
}

/// How a host is ill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illness {
    /// Whether its Node is there.
    pub has_node: bool,
    /// For how long.
    pub lasted: Duration,
}

/// A host of the pool that has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Its name.
    pub name: String,
    /// What it lacks, if anything.
    pub illness: Option<Illness>,
    /// Whether an update or a repair of it is under way, or it waits for an update to be tried again.
    pub is_taken: bool,
    /// How long ago its last repair failed.
    pub failed: Option<Duration>,
}

/// What to do now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// Hosts whose repair begins.
    pub begin: Vec<String>,
    /// Hosts that are ill for too long and that are not repaired, because they are too many.
    pub held: Vec<String>,
    /// How soon the next one is due.
    pub next: Option<Duration>,
}

/// Decides. A repair that failed is tried again after as long as an illness may last.
pub fn decide(patients: &[Patient], check: &HealthCheck) -> Decision {
    let mut decision = Decision::default();
    let mut due = Vec::new();
    let mut ill = 0;
    for patient in patients {
        let Some(illness) = &patient.illness else { continue };
        let limit = check.limit(illness);
        let mut soon = limit.checked_sub(illness.lasted).filter(|left| !left.is_zero());
        if soon.is_none() {
            ill += 1;
            soon = patient.failed.and_then(|ago| limit.checked_sub(ago)).filter(|left| !left.is_zero());
            if soon.is_none() && !patient.is_taken {
                due.push(patient.name.clone());
            }
        }
        decision.next = [decision.next, soon].into_iter().flatten().min();
    }
    if ill > check.most(patients.len()) {
        decision.held = due;
    } else {
        decision.begin = due;
    }
    decision
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn patient(name: &str, minutes: u32) -> Patient {
        let illness = (minutes > 0).then(|| Illness { has_node: true, lasted: MINUTE * minutes });
        Patient { name: name.to_owned(), illness, is_taken: false, failed: None }
    }

    #[test]
    fn a_host_is_repaired_when_it_was_ill_for_too_long_and_not_before() {
        let decision = decide(&[patient("a", 0), patient("b", 15), patient("c", 16)], &HealthCheck::default());
        assert_eq!(decision.begin, ["c"]);
        assert_eq!((decision.held.len(), decision.next), (0, Some(MINUTE)));
    }

    #[test]
    fn a_host_without_a_node_has_its_own_limit() {
        let without = |minutes| Patient {
            illness: Some(Illness { has_node: false, lasted: MINUTE * minutes }),
            ..patient("a", 0)
        };
        assert_eq!(decide(&[without(19)], &HealthCheck::default()).begin, [""; 0]);
        assert_eq!(decide(&[without(20)], &HealthCheck::default()).begin, ["a"]);
    }

    #[test]
    fn when_too_many_are_ill_none_is_repaired() {
        let ill: Vec<Patient> = ["a", "b", "c"].map(|name| patient(name, 30)).into();
        assert_eq!(decide(&ill[..2], &HealthCheck::default()).begin, ["a", "b"]);
        let decision = decide(&ill, &HealthCheck::default());
        assert_eq!((decision.begin.len(), decision.held), (0, vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
        let lenient = HealthCheck { max_unhealthy: IntOrString::String("100%".to_owned()), ..HealthCheck::default() };
        assert_eq!(decide(&ill, &lenient).begin.len(), 3);
    }

    #[test]
    fn one_that_is_repaired_counts_as_ill_and_is_not_begun_again() {
        let taken = Patient { is_taken: true, ..patient("a", 30) };
        assert_eq!(decide(std::slice::from_ref(&taken), &HealthCheck::default()), Decision::default());
        let decision = decide(&[taken, patient("b", 30), patient("c", 30)], &HealthCheck::default());
        assert_eq!(decision.held, ["b", "c"]);
    }

    #[test]
    fn a_repair_that_failed_is_tried_again_after_a_while() {
        let failed = |minutes| Patient { failed: Some(MINUTE * minutes), ..patient("a", 60) };
        let decision = decide(&[failed(6)], &HealthCheck::default());
        assert_eq!((decision.begin.len(), decision.next), (0, Some(MINUTE * 10)));
        assert_eq!(decide(&[failed(16)], &HealthCheck::default()).begin, ["a"]);
    }

    fn annotated(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_pools_annotations_go_before_the_clusters() {
        let pool = annotated(&[(annotations::MACHINE_HEALTH_CHECK_TIMEOUT, "30s")]);
        let cluster = annotated(&[
            (annotations::MACHINE_HEALTH_CHECK_TIMEOUT, "8m"),
            (annotations::MACHINE_HEALTH_CHECK_NODE_STARTUP, "5m"),
            (annotations::MACHINE_HEALTH_CHECK_MAX_UNHEALTHY, "40%"),
        ]);
        let (check, wrong) = HealthCheck::of(&pool, &cluster);
        assert_eq!(wrong, [""; 0]);
        assert_eq!((check.not_ready, check.without_node, check.most(10)), (MINUTE / 2, MINUTE * 5, 4));
    }

    #[rstest]
    #[case(annotations::MACHINE_HEALTH_CHECK_TIMEOUT, "soon")]
    #[case(annotations::MACHINE_HEALTH_CHECK_NODE_STARTUP, "-1m")]
    #[case(annotations::MACHINE_HEALTH_CHECK_MAX_UNHEALTHY, "120%")]
    #[case(annotations::MACHINE_HEALTH_CHECK_MAX_UNHEALTHY, "-1")]
    fn a_wrong_annotation_is_told_and_counts_as_not_written(#[case] key: &str, #[case] value: &str) {
        let (check, wrong) = HealthCheck::of(&annotated(&[(key, value)]), &BTreeMap::new());
        assert_eq!(check, HealthCheck::default());
        assert!(wrong.len() == 1 && wrong[0].contains(key) && wrong[0].contains(value), "{wrong:?}");
    }
}
