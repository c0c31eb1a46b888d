use super::*;
use crate::socketio::vocabulary::names::{Direction, NAMES};
use plenum_actors::publication::Parser;
use plenum_schema::board::ItemStatus;
use plenum_schema::codec::{Codec, encode};
use plenum_schema::poll::Answer;
use plenum_schema::wire::{
    ConferenceQuestion, ModerateQuestion, ReactLive, ReplyTo, ShowResults, Upvote, Vote, Withdraw,
};
use plenum_schema::{ConferenceId, QuestionId};
use serde_json::{Value, json};
use uuid::Uuid;

const ID: &str = "0192f0c4-0003-7000-8000-00000000000c";
const USER: &str = "0192f0c4-0005-7000-8000-00000000000e";

fn conversation() -> ConversationId {
    ConversationId(Uuid::parse_str(ID).unwrap())
}

fn conference() -> ConferenceId {
    ConferenceId(Uuid::parse_str(ID).unwrap())
}

fn question() -> QuestionId {
    QuestionId(Uuid::parse_str(ID).unwrap())
}

fn topic() -> Topic {
    Topic::Conversation(conversation())
}

thread_local! {
    /// The conference that the client is in.
    static HERE: std::cell::Cell<Option<ConferenceId>> = const { std::cell::Cell::new(None) };
}

/// Read by both parsers, which must agree.
fn heard(name: &str, argument: &Value) -> Result<Heard, Refusal> {
    let [json, msgpack] =
        [(Parser::Json, Codec::Json), (Parser::MessagePack, Codec::MessagePack)].map(|(parser, codec)| {
            let bytes = encode(codec, argument).unwrap();
            read(name, Argument { parser, bytes: &bytes }, &|| HERE.get())
        });
    assert_eq!(json.is_ok(), msgpack.is_ok(), "{name} {argument}");
    if let (Ok(json), Ok(msgpack)) = (&json, &msgpack) {
        assert_eq!(json, msgpack);
    }
    json
}

fn send(text: &str, client_ref: Option<&str>) -> Request {
    let client_ref = client_ref.map(str::to_owned);
    Request::Native(Command::Send(Send { topic: topic(), client_ref, content: Content::text(text) }))
}

fn subscribe(since: Option<u64>) -> Request {
    Request::Native(Command::Subscribe(Subscribe { topic: topic(), since }))
}

fn typing_is(active: bool) -> Request {
    Request::Native(Command::Typing(Typing { topic: topic(), active }))
}

fn read_up_to(read: u64) -> Request {
    Request::Native(Command::Mark(Mark { topic: topic(), delivered: None, read: Some(read) }))
}

