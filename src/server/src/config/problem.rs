//! What is wrong with the configuration, by key.

use super::layers::Origin;
use std::fmt;

/// One thing that is wrong, or that should be known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Dotted path of the key; empty when a whole file is meant.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
    /// Where the value was set; `None` when it is the default or follows from several.
    pub origin: Option<Origin>,
}

impl Problem {
    pub(crate) fn new(key: &str, reason: impl Into<String>, origin: Option<Origin>) -> Self {
        Self { key: key.to_owned(), reason: reason.into(), origin }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.origin, self.key.is_empty()) {
            (Some(origin), true) => write!(f, "{origin}: {}", self.reason),
            (Some(origin), false) => write!(f, "{}: {} (from {origin})", self.key, self.reason),
            (None, _) => write!(f, "{}: {}", self.key, self.reason),
        }
    }
}

/// The configuration cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the configuration has {} problem(s)\n{}", .0.len(), lines(.0))]
pub struct ConfigError(
    /// All problems, in the order of their keys.
    pub Vec<Problem>,
);

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}
