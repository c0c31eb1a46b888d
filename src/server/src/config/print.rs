//! The configuration for reading: what is in force, and the reference as Markdown.

use super::load::Loaded;
use super::reference::{Key, Reference, reference, value_at};
use std::fmt::Write;

/// What stands in place of a secret.
const REDACTED: &str = "\"<redacted>\"";

/// The settings in force as TOML. Secrets are redacted; a value that was set says where.
#[must_use]
pub fn effective(loaded: &Loaded) -> String {
    let mut out = String::new();
    for section in &reference().sections {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "[{}]", section.path);
        for key in &section.keys {
            let _ = writeln!(out, "{}", line(loaded, key));
        }
    }
    out
}

fn line(loaded: &Loaded, key: &Key) -> String {
    let value = value_at(&loaded.effective, &key.path).unwrap_or(&key.default);
    let is_empty = value.as_str().is_some_and(str::is_empty);
    let shown = if key.is_secret && !is_empty { REDACTED.to_owned() } else { value.to_string() };
    let setting = loaded.settings.iter().rev().find(|setting| setting.path == key.path);
    let origin = setting.map(|setting| format!(" # from {}", setting.origin)).unwrap_or_default();
    format!("{} = {shown}{origin}", key.name())
}

/// The reference of all settings as Markdown.
#[must_use]
pub fn markdown() -> String {
    let reference = reference();
    let mut out = String::from("# Configuration\n\n");
    out.push_str("<!-- Made from config/default.toml by `plenum config-doc`; change that file instead. -->\n\n");
    let _ = writeln!(out, "{}\n", reference.preface);
    for section in &reference.sections {
        let _ = writeln!(out, "## `[{}]`\n\n{}\n", section.path, section.doc);
        if section.keys.is_empty() {
            continue;
        }
        out.push_str("| Key | Default | Meaning |\n|---|---|---|\n");
        for key in &section.keys {
            let _ = writeln!(out, "| `{}` | `{}` | {} |", key.name(), key.default, key.doc.replace('|', "\\|"));
        }
        out.push('\n');
    }
    out.push_str(&variables(reference));
    out
}

fn variables(reference: &Reference) -> String {
    let example = reference.key("accounts.password.memory_kib").map(Key::variable).unwrap_or_default();
    format!(
        "## Names in the environment\n\nThe path in capitals, parts joined by two underscores, `PLENUM__` in front: \
         `accounts.password.memory_kib` is `{example}`.\nLists are written as in TOML (`[\"a\", \"b\"]`) or with commas (`a,b`).\n"
    )
}
