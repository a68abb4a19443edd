//! Everything the program writes: data on standard output, all else on standard error.
//!
//! Log lines have the form that HyperShift's command line prints (time, level, message and JSON fields, separated by tabs), since
//! people's scripts and notes show it. Bars and colors appear on a terminal only.

mod stages;
mod table;
mod waiting;
pub mod yaml;

use std::io::{self, IsTerminal, Write};

use indicatif::MultiProgress;
use serde::Serialize;

pub use stages::Stages;
pub use table::Table;
pub use waiting::Waiting;

use crate::args::output::Output;

/// Writes for one run of the program.
#[derive(Clone, Debug)]
pub struct Printer {
    terminal: bool,
    color: bool,
    bars: MultiProgress,
}

/// Colors of words that say how something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not yet.
    Pending,
    /// Needs a person.
    Bad,
    /// Beside the point.
    Faint,
}

impl Printer {
    /// Looks once at what standard error and the environment are.
    pub fn new() -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            terminal: io::stderr().is_terminal() && !dumb,
            color: io::stdout().is_terminal() && !no_color && !dumb,
            bars: MultiProgress::new(),
        }
    }

    /// Writes data, with a line end. A reader that went away (`| head`) is no failure.
    #[allow(clippy::unused_self, reason = "what is written goes through the printer, wherever it goes")]
    pub fn data(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes a document for programs, or what `text` gives for people.
    pub fn document<T: Serialize>(
        &self,
        output: Output,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        let written = match output {
            Output::Text => text(),
            Output::Json => serde_json::to_string_pretty(value)?,
            Output::Yaml => yaml::document(&serde_json::to_value(value)?)?,
        };
        Ok(self.data(&written)?)
    }

    /// One log line.
    pub fn info(&self, message: &str, fields: &[(&str, &str)]) {
        self.line(&log_line("INFO", message, fields));
    }

    /// One log line that a person should look at.
    pub fn warn(&self, message: &str, fields: &[(&str, &str)]) {
        self.line(&log_line("WARN", message, fields));
    }

    /// The line that HyperShift prints for every object it applied.
    pub fn applied(&self, kind: &str, namespace: &str, name: &str) {
        self.info("Applied Kube resource", &[("kind", kind), ("namespace", namespace), ("name", name)]);
    }

    /// A line for people, on standard error.
    pub fn note(&self, text: &str) {
        self.line(text);
    }

    /// Follows a wait whose subject changes.
    pub fn waiting(&self, what: &str) -> Waiting {
        Waiting::new(self.clone(), what)
    }

    /// Follows the stages of a long command.
    pub fn stages(&self) -> Stages {
        Stages::new(self.clone())
    }

    /// `text` in a color, when standard output shows colors.
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Pending => "33",
            Tone::Bad => "31",
            Tone::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Whether standard error is a terminal that can show bars.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Writes above any bar. A closed standard error is nothing to stop for.
    fn line(&self, text: &str) {
        self.bars.suspend(|| {
            let _ = writeln!(io::stderr().lock(), "{text}");
        });
    }
}

/// `time<TAB>LEVEL<TAB>message<TAB>{"key": "value", …}`.
fn log_line(level: &str, message: &str, fields: &[(&str, &str)]) -> String {
    let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string().replace("+00:00", "Z");
    let mut line = format!("{now}\t{level}\t{message}");
    if !fields.is_empty() {
        let fields: Vec<String> =
            fields.iter().map(|(key, value)| format!("\"{key}\": {}", serde_json::Value::from(*value))).collect();
        line.push_str("\t{");
        line.push_str(&fields.join(", "));
        line.push('}');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_has_the_form_of_the_field_notes() {
        let line = log_line(
            "INFO",
            "Applied Kube resource",
            &[("kind", "Namespace"), ("namespace", ""), ("name", "clusters")],
        );
        let (time, rest) = line.split_once('\t').unwrap();
        assert_eq!(
            rest,
            "INFO\tApplied Kube resource\t{\"kind\": \"Namespace\", \"namespace\": \"\", \"name\": \"clusters\"}"
        );
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }

    #[test]
    fn values_are_escaped_so_that_a_line_stays_one_line() {
        assert!(log_line("INFO", "m", &[("error", "a\nb\"c")]).ends_with(r#"{"error": "a\nb\"c"}"#));
    }
}
