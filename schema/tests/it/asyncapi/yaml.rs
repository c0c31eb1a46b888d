//! Writes a value as YAML 1.2: block style, scalars that need it quoted as in JSON (of which YAML is a superset).

use serde_json::Value;
use std::fmt::Write;

/// These stand first in their map; all others follow in the order of their names.
const FIRST: &[&str] =
    &["asyncapi", "info", "name", "title", "summary", "description", "type", "action", "address", "channel"];

pub fn document(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// A map or list on lines of its own, `indent` spaces in.
fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) => {
            let place = |name: &String| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len());
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_by_key(|name| (place(name), name.as_str()));
            for name in names {
                let _infallible = write!(out, "{pad}{}:", plain_or_quoted(name));
                behind(&members[name], indent, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                block(item, indent + 2, &mut inner);
                let _infallible = writeln!(out, "{pad}- {}", inner.trim());
            }
        }
        scalar => {
            let _infallible = writeln!(out, "{pad}{}", flow(scalar));
        }
    }
}

/// What follows a name: a short value on the same line, anything else below.
fn behind(value: &Value, indent: usize, out: &mut String) {
    let is_short = match value {
        Value::Object(members) => members.is_empty() || members.len() == 1 && members.contains_key("$ref"),
        Value::Array(items) => items.iter().all(|item| !item.is_object() && !item.is_array()),
        _ => true,
    };
    if is_short {
        let _infallible = writeln!(out, " {}", flow(value));
    } else {
        out.push('\n');
        block(value, indent + 2, out);
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => plain_or_quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, inner)| format!("{}: {}", plain_or_quoted(name), flow(inner))).collect();
            if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
        }
        other => other.to_string(),
    }
}

fn plain_or_quoted(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | '/' | '.' | '-'))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if is_word { text.to_owned() } else { Value::from(text).to_string() }
}

#[test]
fn what_yaml_would_read_otherwise_is_quoted() {
    for (text, written) in
        [("plain", "plain"), ("3.0.0", "\"3.0.0\""), ("no", "\"no\""), ("a: b", "\"a: b\""), ("", "\"\"")]
    {
        assert_eq!(plain_or_quoted(text), written);
    }
}

#[test]
fn lists_of_maps_stand_below_their_name() {
    let value = serde_json::json!({ "b": [{ "x": 1, "z": [1, 2] }], "a": {} });
    assert_eq!(document(&value), "a: {}\nb:\n  - x: 1\n    z: [1, 2]\n");
}
