//! Budgets: a TOML table of figures with the most or the least they may be.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A budget file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("budget: {0}")]
pub struct BudgetError(String);

/// The bounds of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    max: Option<f64>,
    min: Option<f64>,
}

/// All bounds of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget(BTreeMap<String, Bounds>);

/// One bound, held against a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The figure's name.
    pub figure: String,
    /// What the run measured; absent when it has no such figure, which breaks the budget.
    pub value: Option<f64>,
    /// `max` or `min`.
    pub kind: &'static str,
    /// The bound.
    pub bound: f64,
    /// Whether it holds.
    pub holds: bool,
}

impl Budget {
    /// Reads `name = { max = …, min = … }` lines.
    ///
    /// # Errors
    /// When the text is not TOML of this form, a bound is not a finite number, or a figure has no bound.
    pub fn parse(text: &str) -> Result<Self, BudgetError> {
        let bounds: BTreeMap<String, Bounds> = toml::from_str(text).map_err(|error| BudgetError(error.to_string()))?;
        for (name, one) in &bounds {
            let finite = [one.max, one.min].into_iter().flatten().all(f64::is_finite);
            if !finite || (one.max.is_none() && one.min.is_none()) {
                return Err(BudgetError(format!("{name} needs a finite max or min")));
            }
        }
        Ok(Self(bounds))
    }

    /// Holds every bound against the figures of a run.
    #[must_use]
    pub fn check(&self, figures: &BTreeMap<String, f64>) -> Vec<Line> {
        let lines = self.0.iter().flat_map(|(name, one)| {
            let value = figures.get(name).copied();
            let line = |kind, bound, holds: bool| Line { figure: name.clone(), value, kind, bound, holds };
            let max = one.max.map(|bound| line("max", bound, value.is_some_and(|value| value <= bound)));
            let min = one.min.map(|bound| line("min", bound, value.is_some_and(|value| value >= bound)));
            max.into_iter().chain(min)
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> BTreeMap<String, f64> {
        BTreeMap::from([("cost".to_owned(), 1.2), ("rate".to_owned(), 30.0)])
    }

    #[test]
    fn bounds_hold_or_break() {
        let budget = Budget::parse("cost = { max = 1.35 }\nrate = { min = 25, max = 29 }").unwrap();
        let holds: Vec<bool> = budget.check(&figures()).iter().map(|line| line.holds).collect();
        assert_eq!(holds, [true, false, true]);
    }

    #[test]
    fn a_figure_the_run_does_not_have_breaks_the_budget() {
        let lines = Budget::parse("other = { max = 1 }").unwrap().check(&figures());
        assert!(matches!(&lines[..], [Line { value: None, holds: false, .. }]));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in
            ["cost = 1", "cost = { max = \"a\" }", "cost = { most = 1 }", "cost = {}", "cost = { max = nan }", "["]
        {
            assert!(Budget::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_budgets_that_come_with_the_tool_are_readable() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/budgets");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            Budget::parse(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            read += 1;
        }
        assert!(read >= 7);
    }
}
