use super::*;
use crate::socketio::framing;
use crate::socketio::vocabulary::answers::{Done, Why};
use crate::socketio::vocabulary::names::{Direction, NAMES};
use plenum_schema::board::BoardSignal;
use plenum_schema::conference::{
    Anonymised, Audience, ConferenceChanged, ConferenceCreated, ConferenceEnded, ConferenceEvent, ConferenceInfo,
    ConferenceStarted, Deleted, HostChanged, QuestionClosed, QuestionFrozen, QuestionLive, ResultsShown,
};
use plenum_schema::conversation::{
    BlockChanged, ConversationKind, ConversationNow, LastMessage, MemberAdded, MemberRemoved, MessageDeleted,
    MessageEdited, ReactionAdded, ReactionRemoved, Role, TitleChanged,
};
use plenum_schema::poll::{BallotPolicy, ChoiceOption, Count, Definition, QuestionKind, Results, Visibility};
use plenum_schema::wire::{
    ConversationAdded, DomainChecked, GapReason, LiveReaction, LiveReactions, Notification, OrderState, OrderUpdated,
    SignalFrame, UnreadSignal,
};
use plenum_schema::{ConferenceId, Content, DomainId, MessageId, OrderId, QuestionId, Refusal, RefusalCode};
use plenum_websocket::Opcode;
use plenum_websocket::client::read_frame;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

