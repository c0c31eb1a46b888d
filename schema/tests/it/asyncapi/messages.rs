//! The table of messages: label, summary, payload, and for commands which ack answers.

use super::schemas::{a, kind, list, object, text};
use plenum_schema::wire::OrderState;
use serde_json::{Value, json};

/// A frame as a message of the document.
#[derive(Debug)]
pub struct Message {
    /// As in `docs/protocol.md`: `client send`, `server ack sent`.
    pub label: &'static str,
    pub summary: &'static str,
    pub payload: Value,
    /// The label of the ack, for commands.
    pub answer: Option<&'static str>,
}

impl Message {
    /// The name in the document: `clientSend`, `serverAckSent`.
    pub fn name(&self) -> String {
        name(self.label)
    }

    /// The last word of the label.
    pub fn verb(&self) -> &'static str {
        self.label.rsplit(' ').next().unwrap_or(self.label)
    }
}

/// A label in one word.
pub fn name(label: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let (first, rest) = label.split_once(' ').expect("a label has two words");
    std::iter::once(first.to_owned()).chain(rest.split(' ').map(capital)).collect()
}

fn command(label: &'static str, answer: &'static str, summary: &'static str, members: &[(&str, Value)]) -> Message {
    let verb = label.rsplit(' ').next().unwrap_or(label);
    let payload = object(&[("id", a("CommandId")), ("command", kind(verb, object(members)))]);
    Message { label, summary, payload, answer: Some(answer) }
}

fn server(label: &'static str, summary: &'static str, inner: Value) -> Message {
    let frame = label.split(' ').nth(1).unwrap_or(label);
    Message { label, summary, payload: kind(frame, inner), answer: None }
}

fn ack(label: &'static str, summary: &'static str, members: &[(&str, Value)]) -> Message {
    let result = label.rsplit(' ').next().unwrap_or(label);
    server(label, summary, object(&[("id", a("CommandId")), ("result", kind(result, object(members)))]))
}

fn event(label: &'static str, summary: &'static str, component: &str) -> Message {
    let what = label.rsplit(' ').next().unwrap_or(label);
    let inner = kind("conversation", kind(what, a(component)));
    let members = [("topic", a("Topic")), ("offset", a("Offset")), ("at", a("Moment")), ("event", inner)];
    server(label, summary, object(&members))
}

/// An event of a conference.
fn conference(label: &'static str, summary: &'static str, component: &str) -> Message {
    let what = label.rsplit(' ').next().unwrap_or(label);
    let inner = kind("conference", kind(what, a(component)));
    let members = [("topic", a("Topic")), ("offset", a("Offset")), ("at", a("Moment")), ("event", inner)];
    server(label, summary, object(&members))
}