fn read_message() -> Request {
    Request::Change(MessageId::from(Uuid::parse_str(ID).unwrap()), Some(topic()), Change::Read)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn events_of_both_vocabularies_become_the_same_commands() {
    let user = UserId(Uuid::parse_str(USER).unwrap());
    let direct = || {
        let (client_ref, content) = (Some("r".into()), Content::text("hi"));
        Request::Native(Command::SendDirect(SendDirect { to: user, client_ref, content }))
    };
    let message = MessageId::from(Uuid::parse_str(ID).unwrap());
    let edit = Command::Edit(Edit { topic: topic(), target: 7, client_ref: None, content: Content::text("new") });
    let leave = || Request::Native(Command::Unsubscribe(Unsubscribe { topic: topic() }));
    let (hyphen, underscore) = (Some(Vocabulary::Hyphen), Some(Vocabulary::Underscore));
    let table = [
        ("join-conversation", json!({ "conversationId": ID }), subscribe(None), hyphen),
        ("join-conversation", json!({ "conversationId": ID, "since": 41 }), subscribe(Some(41)), hyphen),
        ("join-conversation", json!(ID), subscribe(None), hyphen),
        ("join_room", json!({ "roomId": ID, "extra": [1, { "a": null }] }), subscribe(None), underscore),
        ("leave-conversation", json!({ "conversationId": ID }), leave(), hyphen),
        ("leave_room", json!({ "roomId": ID }), leave(), underscore),
        ("send-message", json!({ "conversationId": ID, "content": "hi", "type": "text" }), send("hi", None), hyphen),
        (
            "send-message",
            json!({ "conversationId": ID, "content": "hi", "clientRef": "a", "attachments": [] }),
            send("hi", Some("a")),
            hyphen,
        ),
        ("send-message", json!({ "recipientId": USER, "content": "hi", "clientRef": "r" }), direct(), hyphen),
        ("send_message", json!({ "roomId": ID, "content": "hi", "messageType": "text" }), send("hi", None), underscore),
        ("send-message", json!({ "userId": USER, "content": "hi", "clientRef": "r" }), direct(), hyphen),
        ("send_direct_message", json!({ "userId": USER, "content": "hi", "clientRef": "r" }), direct(), underscore),
        ("typing", json!({ "conversationId": ID }), typing_is(true), hyphen),
        ("typing", json!({ "roomId": ID }), typing_is(true), underscore),
        ("typing", json!({ "roomId": ID, "isTyping": false }), typing_is(false), underscore),
        ("stop-typing", json!({ "conversationId": ID }), typing_is(false), hyphen),
        ("mark-as-read", json!({ "conversationId": ID, "upTo": 7 }), read_up_to(7), hyphen),
        ("mark-as-read", json!({ "conversationId": ID }), read_up_to(MAX_OFFSET), hyphen),
        ("mark-as-read", json!({ "conversationId": ID, "upTo": ID }), read_message(), hyphen),
        ("mark-as-read", json!({ "conversationId": ID, "messageId": ID }), read_message(), hyphen),
        ("edit_message", json!({ "roomId": ID, "offset": 7, "content": "new" }), Request::Native(edit), underscore),
        (
            "edit_message",
            json!({ "roomId": ID, "offset": 7, "messageId": ID, "content": "new" }),
            Request::Change(message, Some(topic()), Change::Edit(Content::text("new"))),
            underscore,
        ),
        (
            "edit_message",
            json!({ "messageId": ID, "content": "new" }),
            Request::Change(message, None, Change::Edit(Content::text("new"))),
            underscore,
        ),
        ("delete_message", json!({ "messageId": ID }), Request::Change(message, None, Change::Delete), underscore),
        (
            "add_reaction",
            json!({ "messageId": ID, "emoji": "x" }),
            Request::Change(message, None, Change::React("x".into())),
            underscore,
        ),
        (
            "remove_reaction",
            json!({ "conversationId": ID, "offset": 7, "emoji": "x" }),
            Request::Native(Command::Unreact(Unreact { topic: topic(), target: 7, emoji: "x".into() })),
            underscore,
        ),
        (
            "submit_answer",
            json!({ "conferenceId": ID, "questionId": ID, "optionId": "2" }),
            Request::Native(Command::Vote(Vote {
                question: question(),
                answer: Answer::Choice(vec![2]),
                pressed_after_ms: None,
                sequence: None,
            })),
            underscore,
        ),
        (
            "submit_answer",
            json!({ "questionId": ID, "answer": { "rating": 4 }, "sequence": 3 }),
            Request::Native(Command::Vote(Vote {
                question: question(),
                answer: Answer::Rating(4),
                pressed_after_ms: None,
                sequence: Some(3),
            })),
            underscore,
        ),
        (
            "join_conference",
            json!({ "conferenceId": ID }),
            Request::Native(Command::Subscribe(Subscribe { topic: Topic::Conference(conference()), since: Some(0) })),
            underscore,
        ),
        (
            "upvote_question",
            json!({ "conferenceId": ID, "id": 7 }),
            Request::Native(Command::Upvote(Upvote { conference: conference(), item: 7, up: true })),
            underscore,
        ),
        (
            "reply_question",
            json!({ "conferenceId": ID, "id": 7, "text": "Yes", "clientRef": "r" }),
            Request::Native(Command::Reply(ReplyTo {
                conference: conference(),
                item: 7,
                text: "Yes".into(),
                client_ref: Some("r".into()),
            })),
            underscore,
        ),
        (
            "moderate_question",
            json!({ "conferenceId": ID, "id": 7, "status": "answered", "pinned": true, "text": "Soon" }),
            Request::Native(Command::Moderate(ModerateQuestion {
                conference: conference(),
                item: 7,
                status: Some(ItemStatus::Answered),
                pinned: Some(true),
                answer: Some("Soon".into()),
                labels: None,
            })),
            underscore,
        ),
        (
            "show_results",
            json!({ "conferenceId": ID, "questionId": ID }),
            Request::Native(Command::ShowResults(ShowResults {
                conference: conference(),
                question: question(),
                shown: true,
            })),
            underscore,
        ),
        ("join_conference", json!({ "code": "K7WQ2P" }), Request::Join("K7WQ2P".into(), 0), underscore),
        ("echo", json!([1, 2]), Request::Echo, None),
    ];
    for (name, argument, request, vocabulary) in table {
        if let Request::Native(command) = &request {
            assert!(words(command).contains(&name), "{name}");
        }
        let heard = heard(name, &argument).unwrap();
        assert_eq!((heard.request, heard.vocabulary), (request, vocabulary), "{name} {argument}");
    }
}

#[test]
fn pictures_files_and_recordings_are_sent_with_what_is_attached() {
    let attachment = |url: &str, name: Option<&str>| Attachment {
        url: url.into(),
        name: name.map(str::to_owned),
        mime_type: name.map(|_| "image/png".into()),
        size: None,
    };
    for (name, kind) in [("image", ContentKind::Image), ("file", ContentKind::File), ("audio", ContentKind::Audio)] {
        let attached = json!(["https://a.example/1", { "url": "/2", "name": "two", "type": "image/png", "width": 7 }]);
        let argument = json!({ "conversationId": ID, "type": name, "attachments": attached });
        let attachments = vec![attachment("https://a.example/1", None), attachment("/2", Some("two"))];
        let content = Content { kind, text: String::new(), attachments };
        let send = Request::Native(Command::Send(Send { topic: topic(), client_ref: None, content }));
        assert_eq!(heard("send-message", &argument).unwrap().request, send);
    }
}

#[test]
fn what_is_wrong_is_refused_with_the_name_of_the_member() {
    let kind = json!({ "conversationId": ID, "content": "x", "type": "video" });
    let table = [
        ("join-conversation", json!({}), RefusalCode::Invalid, Some("conversationId")),
        ("join_room", json!({}), RefusalCode::Invalid, Some("roomId")),
        ("join_room", json!(null), RefusalCode::Malformed, None),
        ("join_room", json!({ "roomId": "not an id" }), RefusalCode::Malformed, Some("roomId")),
        ("send-message", json!({ "content": "hi" }), RefusalCode::Invalid, Some("conversationId")),
        ("send-message", json!({ "conversationId": ID }), RefusalCode::Invalid, Some("content")),
        ("send-message", kind, RefusalCode::Invalid, Some("type")),
        (
            "send-message",
            json!({ "conversationId": ID, "content": "x", "attachments": [{ "name": "no address" }] }),
            RefusalCode::Malformed,
            Some("attachments[0]"),
        ),
        (
            "send-message",
            json!({ "conversationId": ID, "recipientId": USER, "content": "x" }),
            RefusalCode::Invalid,
            Some("recipientId"),
        ),
        (
            "send_message",
            json!({ "roomId": ID, "content": "x", "messageType": "sticker" }),
            RefusalCode::Invalid,
            Some("messageType"),
        ),
        ("send_direct_message", json!({ "content": "x" }), RefusalCode::Invalid, Some("userId")),
        (
            "send_message",
            json!({ "roomId": ID, "conversationId": USER, "content": "x" }),
            RefusalCode::Invalid,
            Some("roomId"),
        ),
        ("leave_room", json!({ "roomId": ID, "conversationId": USER }), RefusalCode::Invalid, Some("roomId")),
        ("join_conference", json!({ "conferenceId": ID, "code": "K7WQ2P" }), RefusalCode::Invalid, Some("code")),
        (
            "submit_answer",
            json!({ "questionId": ID, "optionId": 1, "answer": { "choice": [2] } }),
            RefusalCode::Invalid,
            Some("optionId"),
        ),
        ("mark-as-read", json!({ "conversationId": ID, "upTo": "x" }), RefusalCode::Malformed, Some("upTo")),
        ("mark-as-read", json!({ "messageId": "x" }), RefusalCode::Malformed, Some("messageId")),
        ("edit_message", json!({ "messageId": ID }), RefusalCode::Invalid, Some("content")),
        ("add_reaction", json!({ "messageId": ID }), RefusalCode::Invalid, Some("emoji")),
        ("delete_message", json!({}), RefusalCode::Invalid, Some("messageId")),
        ("add_reaction", json!({}), RefusalCode::Invalid, Some("messageId")),
        ("edit_message", json!({ "content": "x" }), RefusalCode::Invalid, Some("messageId")),
        ("delete_message", json!(7), RefusalCode::Malformed, None),
        ("leave_conference", json!(null), RefusalCode::Invalid, Some("conferenceId")),
        ("withdraw_answer", json!(null), RefusalCode::Invalid, Some("questionId")),
        ("submit_answer", json!(ID), RefusalCode::Malformed, None),
        ("unheard of", json!({}), RefusalCode::NotFound, None),
        ("submit_answer", json!({}), RefusalCode::Invalid, Some("questionId")),
        ("submit_answer", json!({ "questionId": ID }), RefusalCode::Invalid, Some("answer")),
        ("submit_answer", json!({ "questionId": ID, "optionId": "x" }), RefusalCode::Invalid, Some("optionId")),
        ("join_conference", json!({}), RefusalCode::Invalid, Some("conferenceId")),
        ("push_question", json!({ "questionId": ID }), RefusalCode::Invalid, Some("conferenceId")),
        ("ask_question", json!({ "conferenceId": ID }), RefusalCode::Invalid, Some("text")),
        ("react", json!({ "conferenceId": ID }), RefusalCode::Invalid, Some("emoji")),
    ];
    for (name, argument, code, field) in table {
        let refusal = heard(name, &argument).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, field), "{name} {argument}");
    }
}

