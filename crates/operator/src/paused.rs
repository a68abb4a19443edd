//! `spec.pausedUntil`: `true`, `false`, or a date in RFC 3339.

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
    fn nonsense_is_named() {
        assert!(
            matches!(until(Some("tomorrow"), hoist_testkit::fixtures::now()), Pause::Invalid(text) if text.contains("tomorrow"))
        );
    }
}