fn id() -> ConversationId {
    ConversationId(Uuid::from_u128(0xc))
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn event(event: ConversationEvent) -> ServerFrame {
    let topic = Topic::Conversation(id());
    ServerFrame::Event(EventFrame { topic, offset: 42, at: 1_700_000_000_120, event: Event::Conversation(event) })
}

fn signal(signal: Signal) -> ServerFrame {
    ServerFrame::Signal(SignalFrame { topic: Topic::Conversation(id()), signal })
}

fn message() -> ServerFrame {
    written(false)
}

fn written(direct: bool) -> ServerFrame {
    event(ConversationEvent::Message(Message {
        id: MessageId::from(Uuid::from_u128(7)),
        author: user(1),
        number: 38,
        content: Content::text("hi"),
        client_ref: Some("r".into()),
        direct,
    }))
}

fn goodbye(code: CloseCode) -> ServerFrame {
    let (code, reason) = (code.code(), code.reason().to_owned());
    ServerFrame::Goodbye(Goodbye { code, reason, retry_after_ms: None, positions: BTreeMap::new() })
}

fn original() -> Option<Original> {
    Some(Original { author: user(3), at: 1_600_000_000_000, kind: ContentKind::Image })
}

fn changed_id() -> Option<MessageId> {
    Some(MessageId::from(Uuid::from_u128(40)))
}

fn marks() -> ServerFrame {
    let (delivered_message, read_message) = (changed_id(), None);
    let marks =
        MarksSignal { user: user(2), delivered: 42, read: 41, delivered_message, read_message, at: 1_700_000_000_120 };
    signal(Signal::Marks(marks))
}

/// The events of a frame by the JSON parser: name and arguments.
fn said(vocabulary: Vocabulary, frame: &ServerFrame) -> Vec<(String, Vec<Value>)> {
    read_events(&encode(Parser::Json, vocabulary, frame))
}

fn read_events(bytes: &[u8]) -> Vec<(String, Vec<Value>)> {
    let (mut rest, mut events) = (bytes, Vec::new());
    while let Some((frame, len)) = read_frame(rest) {
        assert_eq!(frame.opcode, Opcode::Text);
        let text = std::str::from_utf8(frame.payload).unwrap().strip_prefix("42").unwrap();
        let mut arguments: Vec<Value> = serde_json::from_str(text).unwrap();
        let name = arguments.remove(0).as_str().unwrap().to_owned();
        events.push((name, arguments));
        rest = &rest[len..];
    }
    assert!(rest.is_empty());
    events
}

fn names(vocabulary: Vocabulary, frame: &ServerFrame) -> Vec<String> {
    said(vocabulary, frame).into_iter().map(|(name, _)| name).collect()
}

/// What is said of a conference.
fn of_a_conference() -> Vec<ServerFrame> {
    let (conference, question) = (ConferenceId(Uuid::from_u128(3)), QuestionId(Uuid::from_u128(7)));
    let topic = Topic::Conference(conference);
    let event = |event| {
        ServerFrame::Event(EventFrame { topic, offset: 4, at: 1_700_000_000_000, event: Event::Conference(event) })
    };
    let signal = |topic, signal| ServerFrame::Signal(SignalFrame { topic, signal });
    let counts = vec![Count { option: 1, count: 2 }];
    let results = Results { counts, ..Results::empty(question, QuestionKind::Single, 2, 5, true) };
    let info = ConferenceInfo { title: "Town hall".into(), ..ConferenceInfo::default() };
    let option = ChoiceOption { id: 1, text: "a".into(), image: None, image_alt: None };
    let definition = Definition {
        text: "Which?".into(),
        kind: QuestionKind::Single,
        options: vec![option],
        min: None,
        max: None,
        policy: BallotPolicy::Fixed,
        visibility: Visibility::Live,
        duration_ms: None,
        correct: Vec::new(),
        points: None,
        target: None,
        tolerance: None,
        ..Definition::default()
    };
    let boxed = || Some(Box::new(results.clone()));
    vec![
        event(ConferenceEvent::Created(ConferenceCreated { code: "K7WQ2P".into(), by: user(1), info: info.clone() })),
        event(ConferenceEvent::Changed(ConferenceChanged { info })),
        event(ConferenceEvent::Started(ConferenceStarted {})),
        event(ConferenceEvent::HostChanged(HostChanged { user: user(2), role: None })),
        event(ConferenceEvent::QuestionLive(QuestionLive { question, definition, closes_at: None })),
        event(ConferenceEvent::QuestionClosed(QuestionClosed { question, total_responses: 2, results: boxed() })),
        event(ConferenceEvent::ResultsShown(ResultsShown {
            question,
            shown: true,
            results: boxed(),
            total_responses: None,
        })),
        event(ConferenceEvent::QuestionFrozen(QuestionFrozen { question, frozen: true })),
        event(ConferenceEvent::Anonymised(Anonymised {})),
        event(ConferenceEvent::Deleted(Deleted {})),
        event(ConferenceEvent::Ended(ConferenceEnded { audience: Audience::default() })),
        signal(topic, Signal::Results(Box::new(results.clone()))),
        signal(topic, Signal::Audience(Audience { live: 1, unique: 3, peak: 2 })),
        signal(topic, Signal::Reactions(LiveReactions { counts: vec![LiveReaction { emoji: "👏".into(), count: 3 }] })),
        signal(
            Topic::Board(conference),
            Signal::Board(Box::new(BoardSignal { revision: 1, total: 0, items: Vec::new() })),
        ),
    ]
}

fn all_frames() -> Vec<ServerFrame> {
    let mut all = of_conversations();
    all.extend(of_a_conference());
    all.push(checked());
    all.push(ordered());
    all
}

fn checked() -> ServerFrame {
    let signal = Signal::DomainChecked(DomainChecked {
        id: DomainId(Uuid::from_u128(9)),
        domain: "example.org".into(),
        blocked: true,
        scan: "scan_1700000000000".into(),
        at: 1_700_000_000_000,
        version: 3,
    });
    ServerFrame::Signal(SignalFrame { topic: Topic::Status, signal })
}

fn ordered() -> ServerFrame {
    signal(Signal::OrderUpdated(OrderUpdated {
        order: OrderId(Uuid::from_u128(9)),
        state: OrderState::Shipped,
        total: 4_990,
        currency: "EUR".into(),
        at: 1_700_000_000_000,
        version: 4,
    }))
}

#[test]
fn an_order_is_told_alike_in_either_vocabulary() {
    for vocabulary in [Vocabulary::Hyphen, Vocabulary::Underscore, Vocabulary::Both] {
        let (name, arguments) = said(vocabulary, &ordered()).remove(0);
        assert_eq!(name, "order_updated");
        let wanted = json!({ "orderId": Uuid::from_u128(9), "status": "shipped", "total": 4_990, "currency": "EUR",
            "version": 4, "updatedAt": "2023-11-14T22:13:20Z" });
        assert_eq!(arguments, [wanted]);
    }
}

#[test]
fn a_check_is_told_alike_in_either_vocabulary() {
    for vocabulary in [Vocabulary::Hyphen, Vocabulary::Underscore, Vocabulary::Both] {
        let (name, arguments) = said(vocabulary, &checked()).remove(0);
        assert_eq!(name, "domain:nawala-updated");
        let nawala =
            json!({ "status": "ada", "blockedId": "scan_1700000000000", "lastChecked": "2023-11-14T22:13:20Z" });
        let wanted = json!({ "domainId": Uuid::from_u128(9), "domain": "example.org", "nawala": nawala });
        assert_eq!(arguments, [wanted]);
    }
}

#[test]
fn results_are_counts_by_option() {
    let frames = of_a_conference();
    let (name, arguments) = said(Vocabulary::Underscore, &frames[11]).remove(0);
    assert_eq!(name, "results_updated");
    assert_eq!(arguments.len(), 1, "signals have no place to go on from");
    assert_eq!((&arguments[0]["counts"], &arguments[0]["totalResponses"]), (&json!({ "1": 2 }), &json!(2)));
    assert_eq!(arguments[0]["questionId"], json!(Uuid::from_u128(7)));
    let (name, arguments) = said(Vocabulary::Underscore, &frames[4]).remove(0);
    assert_eq!((name.as_str(), &arguments[0]["question"]["text"]), ("question_live", &json!("Which?")));
}

#[test]
fn results_that_are_hidden_again_are_told_without_counts() {
    let question = QuestionId(Uuid::from_u128(7));
    let topic = Topic::Conference(ConferenceId(Uuid::from_u128(6)));
    // The second is as it was written before the number stood in it.
    for (total_responses, wanted) in [
        (Some(3), json!({ "questionId": question, "counts": {}, "totalResponses": 3, "hidden": true })),
        (None, json!({ "questionId": question, "counts": {}, "hidden": true })),
    ] {
        let hidden = ResultsShown { question, shown: false, results: None, total_responses };
        let event = Event::Conference(ConferenceEvent::ResultsShown(hidden));
        let frame = EventFrame { topic, offset: 4, at: 1_700_000_000_000, event };
        let (name, arguments) = said(Vocabulary::Underscore, &ServerFrame::Event(frame)).remove(0);
        assert_eq!((name.as_str(), &arguments[0]), ("results_updated", &wanted));
    }
}

#[test]
fn results_for_hosts_say_so() {
    let question = QuestionId(Uuid::from_u128(7));
    let results = Signal::Results(Box::new(Results::empty(question, QuestionKind::Single, 2, 5, false)));
    for (topic, wanted) in [(Topic::PollHost(question), json!(true)), (Topic::PollVoted(question), json!(null))] {
        let frame = ServerFrame::Signal(SignalFrame { topic, signal: results.clone() });
        assert_eq!(said(Vocabulary::Underscore, &frame)[0].1[0]["forHosts"], wanted);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the member of the event is one")]
fn now() -> Option<Box<ConversationNow>> {
    let (title, members) = (Some("Plan".to_owned()), vec![user(1), user(2)]);
    Some(Box::new(ConversationNow { kind: ConversationKind::Group, title, members, member_count: 2 }))
}

#[test]
fn a_change_of_people_tells_who_is_there_then() {
    let added = MemberAdded { user: user(2), role: Role::Member, by: user(1), known: false, now: now() };
    let said = said(Vocabulary::Hyphen, &event(ConversationEvent::MemberAdded(added)));
    let (name, arguments) = &said[0];
    assert_eq!(name, "conversation-updated");
    let wanted = json!({ "conversation": {
        "id": id(), "topic": Topic::Conversation(id()), "kind": "group", "title": "Plan", "change": "members",
        "participants": [{ "id": user(1) }, { "id": user(2) }], "participantCount": 2
    } });
    assert_eq!(arguments[0], wanted);
}

#[test]
fn a_change_that_does_not_tell_it_is_only_announced() {
    let removed = MemberRemoved { user: user(2), by: user(1), now: None };
    let said = said(Vocabulary::Hyphen, &event(ConversationEvent::MemberRemoved(removed)));
    let wanted = json!({ "conversation": { "id": id(), "topic": Topic::Conversation(id()), "change": "members" } });
    assert_eq!(said[0].1[0], wanted);
}

fn of_conversations() -> Vec<ServerFrame> {
    let created =
        Created { kind: ConversationKind::Group, title: Some("Plan".into()), by: user(1), members: vec![], room: None };
    vec![
        message(),
        written(true),
        event(ConversationEvent::Created(created)),
        event(ConversationEvent::MemberAdded(MemberAdded {
            user: user(2),
            role: Role::Member,
            by: user(1),
            known: false,
            now: now(),
        })),
        event(ConversationEvent::MemberRemoved(MemberRemoved { user: user(2), by: user(1), now: now() })),
        event(ConversationEvent::TitleChanged(TitleChanged { title: "New".into(), by: user(1), now: now() })),
        event(ConversationEvent::MessageEdited(MessageEdited {
            target: 40,
            message: changed_id(),
            original: original(),
            by: user(1),
            content: Content::text("x"),
        })),
        event(ConversationEvent::MessageDeleted(MessageDeleted {
            target: 40,
            message: changed_id(),
            original: original(),
            by: user(1),
        })),
        event(ConversationEvent::ReactionAdded(ReactionAdded {
            target: 40,
            message: changed_id(),
            original: original(),
            by: user(1),
            emoji: "x".into(),
        })),
        event(ConversationEvent::ReactionRemoved(ReactionRemoved {
            target: 40,
            message: changed_id(),
            original: original(),
            by: user(1),
            emoji: "x".into(),
        })),
        event(ConversationEvent::BlockChanged(BlockChanged { by: user(1), blocked: true })),
        signal(Signal::Typing(TypingSignal { user: user(2), active: true })),
        signal(Signal::Typing(TypingSignal { user: user(2), active: false })),
        marks(),
        signal(Signal::RoomStats(RoomStats { members: 12, online: Some(7) })),
        signal(Signal::ConversationAdded(ConversationAdded { conversation: Topic::Conversation(id()) })),
        signal(Signal::ConversationUpdated(ConversationUpdated {
            conversation: Topic::Conversation(id()),
            change: ConversationChange::Removed,
        })),
        signal(Signal::Unread(UnreadSignal {
            conversation: Topic::Conversation(id()),
            unread: 3,
            members: vec![],
            last: None,
        })),
        signal(Signal::Notification(Notification {
            kind: "order.shipped".into(),
            title: "On its way".into(),
            body: None,
            data: BTreeMap::new(),
        })),
        signal(Signal::Presence(PresenceSignal { user: user(2), online: true, since: Some(0), last_seen: None })),
        signal(Signal::Presence(PresenceSignal { user: user(2), online: false, since: None, last_seen: Some(0) })),
        ServerFrame::Gap(Gap { topic: Topic::Conversation(id()), from: 2, to: 9, reason: GapReason::Retention }),
        goodbye(CloseCode::SessionEnded),
        goodbye(CloseCode::Flood),
    ]
}

#[test]
fn a_message_is_heard_in_the_words_of_the_listener() {
    let trail = |vocabulary| json!(positions::trail(Topic::Conversation(id()), 42, vocabulary));
    let shown = json!({
        "id": Uuid::from_u128(7), "conversationId": id(), "offset": 42, "number": 38, "senderId": user(1),
        "content": "hi", "type": "text", "clientRef": "r", "createdAt": "2023-11-14T22:13:20.12Z",
    });
    let mut in_a_room = shown.clone();
    in_a_room["roomId"] = json!(id());
    in_a_room["messageType"] = json!("text");
    let hyphen = |vocabulary| ("new-message".to_owned(), vec![shown.clone(), trail(vocabulary)]);
    let underscore = |name: &str, vocabulary| (name.to_owned(), vec![in_a_room.clone(), trail(vocabulary)]);
    let (one, other, both) = (Vocabulary::Hyphen, Vocabulary::Underscore, Vocabulary::Both);
    assert_eq!(said(one, &message()), [hyphen(one)]);
    assert_eq!(said(other, &message()), [underscore("new_message", other)]);
    assert_eq!(said(other, &written(true)), [underscore("new_direct_message", other)]);
    assert_eq!(said(both, &message()), [hyphen(both), underscore("new_message", both)]);
}

#[test]
fn whoever_has_spoken_neither_vocabulary_hears_both_each_once() {
    for frame in all_frames() {
        let mut apart = names(Vocabulary::Hyphen, &frame);
        for name in names(Vocabulary::Underscore, &frame) {
            if !apart.contains(&name) {
                apart.push(name);
            }
        }
        assert_eq!(names(Vocabulary::Both, &frame), apart, "{frame:?}");
    }
}

#[test]
fn every_event_that_is_sent_stands_in_the_table_with_its_vocabulary_and_every_served_one_is_sent() {
    let mut position = Vec::new();
    framing::trail((Parser::Json, Vocabulary::Both), &[(Topic::Conversation(id()), Some(1))], &mut position);
    let refusal = Refusal::new(RefusalCode::Invalid, "no");
    let beside = [
        authenticated(Parser::Json, user(1), None),
        online_users(Parser::Json, Vocabulary::Hyphen, &[user(1)]),
        answer_accepted(Parser::Json, Vocabulary::Underscore, &Done::default()),
        error(Parser::Json, &Failed { why: Why::from(&refusal), event: Some("echo") }),
        position.into(),
    ];
    let mut sent: Vec<String> = beside.iter().flat_map(|bytes| read_events(bytes)).map(|(name, _)| name).collect();
    for name in &sent {
        assert!(NAMES.iter().any(|known| known.direction == Direction::Server && known.name == name), "{name}");
    }
    for frame in all_frames() {
        for vocabulary in [Vocabulary::Hyphen, Vocabulary::Underscore] {
            for (name, _) in said(vocabulary, &frame) {
                let known = NAMES.iter().find(|known| known.direction == Direction::Server && known.name == name);
                let known = known.unwrap_or_else(|| panic!("{name} is not in the table"));
                assert!(
                    known.is_served && (known.vocabulary == Vocabulary::Both || known.vocabulary == vocabulary),
                    "{name}"
                );
                sent.push(name);
            }
        }
    }
    for name in NAMES.iter().filter(|name| name.direction == Direction::Server && name.is_served) {
        assert!(sent.iter().any(|sent| sent == name.name), "{} is never sent", name.name);
    }
}

#[test]
fn marks_are_a_status_of_messages_up_to_an_offset() {
    let said = said(Vocabulary::Hyphen, &marks());
    let at = "2023-11-14T22:13:20.12Z";
    let status =
        |status, up_to| json!({ "conversationId": id(), "status": status, "userId": user(2), "upTo": up_to, "at": at });
    let mut delivered = status("delivered", 42);
    delivered["messageId"] = json!(changed_id());
    assert_eq!(said[0].1, [delivered]);
    assert_eq!(said[1].1, [status("read", 41)]);
}

#[test]
fn what_retention_has_removed_is_told_of_conversations_and_of_conferences() {
    let conference = ConferenceId(Uuid::from_u128(3));
    for (topic, wanted) in [
        (Topic::Conversation(id()), json!({ "conversationId": id(), "roomId": id(), "from": 2, "to": 9 })),
        (Topic::Conference(conference), json!({ "conferenceId": conference, "from": 2, "to": 9 })),
    ] {
        let gap = ServerFrame::Gap(Gap { topic, from: 2, to: 9, reason: GapReason::Retention });
        for vocabulary in [Vocabulary::Hyphen, Vocabulary::Underscore, Vocabulary::Both] {
            assert_eq!(said(vocabulary, &gap), [("gap".to_owned(), vec![wanted.clone()])]);
        }
    }
}

#[test]
fn changes_of_a_message_name_it_by_its_id() {
    let edited = MessageEdited {
        target: 40,
        message: changed_id(),
        original: original(),
        by: user(1),
        content: Content::text("x"),
    };
    let (name, arguments) = said(Vocabulary::Underscore, &event(ConversationEvent::MessageEdited(edited))).remove(0);
    let message = json!({
        "id": changed_id(), "conversationId": id(), "roomId": id(), "offset": 40, "by": user(1), "content": "x",
        "senderId": user(3), "type": "image", "createdAt": "2020-09-13T12:26:40Z", "editedAt": "2023-11-14T22:13:20.12Z",
    });
    assert_eq!((name.as_str(), &arguments[0]), ("message_updated", &json!({ "message": message, "change": "edited" })));
}

#[test]
fn only_the_end_of_a_session_is_told() {
    for code in CloseCode::ALL {
        let expected: &[&str] = if *code == CloseCode::SessionEnded { &["session_ended"] } else { &[] };
        assert_eq!(names(Vocabulary::Both, &goodbye(*code)), expected, "{code:?}");
    }
}

#[test]
fn the_messagepack_parser_says_the_same() {
    let bytes = encode(Parser::MessagePack, Vocabulary::Hyphen, &message());
    let (frame, _) = read_frame(&bytes).unwrap();
    assert_eq!(frame.opcode, Opcode::Binary);
    let packet: Value = plenum_schema::codec::decode(plenum_schema::codec::Codec::MessagePack, frame.payload).unwrap();
    let (_, arguments) = said(Vocabulary::Hyphen, &message()).remove(0);
    assert_eq!(packet["type"], 2);
    assert_eq!(packet["nsp"], "/");
    assert_eq!(packet["data"], json!(["new-message", arguments[0], arguments[1]]));
}

#[test]
fn what_a_conversation_is_like_now_comes_with_the_number_of_what_is_unread() {
    let last = LastMessage {
        offset: 42,
        id: MessageId::from(Uuid::from_u128(7)),
        author: user(2),
        at: 1_700_000_000_120,
        text: "hi".into(),
        deleted: false,
    };
    let conversation = Topic::Conversation(id());
    let unread = UnreadSignal { conversation, unread: 3, members: vec![user(1), user(2)], last: Some(Box::new(last)) };
    let (name, arguments) = said(Vocabulary::Hyphen, &signal(Signal::Unread(unread))).remove(0);
    let last = json!({ "id": Uuid::from_u128(7), "offset": 42, "senderId": user(2), "content": "hi",
        "createdAt": "2023-11-14T22:13:20.12Z" });
    let conversation = json!({ "id": id(), "topic": conversation, "participants": [{ "id": user(1) }, { "id": user(2) }], "lastMessage": last,
        "unreadCount": 3, "change": "unread" });
    assert_eq!((name.as_str(), &arguments[0]), ("conversation-updated", &json!({ "conversation": conversation })));
}