#[test]
fn an_event_without_a_conference_means_the_one_that_the_client_is_in() {
    HERE.set(Some(conference()));
    let emoji = "👏".to_owned();
    let table = [
        ("react", json!({ "emoji": emoji }), Command::ReactLive(ReactLive { conference: conference(), emoji })),
        (
            "push_question",
            json!({ "questionId": ID }),
            Command::PushQuestion(ConferenceQuestion { conference: conference(), question: question() }),
        ),
        (
            "upvote_question",
            json!({ "id": 3 }),
            Command::Upvote(Upvote { conference: conference(), item: 3, up: true }),
        ),
    ];
    for (name, argument, command) in table {
        assert_eq!(heard(name, &argument).unwrap().request, Request::Native(command), "{name}");
    }
    HERE.set(None);
}

#[test]
fn where_an_id_says_all_it_may_stand_alone() {
    HERE.set(Some(conference()));
    let message = MessageId::from(Uuid::parse_str(ID).unwrap());
    let question_of = |id| ConferenceQuestion { conference: conference(), question: id };
    let native = Request::Native;
    let leave = native(Command::Unsubscribe(Unsubscribe { topic: Topic::Conference(conference()) }));
    let join = native(Command::Subscribe(Subscribe { topic: Topic::Conference(conference()), since: Some(0) }));
    let table = [
        ("delete_message", json!(ID), Request::Change(message, None, Change::Delete)),
        ("join_conference", json!(ID), join.clone()),
        ("join_conference", json!(null), join),
        ("join_conference", json!("K7WQ2P"), Request::Join("K7WQ2P".into(), 0)),
        ("leave_conference", json!(ID), leave.clone()),
        ("leave_conference", json!(null), leave),
        ("withdraw_answer", json!(ID), native(Command::Withdraw(Withdraw { question: question(), sequence: None }))),
        ("push_question", json!(ID), native(Command::PushQuestion(question_of(question())))),
        ("close_question", json!(ID), native(Command::CloseQuestion(question_of(question())))),
        ("upvote_question", json!(7), native(Command::Upvote(Upvote { conference: conference(), item: 7, up: true }))),
    ];
    for (name, argument, request) in table {
        assert_eq!(heard(name, &argument).map(|heard| heard.request), Ok(request), "{name} {argument}");
    }
    HERE.set(None);
}

