//! What a run found: figures, checks, curves; as JSON, as a page, and as a few lines on the terminal.

mod html;
mod plot;

use crate::budget::{Budget, Line};
use crate::checker::Checks;
use crate::clock;
use crate::histogram::{Latencies, Point};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

pub use html::page;

/// Latencies of one side of a comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// Whose.
    pub name: String,
    /// The curve.
    pub points: Vec<Point>,
}

/// One line in a plot over time.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Whose.
    pub name: String,
    /// Seconds and value.
    pub points: Vec<(f64, f64)>,
}

/// A plot over time.
#[derive(Debug, Clone, Serialize)]
pub struct Timeline {
    /// What it shows.
    pub title: String,
    /// Unit of the values.
    pub unit: String,
    /// Its lines.
    pub series: Vec<Series>,
}

/// Figures side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Heads of its columns.
    pub columns: Vec<String>,
    /// Its lines, a cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// The machine of a run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Cores.
    pub cores: usize,
    /// Processor.
    pub processor: String,
    /// Kernel.
    pub kernel: String,
    /// Load averages when the report was written.
    pub load: String,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn read() -> Self {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = file("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            cores: cpuinfo.lines().filter(|line| line.starts_with("processor")).count().max(1),
            processor: model.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: file("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Everything a run found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Name and version of the tool.
    pub tool: String,
    /// Which scenario.
    pub scenario: String,
    /// Seconds since 1970.
    pub date: u64,
    /// The command line.
    pub command: Vec<String>,
    /// Where it ran.
    pub machine: Machine,
    /// What was asked for.
    pub parameters: BTreeMap<String, String>,
    /// What was measured; budgets name these.
    pub figures: BTreeMap<String, f64>,
    /// What was checked.
    pub checks: Checks,
    /// Comparisons.
    pub tables: Vec<Table>,
    /// Latency curves.
    pub curves: Vec<Curve>,
    /// Plots over time.
    pub timelines: Vec<Timeline>,
    /// How to read the figures.
    pub notes: Vec<String>,
    /// The budget's bounds.
    pub budget: Vec<Line>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing wrong, budget kept.
    Passed,
    /// Nothing wrong, but a figure is out of its bounds.
    BudgetBroken,
    /// Something was lost, doubled, reordered or worse.
    Incorrect,
}

impl Outcome {
    /// The exit code of the program.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::BudgetBroken => 1,
            Self::Incorrect => 2,
        }
    }
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(scenario: &str) -> Self {
        Self {
            tool: format!("plenum-loadtest {}", env!("CARGO_PKG_VERSION")),
            scenario: scenario.to_owned(),
            date: clock::unix_seconds(),
            command: std::env::args().skip(1).collect(),
            machine: Machine::read(),
            parameters: BTreeMap::new(),
            figures: BTreeMap::new(),
            checks: Checks::default(),
            tables: Vec::new(),
            curves: Vec::new(),
            timelines: Vec::new(),
            notes: Vec::new(),
            budget: Vec::new(),
        }
    }

    /// Notes what was asked for.
    pub fn parameter(&mut self, name: &str, value: impl std::fmt::Display) {
        self.parameters.insert(name.to_owned(), value.to_string());
    }

    /// Notes a figure; what was not measured, or is not a number, is left out, so that a budget on it breaks.
    pub fn figure(&mut self, name: impl Into<String>, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into().filter(|value| value.is_finite()) {
            self.figures.insert(name.into(), value);
        }
    }

    /// Notes a latency distribution: its curve, and its usual percentiles as figures.
    pub fn latencies(&mut self, prefix: &str, name: &str, latencies: &Latencies) {
        for (suffix, percentile) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p999", 99.9), ("max", 100.0)] {
            self.figure(format!("{prefix}{suffix}_ms"), latencies.ms(percentile));
        }
        self.curves.push(Curve { name: name.to_owned(), points: latencies.curve() });
    }

    /// Holds the budget against the figures.
    pub fn apply(&mut self, budget: &Budget) {
        self.budget = budget.check(&self.figures);
    }

    /// How the run ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match (self.checks.passed(), self.budget.iter().all(|line| line.holds)) {
            (false, _) => Outcome::Incorrect,
            (true, false) => Outcome::BudgetBroken,
            (true, true) => Outcome::Passed,
        }
    }

    /// Writes `<scenario>.json` and `<scenario>.html` into a folder; answers the page's path.
    ///
    /// # Errors
    /// When the folder or files cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let json = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        std::fs::write(folder.join(format!("{}.json", self.scenario)), json)?;
        let page = folder.join(format!("{}.html", self.scenario));
        std::fs::write(&page, html::page(self))?;
        Ok(page)
    }

    /// The figures, checks and bounds as text.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = format!("{} · {}\n", self.scenario, self.command.join(" "));
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:44} {value:>16}");
        };
        for (name, value) in &self.figures {
            line(name, number(*value));
        }
        line("checked events", self.checks.events.to_string());
        line("violations", self.checks.violations().to_string());
        for bound in &self.budget {
            let value = bound.value.map_or("absent".to_owned(), number);
            let verdict = if bound.holds { "kept" } else { "BROKEN" };
            line(
                &format!("budget {} {} {}", bound.figure, bound.kind, number(bound.bound)),
                format!("{value} {verdict}"),
            );
        }
        for example in &self.checks.examples {
            let _ = writeln!(text, "  ! {example}");
        }
        let _ = writeln!(text, "  {:?}", self.outcome());
        text
    }
}

/// A number as people write it: enough digits, not more.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if size >= 100.0 || value == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ => 3,
    };
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), String::new()), |(a, b)| (a, format!(".{b}")));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_cut() {
        let cases = [
            (0.0, "0"),
            (0.1234, "0.123"),
            (1.5, "1.50"),
            (12.34, "12.3"),
            (1_234_567.8, "1,234,568"),
            (-1234.0, "-1,234"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_violation_outweighs_a_kept_budget() {
        let mut report = Report::new("test");
        report.figure("cost", 1.0);
        report.apply(&Budget::parse("cost = { max = 2 }").unwrap());
        assert_eq!(report.outcome().exit_code(), 0);
        report.apply(&Budget::parse("cost = { max = 0.5 }").unwrap());
        assert_eq!(report.outcome().exit_code(), 1);
        report.checks.lost = 1;
        assert_eq!(report.outcome().exit_code(), 2);
        assert!(report.summary().contains("BROKEN"));
    }

    #[test]
    fn what_is_not_a_number_is_no_figure() {
        let mut report = Report::new("test");
        report.figure("cost", f64::NAN);
        assert!(report.figures.is_empty());
    }

    #[test]
    fn what_was_not_measured_breaks_the_budget_on_it() {
        let mut report = Report::new("test");
        report.figure("cost", None::<f64>);
        report.apply(&Budget::parse("cost = { max = 1 }").unwrap());
        assert_eq!(report.outcome(), Outcome::BudgetBroken);
        report.figure("cost", Some(0.0));
        report.apply(&Budget::parse("cost = { max = 1 }").unwrap());
        assert_eq!(report.outcome(), Outcome::Passed);
    }
}
