//! Kubernetes' quantities of bytes, such as `8Gi`, written back the way Go does.

use std::fmt;
use std::str::FromStr;

/// Suffixes of powers of 1024, smallest first.
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Suffixes of powers of 1000, smallest first.
const DECIMAL: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// A whole number of bytes above zero, in canonical form: the largest unit that leaves no fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity(String);

/// A text that is no such quantity.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no quantity: expected a number with a unit, such as 8Gi")]
pub struct InvalidQuantity(String);

impl Quantity {
    /// `count` times 1024³ bytes.
    pub fn gibibytes(count: u32) -> Self {
        Self(canonical(u128::from(count) << 30, 1024, &BINARY))
    }
}

impl FromStr for Quantity {
    type Err = InvalidQuantity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidQuantity(text.to_owned());
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let position = |units: &[&str; 7]| units.iter().position(|known| *known == unit);
        let (base, power, units): (u128, _, _) = match (position(&DECIMAL), position(&BINARY)) {
            (Some(power), _) => (1000, power, &DECIMAL),
            (None, Some(power)) => (1024, power, &BINARY),
            (None, None) => return Err(invalid()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if number.is_empty()
            || fraction.contains('.')
            || (number.contains('.') && whole.is_empty() && fraction.is_empty())
        {
            return Err(invalid());
        }
        // More digits than any disk has; they would not fit the arithmetic either.
        if whole.len() > 18 || fraction.len() > 9 {
            return Err(invalid());
        }
        let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| invalid())?;
        let factor = base.pow(u32::try_from(power).map_err(|_| invalid())?);
        let divisor = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| invalid())?);
        let scaled = digits.checked_mul(factor).ok_or_else(invalid)?;
        if scaled == 0 || scaled % divisor != 0 {
            return Err(invalid());
        }
        Ok(Self(canonical(scaled / divisor, base, units)))
    }
}

fn canonical(mut amount: u128, base: u128, units: &[&str; 7]) -> String {
    let mut power = 0;
    while power + 1 < units.len() && amount.is_multiple_of(base) {
        amount /= base;
        power += 1;
    }
    format!("{amount}{}", units[power])
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("8Gi", "8Gi")]
    #[case("1024Mi", "1Gi")]
    #[case("1.5Gi", "1536Mi")]
    #[case("2048Gi", "2Ti")]
    #[case("8000M", "8G")]
    #[case("500", "500")]
    #[case("1000", "1k")]
    #[case("0.5Gi", "512Mi")]
    fn quantities_are_written_as_go_writes_them(#[case] text: &str, #[case] written: &str) {
        assert_eq!(text.parse::<Quantity>().unwrap().to_string(), written);
    }

    #[rstest]
    #[case("")]
    #[case("big")]
    #[case("Gi")]
    #[case(".")]
    #[case("-8Gi")]
    #[case("+8Gi")]
    #[case("8 Gi")]
    #[case("8gb")]
    #[case("0")]
    #[case("0.1")]
    #[case("1.2.3Gi")]
    fn other_texts_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Quantity>(), Err(InvalidQuantity(text.to_owned())));
    }

    #[test]
    fn gibibytes_become_tebibytes_when_they_can() {
        assert_eq!(Quantity::gibibytes(32).to_string(), "32Gi");
        assert_eq!(Quantity::gibibytes(1024).to_string(), "1Ti");
    }
}