#[test]
fn what_is_neither_an_object_nor_what_may_stand_alone_is_told_both() {
    let table = [
        ("join_room", json!("room one"), "an id or an object"),
        ("delete_message", json!(7), "an id or an object"),
        ("withdraw_answer", json!("7"), "an id or an object"),
        ("upvote_question", json!("seven"), "a whole number or an object"),
        ("react", json!(7), "text or an object"),
        ("submit_answer", json!(ID), "an object"),
        ("send_message", json!("hi"), "an object"),
        ("join_room", json!(null), "an object"),
    ];
    for (name, argument, wanted) in table {
        let refusal = heard(name, &argument).unwrap_err();
        assert_eq!(refusal.message, format!("the argument must be {wanted}"), "{name} {argument}");
    }
}

#[test]
fn the_name_by_which_a_client_names_something_is_remembered() {
    let table = [
        ("submit_answer", json!({ "questionId": ID, "optionId": 2 }), Some("optionId")),
        ("submit_answer", json!({ "questionId": ID, "answer": { "rating": 4 } }), None),
        ("edit_message", json!({ "roomId": ID, "offset": 7, "content": "new" }), Some("offset")),
        ("edit_message", json!({ "messageId": ID, "content": "new" }), None),
        ("leave-conversation", json!({ "roomId": ID }), Some("roomId")),
        ("leave_room", json!({ "conversationId": ID }), Some("conversationId")),
        ("leave_room", json!({ "roomId": ID }), Some("roomId")),
        ("leave_room", json!(ID), Some("roomId")),
        ("leave-conversation", json!(ID), Some("conversationId")),
        ("mark-as-read", json!({ "messageId": ID }), Some("messageId")),
        ("mark-as-read", json!({ "upTo": ID }), Some("upTo")),
        ("send-message", json!({ "roomId": ID, "content": "x" }), Some("roomId")),
        ("send_message", json!({ "conversationId": ID, "content": "x" }), Some("conversationId")),
        ("typing", json!({ "roomId": ID }), Some("roomId")),
        ("send_direct_message", json!({ "recipientId": USER, "content": "x" }), Some("recipientId")),
    ];
    for (name, argument, by) in table {
        assert_eq!(heard(name, &argument).unwrap().by, by, "{name} {argument}");
    }
}

