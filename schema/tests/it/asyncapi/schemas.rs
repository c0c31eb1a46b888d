//! JSON Schemas of what frames are made of.

use plenum_schema::log::MAX_OFFSET;
use plenum_schema::refusal::RefusalCode;
use plenum_schema::wire::CloseCode;
use serde_json::{Map, Value, json};

/// A UUID as it is written.
pub const UUID: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
/// A topic as it is written.
pub const TOPIC: &str = "^(status:all|(conversation|user|presence|conference|poll|pollVoted|pollHost|board|boardHost):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$";

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

fn flag() -> Value {
    json!({ "type": "boolean" })
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
                ("direct?", flag()),
            ]),
        ),
        ("Original", object(&[("author", a("Id")), ("at", a("Moment")), ("kind?", text())])),
        (
            "LastMessage",
            object(&[
                ("offset", a("Offset")),
                ("id", a("Id")),
                ("author", a("Id")),
                ("at", a("Moment")),
                ("text", text()),
                ("deleted?", flag()),
            ]),
        ),
    ]
}

fn changes() -> Vec<(&'static str, Value)> {
    vec![
        (
            "ConversationNow",
            object(&[
                ("kind", json!({ "type": "string", "enum": ["direct", "group", "room"] })),
                ("title?", text()),
                ("members?", list(a("Id"))),
                ("memberCount", a("Offset")),
            ]),
        ),
        (
            "MemberAdded",
            object(&[
                ("user", a("Id")),
                ("role", a("Role")),
                ("by", a("Id")),
                ("known?", flag()),
                ("now?", a("ConversationNow")),
            ]),
        ),
        ("MemberRemoved", object(&[("user", a("Id")), ("by", a("Id")), ("now?", a("ConversationNow"))])),
        ("TitleChanged", object(&[("title", text()), ("by", a("Id")), ("now?", a("ConversationNow"))])),
        (
            "Room",
            object(&[
                ("public", flag()),
                ("description?", text()),
                ("subject?", text()),
                ("logo?", text()),
                ("maxParticipants", a("Count")),
                ("active", flag()),
            ]),
        ),
        (
            "RoomChanged",
            object(&[("title", text()), ("room", a("Room")), ("by", a("Id")), ("now?", a("ConversationNow"))]),
        ),
        ("BlockChanged", object(&[("by", a("Id")), ("blocked", flag())])),
        ("RoomClosed", object(&[("by", a("Id"))])),
        ("MessageEdited", about(&[("by", a("Id")), ("content", a("Content"))])),
        ("MessageDeleted", about(&[("by", a("Id"))])),
        ("Reaction", about(&[("by", a("Id")), ("emoji", a("Emoji"))])),
    ]
}

/// A change of an earlier message.
fn about(members: &[(&str, Value)]) -> Value {
    let mut all = vec![("target", a("Offset")), ("message?", a("Id"))];
    all.extend(members.iter().cloned());
    all.push(("original?", a("Original")));
    object(&all)
}

fn happenings() -> Vec<(&'static str, Value)> {
    vec![
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
                (
                    "event",
                    json!({ "oneOf": [
                        kind("conversation", a("ConversationEvent")),
                        kind("conference", a("ConferenceEvent")),
                    ] }),
                ),
            ]),
        ),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "schemas are made where they are used")]
pub fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn number() -> Value {
    json!({ "type": "number", "minimum": -1_000_000_000, "maximum": 1_000_000_000 })
}

