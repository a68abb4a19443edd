//! `spec.pausedUntil`: `true`, `false`, or a date in RFC 3339.

use std::time::Duration;

use jiff::Timestamp;

/// What it means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// Work goes on.
    No,
    /// Until somebody takes it back.
    ForGood,
    /// Until then.
    Until(Timestamp),
    /// Neither; work goes on, and a condition says so.
    Invalid(String),
}

impl Pause {
    /// Whether nothing is to be changed.
    pub fn is_paused(&self) -> bool {
        matches!(self, Self::ForGood | Self::Until(_))
    }

    /// When the object is looked at again: at the moment at which the pause ends, and else at the latest after `at_most`.
    pub fn look_again(&self, now: Timestamp, at_most: Duration) -> Duration {
        match self {
            // A moment later than too early: the clock is read anew.
            Self::Until(date) => Duration::try_from(date.duration_since(now))
                .unwrap_or_default()
                .saturating_add(Duration::from_millis(10))
                .min(at_most),
            _ => at_most,
        }
    }
}

/// Reads it.
pub fn until(text: Option<&str>, now: Timestamp) -> Pause {
    match text {
        None | Some("" | "false" | "False") => Pause::No,
        Some("true" | "True") => Pause::ForGood,
        Some(text) => match text.parse::<Timestamp>() {
            Ok(date) if date > now => Pause::Until(date),
            Ok(_) => Pause::No,
            Err(_) => Pause::Invalid(format!(
                "pausedUntil {text:?} is neither true nor false nor a date such as 2027-01-31T12:00:00Z; write one of them"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, false)]
    #[case(Some("false"), false)]
    #[case(Some("True"), true)]
    #[case(Some("2999-01-01T00:00:00Z"), true)]
    #[case(Some("1999-01-01T00:00:00Z"), false)]
    #[case(Some("tomorrow"), false)]
    fn only_true_and_a_date_ahead_pause(#[case] text: Option<&str>, #[case] is_paused: bool) {
        assert_eq!(until(text, hoist_testkit::fixtures::now()).is_paused(), is_paused);
    }

    #[test]
    fn a_pause_with_an_end_is_looked_at_when_it_ends() {
        let (now, resync) = (hoist_testkit::fixtures::now(), Duration::from_secs(600));
        let end = now + jiff::SignedDuration::from_secs(90);
        assert_eq!(Pause::Until(end).look_again(now, resync), Duration::from_millis(90_010));
        assert_eq!(Pause::Until(end + jiff::SignedDuration::from_hours(9)).look_again(now, resync), resync);
        assert_eq!(Pause::ForGood.look_again(now, resync), resync);
    }

    #[test]
    fn nonsense_is_named() {
        assert!(
            matches!(until(Some("tomorrow"), hoist_testkit::fixtures::now()), Pause::Invalid(text) if text.contains("tomorrow"))
        );
    }
}