/// One of each command. The names of all come from the type itself, so that none can be forgotten here.
fn one_of_each() -> Vec<Command> {
    let of = |topic: &str| format!("{topic}:{ID}");
    let conversation = of("conversation");
    let target = json!({ "topic": conversation, "target": 7 });
    let with = |member: &str, value: Value| {
        let mut both = target.clone();
        both[member] = value;
        both
    };
    let asked = json!({ "conference": ID, "question": ID });
    let table = json!({
        "identify": { "token": "t" }, "ping": {}, "history": { "topic": conversation },
        "subscribe": { "topic": conversation }, "unsubscribe": { "topic": conversation },
        "send": { "topic": conversation, "content": { "text": "x" } }, "sendDirect": { "to": USER, "content": { "text": "x" } },
        "edit": with("content", json!({ "text": "x" })), "delete": target, "react": with("emoji", json!("x")),
        "unreact": with("emoji", json!("x")), "typing": { "topic": conversation, "active": true },
        "mark": { "topic": conversation, "read": 1 }, "vote": { "question": ID, "answer": { "choice": [1] } },
        "withdraw": { "question": ID }, "pushQuestion": asked, "closeQuestion": asked,
        "showResults": { "conference": ID, "question": ID, "shown": true },
        "ask": { "conference": ID, "text": "x" }, "upvote": { "conference": ID, "item": 1, "up": true },
        "reply": { "conference": ID, "item": 1, "text": "x" }, "moderate": { "conference": ID, "item": 1 },
        "reactLive": { "conference": ID, "emoji": "x" },
    });
    let unknown = serde_json::from_str::<Command>(r#"{"nothing":{}}"#).unwrap_err().to_string();
    let mut known: Vec<&str> = unknown.split('`').skip(3).step_by(2).collect();
    known.sort_unstable();
    let mut here: Vec<&String> = table.as_object().unwrap().keys().collect();
    here.sort_unstable();
    assert_eq!(here, known);
    let command = |(name, body): (&String, &Value)| serde_json::from_value(json!({ name: body })).unwrap();
    table.as_object().unwrap().iter().map(command).collect()
}

#[test]
fn the_words_for_all_commands_are_the_events_of_the_table_and_no_others() {
    // What comes back as it is gives no command.
    let mut said: Vec<&str> = vec!["echo"];
    said.extend(one_of_each().iter().flat_map(|command| words(command).iter().copied()));
    said.sort_unstable();
    said.dedup();
    let clients = NAMES.iter().filter(|name| name.direction == Direction::Client);
    let mut table: Vec<&str> = clients.map(|name| name.name).collect();
    table.sort_unstable();
    assert_eq!(said, table);
}

#[test]
fn every_event_of_the_table_is_known() {
    for name in NAMES.iter().filter(|name| name.direction == Direction::Client) {
        assert!(name.is_served, "{}", name.name);
        if let Err(refusal) = heard(name.name, &json!({})) {
            assert_ne!(refusal.code, RefusalCode::NotFound, "{}", name.name);
        }
    }
}

#[test]
fn what_a_member_takes_is_said() {
    let table = [
        ("mark-as-read", json!({ "conversationId": ID, "upTo": "x" }), "upTo must be an offset or a message's id"),
        (
            "send-message",
            json!({ "conversationId": ID, "content": "x", "attachments": [{ "name": "x" }] }),
            "attachments[0] must be an address, or an object with its url",
        ),
        (
            "moderate_question",
            json!({ "conferenceId": ID, "id": 7, "status": "gone" }),
            "status must be one of pending, approved, answered, dismissed, merged",
        ),
    ];
    for (name, argument, message) in table {
        assert_eq!(heard(name, &argument).unwrap_err().message, message, "{name} {argument}");
    }
}
