//! What a person sees while the payload is built: bars on a terminal, otherwise one line per step with its time.

use std::fmt::Display;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Reports steps to standard error; standard output is for results.
pub struct Progress {
    started: Instant,
    terminal: bool,
}

/// One long step; ends when dropped.
pub struct Bar {
    drawn: ProgressBar,
    terminal: bool,
    started: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self { started: Instant::now(), terminal: std::io::stderr().is_terminal() }
    }

    /// A step of `total` parts.
    pub fn bar(&self, total: usize, title: &str) -> Bar {
        let bar = if self.terminal { ProgressBar::new(total as u64) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{prefix:>12} [{bar:30}] {pos}/{len} {wide_msg} {elapsed}")
            .expect("the template is a constant that indicatif accepts")
            .progress_chars("=> ");
        bar.set_style(style);
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Bar { drawn: bar, terminal: self.terminal, started: self.started }
    }

    /// One line.
    pub fn line(&self, text: impl Display) {
        eprintln!("{} {text}", clock(self.started));
    }

    /// The last line.
    pub fn summary(&self) {
        self.line("payload is complete");
    }
}

impl Bar {
    /// What is being worked on now.
    pub fn working_on(&self, text: impl Display) {
        self.drawn.set_message(text.to_string());
    }

    /// A part that took time is finished: worth a line that stays.
    pub fn built(&self, text: impl Display) {
        self.note(text);
        self.drawn.inc(1);
    }

    /// A part was there already.
    pub fn present(&self) {
        self.drawn.inc(1);
    }

    /// A line that stays.
    pub fn note(&self, text: impl Display) {
        let line = format!("{} {text}", clock(self.started));
        if self.terminal { self.drawn.println(line) } else { eprintln!("{line}") }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}

fn clock(started: Instant) -> String {
    format!("[{:7.1} s]", started.elapsed().as_secs_f64())
}
