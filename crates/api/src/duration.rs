//! Go's notation of durations, such as `1h30m`, which HyperShift's flags and fields use.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration that is written and read as Go does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(pub Duration);

/// A text that Go would not read as a duration either.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no duration; write numbers with units, such as 90s, 10m or 1h30m")]
pub struct InvalidDuration(String);

/// Units, longest spelling first so that `ms` is not read as `m`.
const UNITS: [(&str, f64); 7] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Reads one; `None` when it is none, or negative.
pub fn parse(text: &str) -> Option<Duration> {
    text.parse::<GoDuration>().ok().map(|duration| duration.0)
}

impl FromStr for GoDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidDuration(text.to_owned());
        if text == "0" {
            return Ok(Self::default());
        }
        let mut rest = text;
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
            let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
            rest = &rest[end..];
            let (unit, factor) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(invalid)?;
            seconds += number * factor;
            rest = &rest[unit.len()..];
        }
        if text.is_empty() {
            return Err(invalid());
        }
        Duration::try_from_secs_f64(seconds).map(Self).map_err(|_| invalid())
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.as_secs();
        let (hours, minutes) = (whole / 3600, whole / 60 % 60);
        if hours > 0 {
            write!(formatter, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(formatter, "{minutes}m")?;
        }
        let millis = self.0.subsec_millis();
        if millis == 0 {
            write!(formatter, "{}s", whole % 60)
        } else if whole == 0 {
            write!(formatter, "{millis}ms")
        } else {
            let fraction = format!("{millis:03}");
            write!(formatter, "{}.{}s", whole % 60, fraction.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", "0s")]
    #[case("0s", "0s")]
    #[case("90s", "1m30s")]
    #[case("10m", "10m0s")]
    #[case("1.5h", "1h30m0s")]
    #[case("1h30m", "1h30m0s")]
    #[case("500ms", "500ms")]
    #[case("2s500ms", "2.5s")]
    fn durations_are_printed_as_go_prints_them(#[case] text: &str, #[case] printed: &str) {
        assert_eq!(text.parse::<GoDuration>().unwrap().to_string(), printed);
    }

    #[rstest]
    #[case("")]
    #[case("10")]
    #[case("m")]
    #[case("-1m")]
    #[case("1 m")]
    #[case("1d")]
    #[case("1.2.3s")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<GoDuration>(), Err(InvalidDuration(text.to_owned())));
    }
}