fn signal(label: &'static str, summary: &'static str, members: &[(&str, Value)]) -> Message {
    let what = label.rsplit(' ').next().unwrap_or(label);
    server(label, summary, object(&[("topic", a("Topic")), ("signal", kind(what, object(members)))]))
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn commands() -> Vec<Message> {
    let client = object(&[("name", text()), ("version", text())]);
    let topic = || ("topic", a("Topic"));
    let target = || ("target", a("Offset"));
    vec![
        command(
            "client identify",
            "server ack identified",
            "Say who you are; again, to stay beyond the token's expiry.",
            &[("token", text()), ("client?", client)],
        ),
        command(
            "client subscribe",
            "server ack subscribed",
            "Receive a topic: everything after `since`, or from now on.",
            &[topic(), ("since?", a("Offset"))],
        ),
        command("client unsubscribe", "server ack unsubscribed", "Stop receiving a topic.", &[topic()]),
        command(
            "client send",
            "server ack sent",
            "Write a message. With a client ref it can be repeated safely, for ever.",
            &[topic(), ("clientRef?", a("ClientRef")), ("content", a("Content"))],
        ),
        command(
            "client sendDirect",
            "server ack sent",
            "Write a message to a person: into the direct conversation, which is made when there is none.",
            &[("to", a("Id")), ("clientRef?", a("ClientRef")), ("content", a("Content"))],
        ),
        command(
            "client edit",
            "server ack changed",
            "Give an own message another text.",
            &[topic(), target(), ("clientRef?", a("ClientRef")), ("content", a("Content"))],
        ),
        command("client delete", "server ack changed", "Delete a message.", &[topic(), target()]),
        command(
            "client react",
            "server ack changed",
            "React to a message.",
            &[topic(), target(), ("emoji", a("Emoji"))],
        ),
        command(
            "client unreact",
            "server ack changed",
            "Take a reaction back.",
            &[topic(), target(), ("emoji", a("Emoji"))],
        ),
        command(
            "client history",
            "server ack page",
            "Read a page of past events: below `before`, above `after`, or the newest.",
            &[topic(), ("before?", a("Offset")), ("after?", a("Offset")), ("limit?", a("Count"))],
        ),
        command(
            "client typing",
            "server ack pong",
            "Say that you are typing, or stopped.",
            &[topic(), ("active", flag())],
        ),
        command(
            "client mark",
            "server ack marked",
            "Say how far you have received and read.",
            &[topic(), ("delivered?", a("Offset")), ("read?", a("Offset"))],
        ),
        command("client ping", "server ack pong", "Ask for an answer.", &[]),
    ]
}

fn conference_commands() -> Vec<Message> {
    let question = || ("question", a("Id"));
    let both = || [("conference", a("Id")), question()];
    vec![
        command(
            "client vote",
            "server ack voted",
            "Answer a question of a conference.",
            &[question(), ("answer", a("Answer")), ("pressedAfterMs?", a("Count")), ("sequence?", a("Count"))],
        ),
        command("client withdraw", "server ack voted", "Take a ballot back.", &[question(), ("sequence?", a("Count"))]),
        command(
            "client pushQuestion",
            "server ack conferenceChanged",
            "Let the audience answer a question (hosts).",
            &both(),
        ),
        command("client closeQuestion", "server ack conferenceChanged", "Close a question (hosts).", &both()),
        command(
            "client showResults",
            "server ack conferenceChanged",
            "Show a question's results to everybody, or hide them (hosts).",
            &[("conference", a("Id")), question(), ("shown", flag())],
        ),
        command(
            "client ask",
            "server ack boardChanged",
            "Ask the speakers something.",
            &[("conference", a("Id")), ("text", text()), ("clientRef?", a("ClientRef"))],
        ),
        command(
            "client upvote",
            "server ack boardChanged",
            "Want a question of the audience answered, or no longer.",
            &[("conference", a("Id")), ("item", a("Count")), ("up", flag())],
        ),
        command(
            "client reply",
            "server ack boardChanged",
            "Reply to a question of the audience.",
            &[("conference", a("Id")), ("item", a("Count")), ("text", text()), ("clientRef?", a("ClientRef"))],
        ),
        command(
            "client moderate",
            "server ack boardChanged",
            "Decide about a question of the audience (moderators).",
            &[
                ("conference", a("Id")),
                ("item", a("Count")),
                (
                    "status?",
                    json!({ "type": "string", "enum": ["pending", "approved", "answered", "dismissed", "merged"] }),
                ),
                ("pinned?", flag()),
                ("answer?", text()),
                ("labels?", list(text())),
            ],
        ),
        command(
            "client reactLive",
            "server ack pong",
            "Clap, or react otherwise, for everybody to see and nobody to keep.",
            &[("conference", a("Id")), ("emoji", text())],
        ),
    ]
}

fn conference_events() -> Vec<Message> {
    vec![
        conference("server event conference created", "The conference exists from here on.", "ConferenceCreated"),
        conference("server event conference changed", "Title, times or speakers changed.", "ConferenceChanged"),
        conference("server event conference hostChanged", "Somebody else runs it too, or no longer.", "HostChanged"),
        conference("server event conference started", "It is active.", "ConferenceStarted"),
        conference("server event conference ended", "It is over.", "ConferenceEnded"),
        conference("server event conference questionLive", "A question can be answered from now on.", "QuestionLive"),
        conference("server event conference questionClosed", "A question is closed.", "QuestionClosed"),
        conference(
            "server event conference resultsShown",
            "Results are shown to everybody, or hidden.",
            "ResultsShown",
        ),
        conference(
            "server event conference questionFrozen",
            "A question takes no answers for a while, or again.",
            "QuestionFrozen",
        ),
        conference("server event conference anonymised", "Who took part is forgotten.", "Anonymised"),
        conference("server event conference deleted", "Nothing of it is left.", "Deleted"),
        server(
            "server signal reactions",
            "How often the audience has reacted since the signal before.",
            object(&[("topic", a("Topic")), ("signal", kind("reactions", a("LiveReactions")))]),
        ),
        server(
            "server signal results",
            "How a question stands; also the first thing on a `poll:`, `pollVoted:` or `pollHost:` topic.",
            object(&[("topic", a("Topic")), ("signal", kind("results", a("Results")))]),
        ),
        server(
            "server signal audience",
            "How many people are in a conference's audience.",
            object(&[("topic", a("Topic")), ("signal", kind("audience", a("Audience")))]),
        ),
        server(
            "server signal board",
            "What an audience asks; also the first thing on a `board:` or `boardHost:` topic.",
            object(&[("topic", a("Topic")), ("signal", kind("board", a("Board")))]),
        ),
        server(
            "server signal domainChecked",
            "A domain of the status board was checked.",
            object(&[("topic", a("Topic")), ("signal", kind("domainChecked", a("DomainChecked")))]),
        ),
        server(
            "server signal statusListChanged",
            "Brands or domains of the status board were made, changed or removed.",
            object(&[("topic", a("Topic")), ("signal", kind("statusListChanged", object(&[("at", a("Moment"))])))]),
        ),
    ]
}

fn acks() -> Vec<Message> {
    let topic = || ("topic", a("Topic"));
    let events = json!({ "type": "array", "items": a("Event") });
    let states = json!({ "type": "array", "items": a("MessageState") });
    vec![
        ack(
            "server ack identified",
            "Who you are now, and until when.",
            &[("user", a("Id")), ("session", a("Id")), ("expiresAt", a("Moment"))],
        ),
        ack(
            "server ack subscribed",
            "The topic comes from here on.",
            &[topic(), ("head", a("Offset")), ("since", a("Offset"))],
        ),
        ack("server ack unsubscribed", "Nothing of the topic follows.", &[topic()]),
        ack(
            "server ack sent",
            "The message is on disk, at this place.",
            &[topic(), ("offset", a("Offset")), ("message", a("Id")), ("duplicate", flag())],
        ),
        ack(
            "server ack changed",
            "The change of a message is on disk, at this place.",
            &[topic(), ("target", a("Offset")), ("offset", a("Offset")), ("duplicate", flag())],
        ),
        ack(
            "server ack page",
            "A page of events, oldest first.",
            &[topic(), ("events", events), ("head", a("Offset")), ("first", a("Offset")), ("states?", states)],
        ),
        ack(
            "server ack marked",
            "The positions as they are now.",
            &[topic(), ("delivered", a("Offset")), ("read", a("Offset"))],
        ),
        ack(
            "server ack voted",
            "The ballot is on disk and counts.",
            &[("question", a("Id")), ("offset", a("Offset")), ("duplicate", flag()), ("receipt?", text())],
        ),
        ack(
            "server ack conferenceChanged",
            "The conference has changed.",
            &[("conference", a("Id")), ("offset", a("Offset"))],
        ),
        ack(
            "server ack boardChanged",
            "A question of the audience as it is now.",
            &[("conference", a("Id")), ("item", a("BoardItem"))],
        ),
        ack("server ack pong", "The server's clock. Answers `ping` and `typing`.", &[("at", a("Moment"))]),
    ]
}

fn published() -> Vec<Message> {
    vec![
        event("server event created", "The conversation exists from here on.", "Created"),
        event("server event message", "Somebody wrote.", "Message"),
        event("server event memberAdded", "Somebody joined, was added, or got another role.", "MemberAdded"),
        event("server event memberRemoved", "Somebody left or was removed.", "MemberRemoved"),
        event("server event titleChanged", "The title changed.", "TitleChanged"),
        event("server event messageEdited", "A message's author gave it another text.", "MessageEdited"),
        event("server event messageDeleted", "A message was deleted.", "MessageDeleted"),
        event("server event reactionAdded", "Somebody reacted to a message.", "Reaction"),
        event("server event reactionRemoved", "Somebody took a reaction back.", "Reaction"),
        event("server event roomChanged", "A room's name or something else about it changed.", "RoomChanged"),
        event("server event roomClosed", "A room was closed for ever.", "RoomClosed"),
        event("server event blockChanged", "One of two people blocked the other, or took it back.", "BlockChanged"),
        signal("server signal typing", "Somebody is typing, or stopped.", &[("user", a("Id")), ("active", flag())]),
        signal(
            "server signal marks",
            "Somebody received or read up to an offset.",
            &[
                ("user", a("Id")),
                ("delivered", a("Offset")),
                ("read", a("Offset")),
                ("deliveredMessage?", a("Id")),
                ("readMessage?", a("Id")),
                ("at", a("Moment")),
            ],
        ),
        signal(
            "server signal roomStats",
            "How many people are in a room, after somebody has come or gone.",
            &[("members", a("Count")), ("online?", a("Count"))],
        ),
    ]
}

fn told() -> Vec<Message> {
    let changes = json!({ "type": "string", "enum": ["title", "members", "removed"] });
    let states: Vec<&str> = OrderState::ALL.iter().map(|state| state.as_str()).collect();
    let states = json!({ "type": "string", "enum": states });
    let data = json!({ "type": "object", "propertyNames": text(), "additionalProperties": text() });
    vec![
        signal("server signal conversationAdded", "You are in this conversation now.", &[("conversation", a("Topic"))]),
        signal(
            "server signal conversationUpdated",
            "Title, members or your being in it have changed.",
            &[("conversation", a("Topic")), ("change", changes)],
        ),
        signal(
            "server signal unread",
            "How much of a conversation you have not read.",
            &[
                ("conversation", a("Topic")),
                ("unread", a("Offset")),
                ("members?", json!({ "type": "array", "maxItems": 10, "items": a("Id") })),
                ("last?", a("LastMessage")),
            ],
        ),
        signal(
            "server signal notification",
            "Something worth telling.",
            &[("kind", text()), ("title", text()), ("body?", text()), ("data?", data)],
        ),
        signal(
            "server signal orderUpdated",
            "An order that you made or received has another state.",
            &[
                ("order", a("Id")),
                ("state", states),
                ("total", a("Offset")),
                ("currency", text()),
                ("at", a("Moment")),
                ("version", a("Offset")),
            ],
        ),
        signal(
            "server signal presence",
            "Somebody came or went; also the first thing on a `presence:` topic.",
            &[("user", a("Id")), ("online", flag()), ("since?", a("Moment")), ("lastSeen?", a("Moment"))],
        ),
    ]
}

fn plain() -> Vec<Message> {
    let hello = [
        ("protocol", text()),
        ("server", text()),
        ("connection", a("Id")),
        ("limits", a("Limits")),
        ("heartbeat", a("HeartbeatAdvice")),
        ("reconnect", a("ReconnectAdvice")),
    ];
    let gap = [
        ("topic", a("Topic")),
        ("from", a("Offset")),
        ("to", a("Offset")),
        ("reason", json!({ "type": "string", "enum": ["retention"] })),
    ];
    let goodbye =
        [("code", a("CloseCode")), ("reason", text()), ("retryAfterMs?", a("Delay")), ("positions", a("Positions"))];
    vec![
        server("server hello", "First frame on every connection: limits and advice.", object(&hello)),
        server(
            "server refusal",
            "A command was not carried out, or (without id) a frame could not be read.",
            object(&[("id?", a("CommandId")), ("refusal", a("Refusal"))]),
        ),
        server("server gap", "These offsets no longer exist.", object(&gap)),
        server(
            "server caughtUp",
            "Everything missed has been delivered; what follows is live.",
            object(&[("topic", a("Topic")), ("position", a("Offset"))]),
        ),
        server(
            "server heartbeat",
            "Still here, with the newest offset of each subscribed topic.",
            object(&[("at", a("Moment")), ("tops", a("Positions"))]),
        ),
        server(
            "server goodbye",
            "The server is about to close: why, when to come back, where to resume.",
            object(&goodbye),
        ),
    ]
}

/// Every message: what the client sends, then what the server sends.
pub fn messages() -> Vec<Message> {
    let mut all = commands();
    all.extend(conference_commands());
    all.extend(acks());
    all.extend(published());
    all.extend(conference_events());
    all.extend(told());
    all.extend(plain());
    all
}
