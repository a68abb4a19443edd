//! The stages of a long command: a bar while one runs on a terminal, and a line with its time when it is done.

use std::sync::Mutex;
use std::time::Duration;

use hoist_local::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::printer::Printer;

/// Writes stages to standard error.
#[derive(Debug)]
pub struct Stages {
    printer: Printer,
    bar: Mutex<Option<ProgressBar>>,
}

impl Stages {
    pub(super) fn new(printer: Printer) -> Self {
        Self { printer, bar: Mutex::new(None) }
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        // A panic elsewhere must not silence the rest of the output.
        let mut current = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(old) = current.take() {
            old.finish_and_clear();
        }
        *current = bar;
    }
}

impl Progress for Stages {
    fn started(&self, stage: &str) {
        if !self.printer.is_terminal() {
            return;
        }
        let bar = self.printer.bars().add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar.set_message(stage.to_owned());
        self.replace(Some(bar));
    }

    fn advanced(&self, stage: &str, done: u64, total: u64) {
        let current = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(bar) = current.as_ref() else { return };
        if bar.length() != Some(total) {
            bar.set_length(total);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {percent}% ({elapsed})") {
                bar.set_style(style.progress_chars("=> "));
            }
        }
        bar.set_message(stage.to_owned());
        bar.set_position(done);
    }

    fn finished(&self, stage: &str, took: Duration, changed: bool) {
        self.replace(None);
        let seconds = took.as_secs_f64();
        let unchanged = if changed { "" } else { "  (nothing to do)" };
        self.printer.note(&format!("{seconds:7.1} s  {stage}{unchanged}"));
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        self.replace(None);
    }
}
