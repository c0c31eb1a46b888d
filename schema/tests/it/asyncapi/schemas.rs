//! JSON Schemas of what frames are made of.

use plenum_schema::log::MAX_OFFSET;
use plenum_schema::refusal::RefusalCode;
use plenum_schema::wire::CloseCode;
use serde_json::{Map, Value, json};

/// A UUID as it is written.
pub const UUID: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
/// A topic as it is written.
pub const TOPIC: &str = "^(conversation|user|presence):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

/// A reference to a component.
pub fn a(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An object with exactly these members; names that end in `?` may be left out.
pub fn object(members: &[(&str, Value)]) -> Value {
    let name = |member: &str| member.trim_end_matches('?').to_owned();
    let properties: Map<String, Value> =
        members.iter().map(|(member, schema)| (name(member), schema.clone())).collect();
    let required: Vec<&str> =
        members.iter().map(|(member, _)| *member).filter(|member| !member.ends_with('?')).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A kind: one member, named after it.
pub fn kind(name: &str, inner: Value) -> Value {
    object(&[(name, inner)])
}

pub fn text() -> Value {
    json!({ "type": "string" })
}

fn integer(description: &str, minimum: u64, maximum: u64) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum, "description": description })
}

fn positions(description: &str) -> Value {
    json!({ "type": "object", "description": description, "propertyNames": a("Topic"), "additionalProperties": a("Offset") })
}

fn numbers() -> Vec<(&'static str, Value)> {
    vec![
        ("CommandId", integer("Chosen by the client, echoed in the answer.", 0, u64::from(u32::MAX))),
        ("Offset", integer("A place in a topic's log; 0 is before the first event.", 0, MAX_OFFSET)),
        ("Count", integer("How many, how large, or how many milliseconds.", 0, u64::from(u32::MAX))),
        ("Delay", integer("Milliseconds.", 0, MAX_OFFSET)),
        ("Moment", json!({ "type": "integer", "description": "Milliseconds since 1970." })),
    ]
}

fn texts() -> Vec<(&'static str, Value)> {
    let codes: Vec<&str> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
    let closes: Vec<String> = CloseCode::ALL.iter().map(|code| format!("{} {}", code.code(), code.reason())).collect();
    let close = format!("The close code that follows: {}.", closes.join(", "));
    vec![
        ("Id", json!({ "type": "string", "format": "uuid", "pattern": UUID })),
        ("Topic", json!({ "type": "string", "pattern": TOPIC, "description": "What one subscribes to." })),
        (
            "ClientRef",
            json!({ "type": "string", "minLength": 1, "maxLength": 64,
            "description": "The sender's own reference, 1 to 64 bytes: a repetition is answered with the first offset, for ever." }),
        ),
        (
            "Emoji",
            json!({ "type": "string", "description": "1 to 64 bytes without white space and control characters." }),
        ),
        ("Role", json!({ "type": "string", "enum": ["member", "admin", "owner"] })),
        ("RefusalCode", json!({ "type": "string", "enum": codes })),
        ("CloseCode", json!({ "type": "integer", "minimum": 0, "maximum": u16::MAX, "description": close })),
    ]
}