fn questions() -> Vec<(&'static str, Value)> {
    let kinds =
        ["single", "multiple", "yesNo", "rating", "ranking", "words", "text", "number", "quiz", "point", "feedback"];
    let kinds = json!({ "type": "string", "enum": kinds });
    let options = || list(a("OptionId"));
    let policy = json!({ "type": "string", "enum": ["fixed", "changeable", "changeableWhileHidden"] });
    let visibility = json!({ "type": "string", "enum": ["hidden", "afterVote", "live"] });
    vec![
        ("OptionId", integer("An option's number, from 1.", 0, u64::from(u16::MAX))),
        ("QuestionKind", kinds),
        (
            "Answer",
            json!({ "oneOf": [
                kind("choice", options()),
                kind("rating", json!({ "type": "integer" })),
                kind("ranking", options()),
                kind("words", list(text())),
                kind("text", text()),
                kind("number", number()),
                kind("point", a("Spot")),
            ] }),
        ),
        ("Spot", object(&[("x", number()), ("y", number())])),
        ("ChoiceOption", object(&[("id", a("OptionId")), ("text", text()), ("image?", text()), ("imageAlt?", text())])),
        (
            "Definition",
            object(&[
                ("text", text()),
                ("kind", a("QuestionKind")),
                ("options?", list(a("ChoiceOption"))),
                ("min?", number()),
                ("max?", number()),
                ("policy?", policy),
                ("visibility?", visibility),
                ("durationMs?", a("Delay")),
                ("correct?", options()),
                ("points?", a("Count")),
                ("target?", number()),
                ("tolerance?", number()),
                ("image?", text()),
                ("halfLifeMs?", a("Delay")),
                ("survey?", text()),
                ("quorum?", a("Offset")),
                ("quorumShare?", number()),
                ("weighted?", flag()),
                ("imageAlt?", text()),
            ]),
        ),
    ]
}

fn results() -> Vec<(&'static str, Value)> {
    let integer = || json!({ "type": "integer" });
    let points = object(&[("option", a("OptionId")), ("points", number())]);
    let ranking = object(&[("borda", list(points)), ("schulze", list(list(a("OptionId"))))]);
    let bucket = object(&[("from", number()), ("to", number()), ("count", a("Offset"))]);
    let numbers = object(&[
        ("min", number()),
        ("max", number()),
        ("mean", number()),
        ("median", number()),
        ("buckets", list(bucket)),
        ("within?", a("Offset")),
    ]);
    let cell = object(&[("column", a("Count")), ("row", a("Count")), ("count", a("Offset"))]);
    let heat = object(&[("columns", a("Count")), ("rows", a("Count")), ("center", a("Spot")), ("cells", list(cell))]);
    let weight = object(&[("option", a("OptionId")), ("weight", number())]);
    let weighted = object(&[("total", a("Offset")), ("counts", list(a("OptionCount"))), ("average?", number())]);
    let pulse = object(&[("at", a("Moment")), ("halfLifeMs", a("Delay")), ("weights", list(weight))]);
    vec![
        ("OptionCount", object(&[("option", integer()), ("count", a("Offset"))])),
        (
            "Results",
            object(&[
                ("question", a("Id")),
                ("kind", a("QuestionKind")),
                ("totalResponses", a("Offset")),
                ("revision", a("Offset")),
                ("closed", flag()),
                ("hidden?", flag()),
                ("counts?", list(a("OptionCount"))),
                ("average?", number()),
                ("ranking?", ranking),
                ("words?", list(object(&[("word", text()), ("count", a("Offset"))]))),
                ("texts?", list(text())),
                ("numbers?", numbers),
                ("hiddenWords?", list(object(&[("word", text()), ("count", a("Offset"))]))),
                ("frozen?", flag()),
                ("heat?", heat),
                ("pulse?", pulse),
                ("quorum?", object(&[("needed", a("Offset")), ("reached?", flag())])),
                ("weighted?", weighted),
                ("correct?", list(a("OptionId"))),
                ("leaders?", list(object(&[("participant", a("Id")), ("name?", text()), ("points", a("Offset"))]))),
                ("teams?", list(object(&[("team", text()), ("points", number()), ("answered", a("Offset"))]))),
            ]),
        ),
    ]
}

