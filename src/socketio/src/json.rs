//! JSON text: without white space, and written from values.

use crate::value::Value;
use bytes::Bytes;
use std::borrow::Cow;
use std::io::Write as _;

/// The text without white space between tokens; borrowed when there is none. Says nothing about validity.
pub(crate) fn compact(text: &str) -> Cow<'_, str> {
    let mut outside = Outside::default();
    if !text.bytes().any(|byte| outside.next(byte) && is_space(byte)) {
        return Cow::Borrowed(text);
    }
    let mut outside = Outside::default();
    Cow::Owned(text.chars().filter(|c| !(c.is_ascii() && outside.next(*c as u8) && is_space(*c as u8))).collect())
}

/// Whether objects and lists are nested more deeply than `limit`. Says nothing about validity.
pub(crate) fn deeper_than(text: &str, limit: usize) -> bool {
    let (mut outside, mut depth) = (Outside::default(), 0_usize);
    text.bytes().any(|byte| {
        if outside.next(byte) {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        depth > limit
    })
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Tells the bytes of strings from the others.
#[derive(Default)]
struct Outside {
    in_string: bool,
    escaped: bool,
}

impl Outside {
    /// Whether `byte`, the next one, is outside of strings.
    fn next(&mut self, byte: u8) -> bool {
        if !self.in_string {
            self.in_string = byte == b'"';
            return true;
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
        }
        false
    }
}

/// Appends a string in quotes.
pub(crate) fn put_string(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail, and a string always is JSON.
    let _written = serde_json::to_writer(out, text);
}

/// Appends a value; binary data moves to `attachments` and leaves a placeholder.
pub(crate) fn put_value(out: &mut Vec<u8>, value: &Value, attachments: &mut Vec<Bytes>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(value) => put_display(out, value),
        Value::UInt(value) => put_display(out, value),
        Value::Float(value) if !value.is_finite() => out.extend_from_slice(b"null"),
        Value::Float(value) => put_display(out, value),
        Value::Text(text) => put_string(out, text),
        Value::Binary(bytes) => put_placeholder(out, bytes.clone(), attachments),
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                separate(out, index);
                put_value(out, item, attachments);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (index, (key, value)) in members.iter().enumerate() {
                separate(out, index);
                put_string(out, key);
                out.push(b':');
                put_value(out, value, attachments);
            }
            out.push(b'}');
        }
    }
}

/// Appends the placeholder of an attachment and keeps the attachment.
pub(crate) fn put_placeholder(out: &mut Vec<u8>, bytes: Bytes, attachments: &mut Vec<Bytes>) {
    out.extend_from_slice(b"{\"_placeholder\":true,\"num\":");
    put_display(out, &attachments.len());
    out.push(b'}');
    attachments.push(bytes);
}

fn separate(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

/// Appends the digits of a number. A float without fraction is written as JavaScript writes it: without one.
pub(crate) fn put_display(out: &mut Vec<u8>, value: &impl std::fmt::Display) {
    // Writing to memory does not fail.
    let _written = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_outside_of_strings_only() {
        assert_eq!(compact(r#"[ "a b\" c" , {"k" : 1}]"#), r#"["a b\" c",{"k":1}]"#);
        assert!(matches!(compact(r#"["a b"]"#), Cow::Borrowed(_)));
        assert_eq!(compact("[\"\u{a0} ü\" ,\"é\"]"), "[\"\u{a0} ü\",\"é\"]");
    }

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        assert!(!deeper_than(r#"[["[[["]]"#, 2));
        assert!(deeper_than("[[[]]]", 2));
    }

    #[test]
    fn binary_data_becomes_numbered_placeholders() {
        let value = Value::List(vec![
            Value::Binary(Bytes::from_static(b"a")),
            Value::Object(vec![
                ("k\"".into(), Value::Binary(Bytes::from_static(b"b"))),
                ("f".into(), Value::Float(1.0)),
            ]),
        ]);
        let (mut out, mut attachments) = (Vec::new(), Vec::new());
        put_value(&mut out, &value, &mut attachments);
        let expected = r#"[{"_placeholder":true,"num":0},{"k\"":{"_placeholder":true,"num":1},"f":1}]"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(attachments, [Bytes::from_static(b"a"), Bytes::from_static(b"b")]);
    }
}