fn events() -> Vec<(&'static str, Value)> {
    vec![
        ("Attachment", object(&[("url", text()), ("name?", text()), ("mimeType?", text()), ("size?", a("Offset"))])),
        (
            "Content",
            object(&[
                ("kind?", json!({ "type": "string", "enum": ["text", "image", "file", "audio", "deleted"] })),
                ("text", text()),
                ("attachments?", json!({ "type": "array", "maxItems": 10, "items": a("Attachment") })),
            ]),
        ),
        (
            "Created",
            object(&[
                ("kind", json!({ "type": "string", "enum": ["direct", "group", "room"] })),
                ("title?", text()),
                ("by", a("Id")),
                ("members", json!({ "type": "array", "items": a("Id") })),
                ("room?", a("Room")),
            ]),
        ),
        (
            "Message",
            object(&[
                ("id", a("Id")),
                ("author", a("Id")),
                ("number", a("Offset")),
                ("content", a("Content")),
                ("clientRef?", a("ClientRef")),
            ]),
        ),
        ("MemberAdded", object(&[("user", a("Id")), ("role", a("Role")), ("by", a("Id"))])),
        ("MemberRemoved", object(&[("user", a("Id")), ("by", a("Id"))])),
        ("TitleChanged", object(&[("title", text()), ("by", a("Id"))])),
        (
            "Room",
            object(&[
                ("public", json!({ "type": "boolean" })),
                ("description?", text()),
                ("subject?", text()),
                ("logo?", text()),
                ("maxParticipants", a("Count")),
                ("active", json!({ "type": "boolean" })),
            ]),
        ),
        ("RoomChanged", object(&[("title", text()), ("room", a("Room")), ("by", a("Id"))])),
        ("BlockChanged", object(&[("by", a("Id")), ("blocked", json!({ "type": "boolean" }))])),
        ("RoomClosed", object(&[("by", a("Id"))])),
        (
            "MessageEdited",
            object(&[("target", a("Offset")), ("message?", a("Id")), ("by", a("Id")), ("content", a("Content"))]),
        ),
        ("MessageDeleted", object(&[("target", a("Offset")), ("message?", a("Id")), ("by", a("Id"))])),
        ("Reaction", object(&[("target", a("Offset")), ("message?", a("Id")), ("by", a("Id")), ("emoji", a("Emoji"))])),
        (
            "ConversationEvent",
            json!({ "oneOf": [
            kind("created", a("Created")),
            kind("message", a("Message")),
            kind("memberAdded", a("MemberAdded")),
            kind("memberRemoved", a("MemberRemoved")),
            kind("titleChanged", a("TitleChanged")),
            kind("roomChanged", a("RoomChanged")),
            kind("roomClosed", a("RoomClosed")),
            kind("blockChanged", a("BlockChanged")),
            kind("messageEdited", a("MessageEdited")),
            kind("messageDeleted", a("MessageDeleted")),
            kind("reactionAdded", a("Reaction")),
            kind("reactionRemoved", a("Reaction")),
        ] }),
        ),
        (
            "Event",
            object(&[
                ("topic", a("Topic")),
                ("offset", a("Offset")),
                ("at", a("Moment")),
                ("event", kind("conversation", a("ConversationEvent"))),
            ]),
        ),
    ]
}

fn parts() -> Vec<(&'static str, Value)> {
    let limits = [
        "messageBytes",
        "textBytes",
        "topics",
        "commandsInFlight",
        "pageEvents",
        "commandsPerSecond",
        "identifyWithinMs",
    ];
    vec![
        ("Limits", object(&limits.map(|name| (name, a("Count"))))),
        ("HeartbeatAdvice", object(&[("intervalMs", a("Count")), ("timeoutMs", a("Count"))])),
        ("ReconnectAdvice", object(&[("minDelayMs", a("Count")), ("maxDelayMs", a("Count"))])),
        (
            "Refusal",
            object(&[
                ("code", a("RefusalCode")),
                ("message", text()),
                ("field?", text()),
                ("retryAfterMs?", a("Delay")),
            ]),
        ),
        (
            "ReactionCount",
            object(&[("emoji", a("Emoji")), ("count", a("Count")), ("mine", json!({ "type": "boolean" }))]),
        ),
        (
            "MessageState",
            object(&[
                ("target", a("Offset")),
                ("editedAt?", a("Moment")),
                ("deletedAt?", a("Moment")),
                ("reactions?", json!({ "type": "array", "items": a("ReactionCount") })),
            ]),
        ),
        ("Positions", positions("Topic and offset.")),
    ]
}

/// `components.schemas` of the document.
pub fn components() -> Map<String, Value> {
    let all = [numbers(), texts(), events(), parts()].concat();
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
