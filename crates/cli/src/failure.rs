//! How the program ends: 0 when it did what was asked, 1 when it could not, 2 when it was asked wrongly.

use std::fmt;

/// A refusal that another command line would cure. Ends the program with 2, as clap's own refusals do.
#[derive(Debug)]
pub struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Makes a [`Usage`]; `text` names the flag, what was found and what would be right.
pub fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// A program that ran on our behalf ended with this code, which is ours then.
#[derive(Debug)]
pub struct Ended(pub u8);

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the command ended with exit code {}", self.0)
    }
}

impl std::error::Error for Ended {}

/// The exit code that an error stands for.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(Ended(code)) = error.downcast_ref::<Ended>() {
        *code
    } else if error.downcast_ref::<Usage>().is_some() {
        2
    } else {
        1
    }
}

/// Whether the error was already told by the program that caused it.
pub fn is_silent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Ended>().is_some()
}

/// The error and its causes in one line, each said once: many libraries repeat their source.
pub fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn wrong_usage_is_told_apart_even_below_a_context() {
        let error = Err::<(), _>(usage("--name is required")).context("cannot create").unwrap_err();
        assert_eq!(exit_code(&error), 2);
        assert_eq!(exit_code(&anyhow::anyhow!("no")), 1);
        assert_eq!(exit_code(&Ended(7).into()), 7);
    }

    #[test]
    fn a_cause_that_is_already_in_the_text_is_not_repeated() {
        let error = anyhow::anyhow!("refused").context("cannot dial: refused");
        assert_eq!(chain(&error), "cannot dial: refused");
    }
}
