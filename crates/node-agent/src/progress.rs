//! What a person sees of a join or a leave: one line a stage with its time, and an honest end.

use std::{collections::BTreeMap, fmt::Display, io::Write as _, time::Instant};

use hoist_host::preflight::{Check, Outcome};
use hoist_node_config::Stage;

use crate::cause::Cause;

/// Prints a line. A reader that went away (a closed terminal, a pager) must not end a join halfway.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Lines about stages, as they pass.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    stage_started: Instant,
    times: BTreeMap<String, u64>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self { started: now, stage_started: now, times: BTreeMap::new() }
    }

    /// A stage is done.
    pub(crate) fn done(&mut self, stage: Stage, detail: &str) {
        let elapsed = self.stage_started.elapsed();
        self.stage_started = Instant::now();
        self.times.insert(stage.to_string(), u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        say(format!("  {:<10} {:>6.2} s  {detail}", stage.to_string(), elapsed.as_secs_f64()));
    }

    /// Something worth knowing within a stage.
    #[expect(clippy::unused_self, reason = "notes belong to the stage whose line comes next")]
    pub(crate) fn note(&self, text: &str) {
        say(format!("  {:<10} {:>8}  {text}", "", ""));
    }

    /// The checks that were not passed.
    pub(crate) fn checks(&self, checks: &[Check]) {
        for check in checks {
            let outcome = match check.outcome {
                Outcome::Pass => continue,
                Outcome::Warn => "warning",
                Outcome::Fail => "FAILED",
            };
            self.note(&format!("{outcome}: {}: {}", check.name, check.detail));
            if !check.next_step.is_empty() {
                self.note(&format!("         -> {}", check.next_step));
            }
        }
    }

    /// Milliseconds by stage, so far.
    pub(crate) fn times(&self) -> &BTreeMap<String, u64> {
        &self.times
    }

    /// The good end.
    pub(crate) fn succeeded(&self, text: &str) {
        say(format!("\n{text} ({:.1} s)", self.started.elapsed().as_secs_f64()));
    }

    /// The other end.
    pub(crate) fn failed(&self, what: &str, stage: Stage, cause: &Cause) {
        say(format!("\n{what}: stopped at {stage} after {:.1} s", self.started.elapsed().as_secs_f64()));
        say(format!("  cause:     {}", cause.cause));
        say(format!("  next step: {}", cause.next_step));
    }
}

/// One line over all checks.
pub(crate) fn checks_line(checks: &[Check]) -> String {
    let count = |outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    format!(
        "{} checks passed, {} warnings, {} failed",
        count(Outcome::Pass),
        count(Outcome::Warn),
        count(Outcome::Fail)
    )
}
