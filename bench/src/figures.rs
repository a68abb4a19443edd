//! The figures, their bounds, the table and the JSON.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::complain;

/// One measured figure.
#[derive(Debug)]
struct Figure {
    name: String,
    unit: &'static str,
    samples: Vec<f64>,
    /// What it must not exceed; none for figures that only stand beside others.
    bound: Option<f64>,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Figures {
    figures: Vec<Figure>,
    /// A phase failed: the run proves nothing.
    pub incomplete: bool,
}

impl Figures {
    /// Adds a figure; the median of `samples` is held against `bound`.
    pub fn add(&mut self, name: impl Into<String>, unit: &'static str, samples: Vec<f64>, bound: Option<f64>) {
        let figure = Figure { name: name.into(), unit, samples, bound };
        // A run takes many minutes: whoever watches sees each figure as it comes.
        complain(format_args!("{}: {:.2} {unit}", figure.name, median(&figure.samples)));
        self.figures.push(figure);
    }

    /// Whether every bound holds.
    pub fn all_hold(&self) -> bool {
        !self.incomplete && !self.figures.is_empty() && self.figures.iter().all(Figure::holds)
    }

    /// Prints the table.
    #[allow(clippy::print_stdout, reason = "the table is this program's output")]
    pub fn print(&self) {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["figure", "unit", "min", "p50", "max", "n", "bound", "holds"]);
        for figure in &self.figures {
            table.add_row([
                figure.name.clone(),
                figure.unit.to_owned(),
                format!("{:.2}", figure.samples.iter().copied().fold(f64::INFINITY, f64::min)),
                format!("{:.2}", median(&figure.samples)),
                format!("{:.2}", figure.samples.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
                figure.samples.len().to_string(),
                figure.bound.map_or_else(String::new, |bound| format!("{bound:.2}")),
                match figure.bound {
                    None => String::new(),
                    Some(_) if figure.holds() => "yes".to_owned(),
                    Some(_) => "NO".to_owned(),
                },
            ]);
        }
        println!("{table}");
    }

    /// Writes `bench.json` into `folder`.
    pub fn write(&self, folder: &str) -> anyhow::Result<()> {
        fs_err::create_dir_all(folder)?;
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                json!({
                    "name": figure.name,
                    "unit": figure.unit,
                    "samples": figure.samples,
                    "p50": median(&figure.samples),
                    "bound": figure.bound,
                    "holds": figure.holds(),
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&json!({"complete": !self.incomplete, "figures": figures}))?;
        Ok(fs_err::write(format!("{folder}/bench.json"), text)?)
    }
}

impl Figure {
    fn holds(&self) -> bool {
        self.bound.is_none_or(|bound| median(&self.samples) <= bound)
    }
}

/// The median; of an even number the upper of the two middle values, so that it was really measured.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_measured_value() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_run_without_figures_or_with_a_failed_phase_does_not_hold() {
        assert!(!Figures::default().all_hold());
        let mut figures = Figures::default();
        figures.add("x", "s", vec![1.0], Some(2.0));
        assert!(figures.all_hold());
        figures.incomplete = true;
        assert!(!figures.all_hold());
    }
}
