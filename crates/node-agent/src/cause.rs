//! A failure as people need it: what happened and what to do about it.

use std::fmt;

/// Cause and next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// What happened, naming the object.
    pub(crate) cause: String,
    /// What to do.
    pub(crate) next_step: String,
}

impl Cause {
    pub(crate) fn new(cause: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { cause: cause.into(), next_step: next_step.into() }
    }

    /// The whole chain of an error, and what to do.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static), next_step: impl Into<String>) -> Self {
        Self::new(chain(error), next_step)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (next step: {})", self.cause, self.next_step)
    }
}

/// An error with all that caused it; parts that repeat what was said are left out.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    text
}
