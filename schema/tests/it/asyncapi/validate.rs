//! As much of JSON Schema as our schemas use. An unknown keyword is a mistake, so that nothing stands there without effect.

use super::schemas::{TOPIC, UUID};
use plenum_schema::Topic;
use serde_json::{Map, Value};

const KEYWORDS: &[&str] = &[
    "$ref",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "items",
    "enum",
    "oneOf",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "description",
];

/// What is wrong with the value, if anything.
pub fn problem(schema: &Value, components: &Map<String, Value>, value: &Value) -> Option<String> {
    let keywords = schema.as_object().expect("a schema is an object");
    for keyword in keywords.keys() {
        assert!(KEYWORDS.contains(&keyword.as_str()), "the validator does not know {keyword}");
    }
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.strip_prefix("#/components/schemas/").expect("a component");
        return problem(&components[name], components, value).map(|problem| format!("{name}: {problem}"));
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| problem(choice, components, value).is_none()).count();
        return (fitting != 1).then(|| format!("{fitting} of the choices fit"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Some(format!("{value} is none of the allowed values"));
    }
    match schema["type"].as_str().expect("a type") {
        "object" => value.as_object().map_or_else(|| wrong(value), |members| object(schema, components, members)),
        "array" => {
            let items =
                value.as_array().map(|items| items.iter().find_map(|item| problem(&schema["items"], components, item)));
            items.unwrap_or_else(|| wrong(value))
        }
        "string" => value.as_str().map_or_else(|| wrong(value), |text| string(schema, text)),
        "integer" => integer(schema, value),
        "number" => number(schema, value),
        "boolean" => {
            if value.is_boolean() {
                None
            } else {
                wrong(value)
            }
        }
        other => panic!("the validator does not know the type {other}"),
    }
}

fn wrong(value: &Value) -> Option<String> {
    Some(format!("{value} has another type"))
}

fn object(schema: &Value, components: &Map<String, Value>, members: &Map<String, Value>) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|name| !members.contains_key(*name)) {
        return Some(format!("{missing} is missing"));
    }
    members.iter().find_map(|(name, value)| {
        let name_problem =
            schema.get("propertyNames").and_then(|names| problem(names, components, &Value::from(name.as_str())));
        let known = schema["properties"].get(name);
        name_problem.or_else(|| match (known, &schema["additionalProperties"]) {
            (Some(schema), _) => problem(schema, components, value).map(|problem| format!("{name}: {problem}")),
            (None, Value::Bool(false)) => Some(format!("{name} is unknown")),
            (None, other) => problem(other, components, value),
        })
    })
}

fn string(schema: &Value, text: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    if schema["minLength"].as_u64().is_some_and(|least| length < least)
        || schema["maxLength"].as_u64().is_some_and(|most| length > most)
    {
        return Some(format!("{text:?} has a wrong length"));
    }
    let is_written_form = |id: &str| uuid::Uuid::try_parse(id).is_ok_and(|parsed| parsed.to_string() == id);
    let fits = match schema["pattern"].as_str() {
        None => true,
        Some(UUID) => is_written_form(text),
        Some(TOPIC) => text.parse::<Topic>().is_ok(),
        Some(other) => panic!("the validator does not know the pattern {other}"),
    };
    (!fits).then(|| format!("{text:?} does not fit the pattern"))
}

fn number(schema: &Value, value: &Value) -> Option<String> {
    let Some(number) = value.as_f64() else { return wrong(value) };
    let below = schema["minimum"].as_f64().is_some_and(|least| number < least);
    let above = schema["maximum"].as_f64().is_some_and(|most| number > most);
    (below || above).then(|| format!("{number} is out of bounds"))
}

fn integer(schema: &Value, value: &Value) -> Option<String> {
    let Some(number) = value.as_i64() else { return wrong(value) };
    let below = schema["minimum"].as_i64().is_some_and(|least| number < least);
    let above = schema["maximum"].as_i64().is_some_and(|most| number > most);
    (below || above).then(|| format!("{number} is out of bounds"))
}
