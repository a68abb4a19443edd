//! Switches as Go's programs take them: `--flag`, `--flag=true`, `--flag=0`.

use std::fmt;
use std::str::FromStr;

use clap::Arg;

/// A switch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GoBool(pub bool);

/// Name of the value in help; [`as_switch`] knows switches by it.
const VALUE_NAME: &str = "BOOL";

/// A text that Go would not read as a truth value either.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected true or false")]
pub struct InvalidBool;

impl FromStr for GoBool {
    type Err = InvalidBool;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(Self(true)),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(Self(false)),
            _ => Err(InvalidBool),
        }
    }
}

impl fmt::Display for GoBool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// Gives an argument whose value is a `BOOL` the form of a switch; leaves others alone.
pub fn as_switch(argument: Arg) -> Arg {
    let is_switch =
        argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == VALUE_NAME));
    if is_switch { argument.num_args(0..=1).require_equals(true).default_missing_value("true") } else { argument }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_reads_six_spellings_of_each() {
        assert_eq!("T".parse(), Ok(GoBool(true)));
        assert_eq!("0".parse(), Ok(GoBool(false)));
        assert_eq!("yes".parse::<GoBool>(), Err(InvalidBool));
    }
}
