//! One wait whose subject changes: a spinner on a terminal, a log line per change elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::printer::Printer;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Tells what is awaited until it is dropped.
#[derive(Debug)]
pub struct Waiting {
    printer: Printer,
    what: String,
    last: String,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Waiting {
    pub(super) fn new(printer: Printer, what: &str) -> Self {
        let bar = printer.is_terminal().then(|| {
            let bar = printer.bars().add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            bar.set_message(what.to_owned());
            bar
        });
        Self { printer, what: what.to_owned(), last: String::new(), since: Instant::now(), bar }
    }

    /// Says what is awaited now; nothing is written when it is what was said before.
    pub fn update(&mut self, awaited: &str) {
        if awaited == self.last {
            return;
        }
        awaited.clone_into(&mut self.last);
        match &self.bar {
            Some(bar) => bar.set_message(format!("{}: {awaited}", self.what)),
            None => self.printer.info(&self.what, &[("awaiting", awaited)]),
        }
    }

    /// Time since the wait began.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
