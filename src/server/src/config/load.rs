//! Defaults, file, environment and flags into one checked configuration.

use super::Config;
use super::layers::{Setting, Sources, collect};
use super::problem::{ConfigError, Problem};
use super::reference::{Reference, reference, set_value};
use serde::Deserialize;
use toml::Table;

/// The outcome of reading all layers.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; where a setting was wrong it has the default.
    pub config: Config,
    /// What is in force, as a tree.
    pub effective: Table,
    /// The settings that were made and are valid by themselves, weakest first.
    pub settings: Vec<Setting>,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// What is allowed but should be known.
    pub warnings: Vec<Problem>,
}

impl Loaded {
    /// The configuration, unless something is wrong with it.
    ///
    /// # Errors
    /// All problems at once.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        if self.problems.is_empty() { Ok(self.config) } else { Err(ConfigError(self.problems)) }
    }
}

/// Reads all layers and checks everything, without stopping at the first problem.
#[must_use]
pub fn load(sources: &Sources) -> Loaded {
    let reference = reference();
    let collected = collect(reference, sources);
    let mut problems = collected.problems;
    let mut settings = Vec::new();
    for setting in collected.settings {
        match check_alone(reference, &setting) {
            Ok(()) => settings.push(setting),
            Err(reason) => problems.push(Problem::new(&setting.path, reason, Some(setting.origin))),
        }
    }
    let mut effective = reference.defaults.clone();
    for setting in &settings {
        set_value(&mut effective, &setting.path, setting.value.clone());
    }
    let config = parse(&effective).unwrap_or_else(|reason| {
        problems.push(Problem::new("", reason, None));
        Config::default()
    });
    problems.extend(config.problems().into_iter().map(|found| with_origin(found, &settings)));
    problems.sort_by(|a, b| a.key.cmp(&b.key));
    let warnings = config.warnings().into_iter().map(|found| with_origin(found, &settings)).collect();
    Loaded { config, effective, settings, problems, warnings }
}

/// Whether a setting has the right type and form, judged with everything else at its default: so each is judged by itself.
fn check_alone(reference: &Reference, setting: &Setting) -> Result<(), String> {
    let mut table = reference.defaults.clone();
    set_value(&mut table, &setting.path, setting.value.clone());
    let is_secret = reference.key(&setting.path).is_some_and(|key| key.is_secret);
    let hide = |reason| if is_secret { "has the wrong type".to_owned() } else { reason };
    parse(&table).map(drop).map_err(hide)
}

fn parse(table: &Table) -> Result<Config, String> {
    Config::deserialize(table.clone()).map_err(|error| in_plain_words(error.message()))
}

/// Names of types that mean nothing to an operator.
const WORDS: [(&str, &str); 8] = [
    ("usize", "a whole number, 0 or more"),
    ("u64", "a whole number, 0 or more"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u16", "a whole number from 0 to 65535"),
    ("i64", "a whole number"),
    ("f64", "a number"),
    ("a boolean", "true or false"),
    ("a sequence", "a list"),
];

fn in_plain_words(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once("expected ") else { return message.to_owned() };
    let plain = WORDS.iter().find(|(word, _)| *word == expected.trim_end()).map_or(expected, |(_, plain)| plain);
    format!("{found}expected {plain}")
}

fn with_origin(found: (String, String), settings: &[Setting]) -> Problem {
    let (key, reason) = found;
    let origin = settings.iter().rev().find(|setting| setting.path == key).map(|setting| setting.origin.clone());
    Problem { key, reason, origin }
}
