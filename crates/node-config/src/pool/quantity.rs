//! Amounts as Go writes them: durations and Kubernetes quantities.

/// Whether Go's `time.ParseDuration` takes it, and it is not negative.
pub(super) fn is_duration(text: &str) -> bool {
    hoist_api::duration::parse(text).is_some()
}

/// Whether Kubernetes takes it for a quantity.
pub(super) fn is_quantity(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let is_exponent =
        suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| !exponent.is_empty() && exponent.parse::<i32>().is_ok());
    let suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    number.parse::<f64>().is_ok() && (suffixes.contains(&suffix) || is_exponent)
}

/// Whether it is a quantity or a percentage, as thresholds of eviction are.
pub(super) fn is_threshold(text: &str) -> bool {
    match text.strip_suffix('%') {
        Some(number) => number.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number)),
        None => is_quantity(text),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", true)]
    #[case("10s", true)]
    #[case("1h30m", true)]
    #[case("1.5h", true)]
    #[case("100ms", true)]
    #[case("10", false)]
    #[case("", false)]
    #[case("1d", false)]
    #[case("s", false)]
    fn durations(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_duration(text), expected);
    }

    #[rstest]
    #[case("100m", true)]
    #[case("1.5Gi", true)]
    #[case("1e3", true)]
    #[case("10%", false)]
    #[case("Gi", false)]
    #[case("1GiB", false)]
    fn quantities(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_quantity(text), expected);
    }

    #[rstest]
    #[case("10%", true)]
    #[case("101%", false)]
    #[case("100Mi", true)]
    #[case("much", false)]
    fn thresholds(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_threshold(text), expected);
    }
}
