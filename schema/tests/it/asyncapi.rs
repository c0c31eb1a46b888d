//! `docs/asyncapi.yaml` is made from the table of messages, and held against the examples and the decoders.

mod document;
mod messages;
mod schemas;
mod validate;
mod yaml;

use crate::documents::{docs, examples};
use crate::labels;
use messages::{Message, messages};
use plenum_schema::codec::{Codec, decode};
use plenum_schema::wire::{ClientFrame, ServerFrame};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn by_label() -> BTreeMap<&'static str, Message> {
    messages().into_iter().map(|message| (message.label, message)).collect()
}

#[test]
fn every_frame_has_a_message() {
    assert_eq!(by_label().into_keys().collect::<Vec<_>>(), labels::all());
    assert_eq!(messages().len(), labels::all().len());
}

#[test]
fn the_document_in_docs_is_the_one_that_the_code_makes() {
    let path = docs().join("asyncapi.yaml");
    let made = yaml::document(&document::document());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/asyncapi.yaml is out of date: UPDATE=1 cargo test -p plenum-schema asyncapi");
}

/// Whether the Rust types accept the value as the frame that the label names.
fn is_frame(label: &str, value: &Value) -> bool {
    let bytes = value.to_string().into_bytes();
    if label.starts_with("client ") {
        decode::<ClientFrame>(Codec::Json, &bytes).is_ok_and(|frame| labels::of_client(&frame) == label)
    } else {
        decode::<ServerFrame>(Codec::Json, &bytes).is_ok_and(|frame| labels::of_server(&frame) == label)
    }
}

#[test]
fn every_example_is_valid_by_its_schema() {
    let (components, messages) = (schemas::components(), by_label());
    for example in examples() {
        let value: Value = serde_json::from_str(&example.json).unwrap();
        let message = &messages[example.label.as_str()];
        assert_eq!(validate::problem(&message.payload, &components, &value), None, "{}", example.label);
    }
}

/// The value with one thing changed: each place in turn removed, replaced by something else, or given a member more.
fn variations(value: &Value) -> Vec<Value> {
    let others = [json!(true), json!(-1), json!(1.5), json!(4_294_967_296_u64), json!("zz"), json!([]), json!({})];
    let mut all = others.to_vec();
    match value {
        Value::Object(members) => {
            let with = |name: &str, inner: Value| {
                let mut members = members.clone();
                members.insert(name.to_owned(), inner);
                Value::Object(members)
            };
            all.push(with("zz", json!(1)));
            for (name, inner) in members {
                let mut without = members.clone();
                without.remove(name);
                all.push(Value::Object(without));
                all.extend(variations(inner).into_iter().map(|changed| with(name, changed)));
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                all.extend(variations(item).into_iter().map(|changed| {
                    let mut items = items.clone();
                    items[place] = changed;
                    Value::Array(items)
                }));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn schemas_and_decoders_have_the_same_verdict_on_every_variation_of_the_examples() {
    let (components, messages) = (schemas::components(), by_label());
    let (mut valid, mut invalid) = (0, 0);
    for example in examples() {
        let value: Value = serde_json::from_str(&example.json).unwrap();
        let message = &messages[example.label.as_str()];
        for changed in variations(&value) {
            let problem = validate::problem(&message.payload, &components, &changed);
            let accepted = is_frame(&example.label, &changed);
            assert_eq!(problem.is_none(), accepted, "{}: schema says {problem:?}\n{changed}", example.label);
            if accepted { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid > 30 && invalid > 1_000, "both verdicts occur: {valid} valid, {invalid} invalid");
}

#[test]
fn every_object_in_the_schemas_refuses_members_it_does_not_name() {
    fn walk(schema: &Value, place: &str) {
        if schema["type"] == "object" {
            let closed = schema["additionalProperties"] == false || schema.get("propertyNames").is_some();
            assert!(closed, "{place}: {schema}");
        }
        match schema {
            Value::Object(members) => members.iter().for_each(|(name, inner)| walk(inner, &format!("{place}/{name}"))),
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, place)),
            _ => {}
        }
    }
    walk(&Value::Object(schemas::components()), "components");
    messages().iter().for_each(|message| walk(&message.payload, message.label));
}

#[test]
fn the_document_refers_only_to_what_it_has() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    found.push(target.clone());
                }
                members.values().for_each(|inner| references(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }
    let (document, mut found) = (document::document(), Vec::new());
    references(&document, &mut found);
    assert!(found.len() > 50);
    for target in found {
        let pointer = target.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}
