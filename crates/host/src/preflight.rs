//! Checks whether a host can become a node, before anything on it changes.
//!
//! Reading and judging are apart: [`Readings::take`] looks, [`evaluate`] decides, and a test (or a person, by the
//! variable [`INJECT`]) may put other readings in between. A check says when its reading was put in.

mod checks;
mod readings;

use serde::{Deserialize, Serialize};

pub use checks::evaluate;
pub use readings::{INJECT, InvalidInjection, Listener, Readings};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Works, but somebody should know.
    Warn,
    /// Will not work.
    Fail,
}

/// One check of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at, one or two words.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What was found and, unless it passed, what was expected.
    pub detail: String,
    /// What to do; empty when it passed.
    pub next_step: String,
}

/// What a join needs of its host.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Whether swap was accepted (`--allow-swap`).
    pub swap_allowed: bool,
    /// Whether this host is in the middle of a join, or joined: then its ports and folders are in use by itself.
    pub is_resumed: bool,
    /// Name of the node to be.
    pub node_name: String,
}

/// Checks of the running host.
pub fn run(readings: &Readings, needs: &Needs) -> Vec<Check> {
    evaluate(readings, needs)
}

/// The first failure, as cause and next step over all failures; `None` when nothing failed.
pub fn summary(checks: &[Check]) -> Option<(String, String)> {
    let failed: Vec<&Check> = checks.iter().filter(|check| check.outcome == Outcome::Fail).collect();
    if failed.is_empty() {
        return None;
    }
    let join = |part: fn(&Check) -> String| failed.iter().map(|check| part(check)).collect::<Vec<_>>().join("; ");
    Some((join(|check| format!("{}: {}", check.name, check.detail)), join(|check| check.next_step.clone())))
}