fn boards() -> Vec<(&'static str, Value)> {
    vec![
        (
            "BoardItem",
            object(&[
                ("id", a("Count")),
                ("text", text()),
                ("author?", text()),
                (
                    "status",
                    json!({ "type": "string", "enum": ["pending", "approved", "answered", "dismissed", "merged"] }),
                ),
                ("pinned", flag()),
                ("votes", a("Offset")),
                ("score?", number()),
                ("answer?", text()),
                ("labels?", list(text())),
                ("merged?", a("Offset")),
                ("replies?", a("Offset")),
                ("newestReplies?", list(a("BoardReply"))),
                ("at", a("Moment")),
            ]),
        ),
        (
            "BoardReply",
            object(&[
                ("id", a("Count")),
                ("text", text()),
                ("author?", text()),
                ("host?", flag()),
                ("at", a("Moment")),
            ]),
        ),
        ("Board", object(&[("revision", a("Offset")), ("total", a("Offset")), ("items", list(a("BoardItem")))])),
        (
            "DomainChecked",
            object(&[
                ("id", a("Id")),
                ("domain", text()),
                ("blocked", flag()),
                ("scan", text()),
                ("at", a("Moment")),
                ("version", a("Offset")),
            ]),
        ),
        ("LiveReactions", object(&[("counts", list(object(&[("emoji", text()), ("count", a("Offset"))])))])),
        ("Audience", object(&[("live", a("Offset")), ("unique", a("Offset")), ("peak", a("Offset"))])),
    ]
}

fn conferences() -> Vec<(&'static str, Value)> {
    let shown = object(&[
        ("question", a("Id")),
        ("shown", flag()),
        ("results?", a("Results")),
        ("totalResponses?", a("Offset")),
    ]);
    let identity = json!({ "type": "string", "enum": ["anonymous", "pseudonymous", "signedIn"] });
    let role = json!({ "type": "string", "enum": ["screen", "moderator", "cohost", "host"] });
    let speaker = object(&[("id", a("Count")), ("name", text()), ("bio?", text())]);
    vec![
        (
            "ConferenceInfo",
            object(&[
                ("title", text()),
                ("description?", text()),
                ("date?", text()),
                ("startTime?", text()),
                ("endTime?", text()),
                ("identity?", identity),
                ("speakers?", list(speaker)),
                ("moderated?", flag()),
                ("audienceReplies?", flag()),
                ("invited?", flag()),
                ("roster?", flag()),
                ("expiresAfterDays?", a("Count")),
                ("teams?", list(text())),
                (
                    "agenda?",
                    list(object(&[
                        ("title", text()),
                        ("startTime?", text()),
                        ("endTime?", text()),
                        ("speaker?", a("Count")),
                        ("track?", text()),
                    ])),
                ),
            ]),
        ),
        ("ConferenceCreated", object(&[("code", text()), ("by", a("Id")), ("info", a("ConferenceInfo"))])),
        ("ConferenceChanged", object(&[("info", a("ConferenceInfo"))])),
        ("ConferenceStarted", object(&[])),
        ("ConferenceEnded", object(&[("audience", a("Audience"))])),
        ("HostChanged", object(&[("user", a("Id")), ("role?", role)])),
        ("QuestionLive", object(&[("question", a("Id")), ("definition", a("Definition")), ("closesAt?", a("Moment"))])),
        (
            "QuestionClosed",
            object(&[("question", a("Id")), ("totalResponses", a("Offset")), ("results?", a("Results"))]),
        ),
        ("ResultsShown", shown),
        ("Anonymised", object(&[])),
        ("Deleted", object(&[])),
        ("QuestionFrozen", object(&[("question", a("Id")), ("frozen", flag())])),
        (
            "ConferenceEvent",
            json!({ "oneOf": [
                kind("created", a("ConferenceCreated")),
                kind("changed", a("ConferenceChanged")),
                kind("started", a("ConferenceStarted")),
                kind("ended", a("ConferenceEnded")),
                kind("hostChanged", a("HostChanged")),
                kind("questionLive", a("QuestionLive")),
                kind("questionClosed", a("QuestionClosed")),
                kind("resultsShown", a("ResultsShown")),
                kind("questionFrozen", a("QuestionFrozen")),
                kind("anonymised", a("Anonymised")),
                kind("deleted", a("Deleted")),
            ] }),
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
        ("ReactionCount", object(&[("emoji", a("Emoji")), ("count", a("Count")), ("mine", flag())])),
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
    let groups = [numbers, texts, events, changes, happenings, questions, results, boards, conferences, parts];
    let all = groups.into_iter().flat_map(|group| group());
    all.map(|(name, schema)| (name.to_owned(), schema)).collect()
}
