//! The AsyncAPI 3.0 document, put together from the tables.

use super::messages::{Message, messages, name};
use super::schemas::components;
use crate::documents::examples;
use plenum_schema::wire::{PATH, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK};
use serde_json::{Map, Value, json};

fn description() -> String {
    format!(
        "The native protocol over WebSocket. Sub-protocols: `{SUBPROTOCOL_JSON}` (text frames) and `{SUBPROTOCOL_MSGPACK}` \
         (binary frames, maps with the same members). The rules around the frames are in docs/protocol.md, whose examples \
         are these. Made by the tests of plenum-schema; do not edit."
    )
}

fn in_channel(label: &str) -> Value {
    json!({ "$ref": format!("#/channels/plenum/messages/{}", name(label)) })
}

fn message(message: &Message) -> Value {
    let of_label = examples().into_iter().filter(|example| example.label == message.label);
    let shown = of_label.map(|example| json!({ "payload": serde_json::from_str::<Value>(&example.json).unwrap() }));
    json!({
        "name": message.verb(),
        "title": message.label,
        "summary": message.summary,
        "contentType": "application/json",
        "payload": message.payload,
        "examples": shown.collect::<Vec<_>>(),
    })
}

/// What the server does with a command: take it, answer it.
fn operation(message: &Message, answer: &str) -> Value {
    json!({
        "action": "receive",
        "channel": { "$ref": "#/channels/plenum" },
        "summary": message.summary,
        "messages": [in_channel(message.label)],
        "reply": {
            "channel": { "$ref": "#/channels/plenum" },
            "messages": [in_channel(answer), in_channel("server refusal")],
        },
    })
}

fn operations(all: &[Message]) -> Map<String, Value> {
    let commands =
        all.iter().filter_map(|message| Some((message.verb().to_owned(), operation(message, message.answer?))));
    let unasked = |label: &str| !label.starts_with("client ") && !label.starts_with("server ack ");
    let published: Vec<Value> =
        all.iter().filter(|message| unasked(message.label)).map(|message| in_channel(message.label)).collect();
    let publish = json!({
        "action": "send",
        "channel": { "$ref": "#/channels/plenum" },
        "summary": "What the server sends by itself.",
        "messages": published,
    });
    commands.chain([("publish".to_owned(), publish)]).collect()
}

pub fn document() -> Value {
    let all = messages();
    let in_components =
        |one: &Message| (one.name(), json!({ "$ref": format!("#/components/messages/{}", one.name()) }));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Plenum native protocol",
            "version": "1",
            "description": description(),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "plain": { "host": "localhost:8080", "protocol": "ws", "description": "A server with default settings." },
            "secure": { "host": "chat.example.org", "protocol": "wss", "description": "A server with TLS." },
        },
        "channels": { "plenum": {
            "address": PATH,
            "description": "One connection carries all topics.",
            "messages": all.iter().map(in_components).collect::<Map<_, _>>(),
            "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
        } },
        "operations": operations(&all),
        "components": {
            "messages": all.iter().map(|one| (one.name(), message(one))).collect::<Map<_, _>>(),
            "schemas": components(),
        },
    })
}
