//! Where settings come from: a file, the environment, flags. Each layer becomes a list of settings by dotted path.

use super::problem::Problem;
use super::reference::{Key, Reference};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What every environment variable with a setting begins with.
const PREFIX: &str = "PLENUM__";
/// The most bytes read from a file that holds one value.
const MAX_VALUE_BYTES: u64 = 64 * 1024;
/// What a key ends with when its value is the name of a file that holds the real value.
const FILE_SUFFIX: &str = "_file";

/// What stands above the defaults, weakest first.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `PLENUM__` are left alone.
    pub environment: Vec<(String, String)>,
    /// `section.key` and text, from the command line.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The sources of this process: the file named by the flag or by `PLENUM_CONFIG`, the environment, flags.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let file =
            file.or_else(|| std::env::var_os("PLENUM_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from));
        let variables = std::env::vars_os();
        let environment = variables
            .filter_map(|(name, value)| {
                let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
                Some((name, value.to_string_lossy().into_owned()))
            })
            .collect();
        Self { file, environment, flags }
    }
}

/// Where one setting was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Environment(String),
    /// On the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag => f.write_str("the command line"),
        }
    }
}

/// One setting that differs from its default, or at least says so.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// Dotted path of the key.
    pub path: String,
    /// The value.
    pub value: Value,
    /// Where it was made.
    pub origin: Origin,
}

/// All settings of all layers, weakest first, and what was wrong with their form.
#[derive(Debug, Default)]
pub struct Collected {
    /// Settings of known keys.
    pub settings: Vec<Setting>,
    /// Unknown keys, unreadable files, texts that are no values.
    pub problems: Vec<Problem>,
}

/// Reads all layers.
#[must_use]
pub fn collect(reference: &Reference, sources: &Sources) -> Collected {
    let mut found = Collector { reference, found: Collected::default() };
    if let Some(path) = &sources.file {
        found.file(path);
    }
    let mut environment: Vec<_> = sources.environment.iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    environment.sort();
    for (name, text) in environment {
        let path = name.trim_start_matches(PREFIX).replace("__", ".").to_ascii_lowercase();
        found.setting(&path, Raw::Text(text), &Origin::Environment(name.clone()));
    }
    for (path, text) in &sources.flags {
        found.setting(path, Raw::Text(text), &Origin::Flag);
    }
    found.found
}

/// A value as a layer wrote it.
enum Raw<'a> {
    Text(&'a str),
    Value(Value),
}

struct Collector<'a> {
    reference: &'a Reference,
    found: Collected,
}

impl Collector<'_> {
    fn problem(&mut self, key: &str, reason: impl Into<String>, origin: &Origin) {
        self.found.problems.push(Problem::new(key, reason, Some(origin.clone())));
    }

    fn file(&mut self, path: &Path) {
        let origin = Origin::File(path.to_owned());
        match std::fs::read_to_string(path) {
            Err(error) => self.problem("", format!("cannot be read: {error}"), &origin),
            Ok(text) => match text.parse::<Table>() {
                Err(error) => self.problem("", format!("is not valid TOML: {error}"), &origin),
                Ok(table) => self.table("", table, &origin),
            },
        }
    }

    fn table(&mut self, above: &str, table: Table, origin: &Origin) {
        for (name, value) in table {
            let path = if above.is_empty() { name } else { format!("{above}.{name}") };
            match value {
                Value::Table(below) if self.reference.is_section(&path) => self.table(&path, below, origin),
                Value::Table(_) if self.reference.key(&path).is_none() => self.unknown(&path, true, origin),
                _ if self.reference.is_section(&path) => self.problem(&path, "is a section, not a key", origin),
                value => self.setting(&path, Raw::Value(value), origin),
            }
        }
    }

    fn setting(&mut self, path: &str, raw: Raw<'_>, origin: &Origin) {
        if let Some(key) = self.reference.key(path) {
            let value = match raw {
                Raw::Value(value) => Ok(value),
                Raw::Text(text) => from_text(&key.default, text),
            };
            self.add(key, value, origin);
        } else if let Some(key) = path.strip_suffix(FILE_SUFFIX).and_then(|path| self.reference.key(path)) {
            let name = match &raw {
                Raw::Text(text) => Some(*text),
                Raw::Value(value) => value.as_str(),
            };
            let Some(name) = name else {
                return self.problem(path, "must be the name of a file that holds the value", origin);
            };
            let value = read_value(Path::new(name)).and_then(|text| from_text(&key.default, &text));
            self.add(key, value, origin);
        } else {
            self.unknown(path, false, origin);
        }
    }

    fn add(&mut self, key: &Key, value: Result<Value, String>, origin: &Origin) {
        match value {
            Ok(value) => {
                let same_layer = |setting: &Setting| setting.path == key.path && is_same_layer(&setting.origin, origin);
                if self.found.settings.iter().any(same_layer) {
                    self.problem(
                        &key.path,
                        "is set twice: by itself and by a file, or twice on the command line",
                        origin,
                    );
                }
                self.found.settings.push(Setting { path: key.path.clone(), value, origin: origin.clone() });
            }
            Err(reason) => self.problem(&key.path, reason, origin),
        }
    }

    fn unknown(&mut self, path: &str, is_section: bool, origin: &Origin) {
        let (word, nearest) = if is_section {
            ("section", self.reference.nearest_section(path))
        } else {
            ("key", self.reference.nearest_key(path))
        };
        let hint = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
        self.problem(path, format!("there is no such {word}{hint}"), origin);
    }
}

fn is_same_layer(one: &Origin, other: &Origin) -> bool {
    matches!(
        (one, other),
        (Origin::File(_), Origin::File(_))
            | (Origin::Environment(_), Origin::Environment(_))
            | (Origin::Flag, Origin::Flag)
    )
}

/// The text of a value that lies in a file of its own, without the line end that editors add.
fn read_value(path: &Path) -> Result<String, String> {
    let wrong = |error: &dyn fmt::Display| format!("the file {} cannot be read: {error}", path.display());
    let size = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
    if size > MAX_VALUE_BYTES {
        return Err(wrong(&"it is larger than 65,536 bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A value from a text, of the kind that the key's default is. Lists: TOML (`["a", "b"]`) or separated by commas.
fn from_text(default: &Value, text: &str) -> Result<Value, String> {
    let number = || text.trim().replace('_', "");
    match default {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Integer(_) => {
            number().parse().map(Value::Integer).map_err(|_| format!("`{text}` is not a whole number"))
        }
        Value::Float(_) => number().parse().map(Value::Float).map_err(|_| format!("`{text}` is not a number")),
        Value::Boolean(_) => {
            text.trim().parse().map(Value::Boolean).map_err(|_| format!("`{text}` is neither `true` nor `false`"))
        }
        Value::Array(items) => list_from_text(items, text),
        Value::Datetime(_) | Value::Table(_) => Err("cannot be set by a text".to_owned()),
    }
}

fn list_from_text(defaults: &[Value], text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.starts_with('[') {
        let table: Table = format!("value = {text}").parse().map_err(|_| format!("`{text}` is not a TOML list"))?;
        return table.get("value").cloned().ok_or_else(|| format!("`{text}` is not a TOML list"));
    }
    let kind = defaults.first().cloned().unwrap_or(Value::String(String::new()));
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| from_text(&kind, item)).collect::<Result<_, _>>().map(Value::Array)
}
