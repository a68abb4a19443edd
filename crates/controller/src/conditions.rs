//! Merging conditions: pure, and blind to time except where a status changes.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The three values of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody can tell at the moment.
    Unknown,
}

impl Status {
    /// Kubernetes' spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for Status {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What a condition shall say, without the bookkeeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Type of the condition.
    pub type_: String,
    /// Whether it holds.
    pub status: Status,
    /// One word, for programs.
    pub reason: String,
    /// A sentence, for people; where something is wrong, with the next step.
    pub message: String,
}

impl Verdict {
    /// A verdict.
    pub fn new(
        type_: impl AsRef<str>,
        status: impl Into<Status>,
        reason: impl AsRef<str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            type_: type_.as_ref().to_owned(),
            status: status.into(),
            reason: reason.as_ref().to_owned(),
            message: message.into(),
        }
    }

    /// A copy of a condition that another object has.
    pub fn copied(condition: &Condition) -> Self {
        let status = match condition.status.as_str() {
            "True" => Status::True,
            "False" => Status::False,
            _ => Status::Unknown,
        };
        Self::new(&condition.type_, status, &condition.reason, condition.message.clone())
    }
}

/// The conditions that say `verdicts`, in their order. A transition time moves only when the status does, so that two merges
/// of the same verdicts give the same result.
pub fn merge(previous: &[Condition], verdicts: &[Verdict], generation: Option<i64>, now: Timestamp) -> Vec<Condition> {
    verdicts
        .iter()
        .map(|verdict| {
            let before = find(previous, &verdict.type_);
            let since = before
                .filter(|before| before.status == verdict.status.as_str())
                .map_or_else(|| whole_seconds(now), |before| before.last_transition_time.clone());
            Condition {
                type_: verdict.type_.clone(),
                status: verdict.status.as_str().to_owned(),
                reason: verdict.reason.clone(),
                message: shortened(&verdict.message),
                last_transition_time: since,
                observed_generation: generation,
            }
        })
        .collect()
}

/// The condition of one type.
pub fn find(conditions: &[Condition], type_: impl AsRef<str>) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == type_.as_ref())
}

/// Whether the condition of one type is `True`.
pub fn is_true(conditions: &[Condition], type_: impl AsRef<str>) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == "True")
}

/// The verdict of one type.
pub fn verdict_of(verdicts: &[Verdict], type_: impl AsRef<str>) -> Option<&Verdict> {
    verdicts.iter().find(|verdict| verdict.type_ == type_.as_ref())
}

fn whole_seconds(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

/// The API refuses messages of more than 32768 bytes; people read far fewer.
fn shortened(message: &str) -> String {
    const LIMIT: usize = 3000;
    if message.len() <= LIMIT {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(LIMIT);
    format!("{}… ({} more bytes)", &message[..end], message.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let first = merge(&[], &[Verdict::new("Available", false, "Starting", "etcd starts")], Some(1), at(10));
        let same = merge(&first, &[Verdict::new("Available", false, "Starting", "kas starts")], Some(2), at(20));
        assert_eq!(same[0].last_transition_time, Time(at(10)));
        assert_eq!((same[0].message.as_str(), same[0].observed_generation), ("kas starts", Some(2)));
        let changed = merge(&same, &[Verdict::new("Available", true, "AsExpected", "")], Some(2), at(30));
        assert_eq!(changed[0].last_transition_time, Time(at(30)));
    }

    #[test]
    fn merging_the_same_verdicts_again_changes_nothing() {
        let verdicts = [Verdict::new("A", true, "X", ""), Verdict::new("B", Status::Unknown, "Y", "why")];
        let once = merge(&[], &verdicts, None, at(10));
        assert_eq!(merge(&once, &verdicts, None, at(99)), once);
    }

    #[test]
    fn a_condition_nobody_speaks_of_any_more_is_dropped() {
        let before = merge(&[], &[Verdict::new("Old", true, "X", "")], None, at(1));
        assert!(merge(&before, &[], None, at(2)).is_empty());
    }

    #[test]
    fn a_very_long_message_is_cut_at_a_character() {
        let long = "ä".repeat(4000);
        let merged = merge(&[], &[Verdict::new("A", true, "X", long)], None, at(1));
        assert!(merged[0].message.len() < 3100 && merged[0].message.ends_with("more bytes)"));
    }
}
