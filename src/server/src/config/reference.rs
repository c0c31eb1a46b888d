//! The reference of all settings, read from `config/default.toml`: which keys there are, their defaults, what they mean.

use std::sync::LazyLock;
use toml::{Table, Value};

/// The commented defaults, compiled in.
pub const DEFAULT_TOML: &str = include_str!("../../../../config/default.toml");

/// What a key's comment begins with when its value must never be shown.
const SECRET_MARK: &str = "Secret.";

/// All settings.
#[derive(Debug)]
pub struct Reference {
    /// What stands above the first section.
    pub preface: String,
    /// Sections in the order of the file.
    pub sections: Vec<Section>,
    /// The defaults as a tree.
    pub defaults: Table,
}

/// One section.
#[derive(Debug)]
pub struct Section {
    /// Its path: `http.address_rate`.
    pub path: String,
    /// What it is about.
    pub doc: String,
    /// Its keys in the order of the file.
    pub keys: Vec<Key>,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its path: `http.address_rate.burst`.
    pub path: String,
    /// What it means.
    pub doc: String,
    /// Its default.
    pub default: Value,
    /// Whether its value is a secret.
    pub is_secret: bool,
}

impl Key {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("PLENUM__{}", self.path.replace('.', "__").to_ascii_uppercase())
    }
}

/// The compiled-in reference.
#[must_use]
pub fn reference() -> &'static Reference {
    #[expect(clippy::expect_used, reason = "the text is compiled in and a test reads it")]
    static REFERENCE: LazyLock<Reference> =
        LazyLock::new(|| Reference::parse(DEFAULT_TOML).expect("config/default.toml is valid"));
    &REFERENCE
}

impl Reference {
    /// Reads a commented file. A comment belongs to the key or section right below it.
    ///
    /// # Errors
    /// When the text is not TOML.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let defaults: Table = text.parse()?;
        let mut reader = Reader::default();
        text.lines().for_each(|line| reader.line(line, &defaults));
        Ok(Self { preface: reader.preface, sections: reader.sections, defaults })
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.sections.iter().flat_map(|section| &section.keys)
    }

    /// The key with this path.
    #[must_use]
    pub fn key(&self, path: &str) -> Option<&Key> {
        self.keys().find(|key| key.path == path)
    }

    /// Whether something stands below this path.
    #[must_use]
    pub fn is_section(&self, path: &str) -> bool {
        let below = |section: &Section| {
            section.path == path || section.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
        };
        self.sections.iter().any(below)
    }

    /// The key that was probably meant.
    #[must_use]
    pub fn nearest_key(&self, path: &str) -> Option<&str> {
        nearest(path, &self.keys().map(|key| key.path.as_str()).collect::<Vec<_>>())
    }

    /// The section that was probably meant.
    #[must_use]
    pub fn nearest_section(&self, path: &str) -> Option<&str> {
        nearest(path, &self.sections.iter().map(|section| section.path.as_str()).collect::<Vec<_>>())
    }
}

/// The candidate most like `path`, if any is like it: spelt nearly so, or of the same name in another section.
fn nearest<'a>(path: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let scored = candidates.iter().map(|candidate| (strsim::damerau_levenshtein(path, candidate), *candidate));
    let closest = scored.min_by_key(|(distance, _)| *distance);
    let is_alike = |distance: usize| distance * 3 <= path.chars().count().max(6);
    if let Some((_, candidate)) = closest.filter(|(distance, _)| is_alike(*distance)) {
        return Some(candidate);
    }
    let last = |text: &'a str| text.rsplit('.').next().unwrap_or(text);
    let name = path.rsplit('.').next().unwrap_or(path);
    candidates.iter().copied().find(|candidate| last(candidate) == name)
}

#[derive(Default)]
struct Reader {
    preface: String,
    sections: Vec<Section>,
    comment: Vec<String>,
}

impl Reader {
    fn line(&mut self, line: &str, defaults: &Table) {
        if let Some(comment) = line.strip_prefix('#') {
            self.comment.push(comment.trim().to_owned());
        } else if let Some(path) = line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')) {
            let doc = std::mem::take(&mut self.comment).join(" ");
            self.sections.push(Section { path: path.to_owned(), doc, keys: Vec::new() });
        } else if line.trim().is_empty() {
            let comment = std::mem::take(&mut self.comment);
            if self.sections.is_empty() && self.preface.is_empty() {
                self.preface = comment.join("\n");
            }
        } else if let Some((name, _)) = line.split_once(" = ") {
            self.key(name, defaults);
        }
    }

    fn key(&mut self, name: &str, defaults: &Table) {
        let doc = std::mem::take(&mut self.comment).join(" ");
        let Some(section) = self.sections.last_mut() else { return };
        let path = format!("{}.{name}", section.path);
        if let Some(default) = value_at(defaults, &path) {
            let is_secret = doc.starts_with(SECRET_MARK);
            section.keys.push(Key { path, doc, default: default.clone(), is_secret });
        }
    }
}

/// The value at a dotted path.
#[must_use]
pub fn value_at<'t>(table: &'t Table, path: &str) -> Option<&'t Value> {
    let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut table = table;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        table = table.get(section)?.as_table()?;
    }
    table.get(name)
}

/// Puts a value at a dotted path whose sections exist.
pub fn set_value(table: &mut Table, path: &str, value: Value) {
    let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut table = table;
    for section in sections.split('.').filter(|section| !section.is_empty()) {
        let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        let Some(below) = entry.as_table_mut() else { return };
        table = below;
    }
    table.insert(name.to_owned(), value);
}
