//! The stored bytes of conversations, kept for ever: a change that cannot read or no longer writes them fails here.

use bytes::Bytes;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::conversation::{Conversation, read_digest};
use plenum_schema::conversation::{
    BlockChanged, ConversationEvent, ConversationKind, ConversationNow, Created, MemberAdded, MemberRemoved, Message,
    MessageDeleted, MessageEdited, Original, ReactionAdded, ReactionRemoved, Role, Stored, TitleChanged,
};
use plenum_schema::room::{RoomChanged, RoomClosed, RoomInfo};
use plenum_schema::{Attachment, Content, ContentKind, EntryId, UserId, codec};
use std::path::PathBuf;
use uuid::Uuid;

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn entry(number: u128) -> EntryId {
    EntryId(Uuid::from_u128(0xe000 + number))
}

/// One event of each kind, as version 1 writes them.
fn events() -> Vec<(&'static str, ConversationEvent)> {
    let message = Message {
        id: entry(2),
        author: user(1),
        number: 1,
        content: Content::text("bonjour, ça va? 👋"),
        client_ref: Some("ref-1".into()),
        direct: false,
    };
    let bare = Message {
        id: entry(3),
        author: user(2),
        number: 2,
        content: Content::text("yes"),
        client_ref: None,
        direct: false,
    };
    let members = vec![user(1), user(2)];
    let title = Some("a title".into());
    vec![
        (
            "created",
            ConversationEvent::Created(Created {
                kind: ConversationKind::Group,
                title,
                by: user(1),
                members,
                room: None,
            }),
        ),
        ("message", ConversationEvent::Message(message)),
        ("message-without-ref", ConversationEvent::Message(bare)),
        (
            "member-added",
            ConversationEvent::MemberAdded(MemberAdded {
                user: user(3),
                role: Role::Admin,
                by: user(1),
                known: false,
                now: None,
            }),
        ),
        ("member-removed", ConversationEvent::MemberRemoved(MemberRemoved { user: user(2), by: user(1), now: None })),
        (
            "title-changed",
            ConversationEvent::TitleChanged(TitleChanged { title: "another".into(), by: user(1), now: None }),
        ),
    ]
}

#[expect(clippy::unnecessary_wraps, reason = "the member of the event is one")]
fn now(members: Vec<UserId>, member_count: u64) -> Option<Box<ConversationNow>> {
    let title = Some("a title".into());
    Some(Box::new(ConversationNow { kind: ConversationKind::Group, title, members, member_count }))
}

/// Comings, goings and titles that tell how the conversation stands then.
fn telling() -> Vec<(&'static str, ConversationEvent)> {
    vec![
        (
            "member-added-now",
            ConversationEvent::MemberAdded(MemberAdded {
                user: user(3),
                role: Role::Member,
                by: user(1),
                known: false,
                now: now(vec![user(1), user(3)], 2),
            }),
        ),
        (
            "member-removed-now",
            ConversationEvent::MemberRemoved(MemberRemoved { user: user(3), by: user(3), now: now(Vec::new(), 11) }),
        ),
        (
            "title-changed-now",
            ConversationEvent::TitleChanged(TitleChanged {
                title: "a title".into(),
                by: user(1),
                now: now(vec![user(1)], 1),
            }),
        ),
    ]
}

/// What changes earlier messages, as version 1 writes it.
fn changes() -> Vec<(&'static str, ConversationEvent)> {
    let (by, emoji) = (user(1), "👍".to_owned());
    let message = None;
    let edited = MessageEdited { target: 2, message, by, original: None, content: Content::text("au revoir") };
    vec![
        ("message-edited", ConversationEvent::MessageEdited(edited)),
        (
            "reaction-added",
            ConversationEvent::ReactionAdded(ReactionAdded {
                target: 2,
                message,
                by,
                original: None,
                emoji: emoji.clone(),
            }),
        ),
        (
            "reaction-removed",
            ConversationEvent::ReactionRemoved(ReactionRemoved { target: 2, message, by, original: None, emoji }),
        ),
        (
            "message-deleted",
            ConversationEvent::MessageDeleted(MessageDeleted { target: 3, message, by, original: None }),
        ),
    ]
}

/// The same with the ids of the messages, which came later.
fn changes_with_ids() -> Vec<(&'static str, ConversationEvent)> {
    let (by, emoji, message) = (user(1), "👍".to_owned(), Some(entry(2)));
    let edited = MessageEdited { target: 2, message, by, original: None, content: Content::text("au revoir") };
    let deleted = MessageDeleted { target: 3, message: Some(entry(3)), by, original: None };
    let added = ReactionAdded { target: 2, message, by, original: None, emoji: emoji.clone() };
    vec![
        ("message-edited-with-id", ConversationEvent::MessageEdited(edited)),
        ("reaction-added-with-id", ConversationEvent::ReactionAdded(added)),
        (
            "reaction-removed-with-id",
            ConversationEvent::ReactionRemoved(ReactionRemoved { target: 2, message, by, original: None, emoji }),
        ),
        ("message-deleted-with-id", ConversationEvent::MessageDeleted(deleted)),
    ]
}

/// The same with what they are about, and messages that say that they are direct, which came later still.
fn with_originals() -> Vec<(&'static str, ConversationEvent)> {
    let (by, emoji, message) = (user(1), "👍".to_owned(), Some(entry(2)));
    let original = Some(Original { author: user(2), at: 1_700_000_000_000, kind: ContentKind::Image });
    let edited = MessageEdited { target: 2, message, by, content: Content::text("au revoir"), original };
    let direct = Message {
        id: entry(2),
        author: user(1),
        number: 1,
        content: Content::text("between us"),
        client_ref: None,
        direct: true,
    };
    vec![
        ("message-direct", ConversationEvent::Message(direct)),
        ("message-edited-with-original", ConversationEvent::MessageEdited(edited)),
        (
            "message-deleted-with-original",
            ConversationEvent::MessageDeleted(MessageDeleted { target: 2, message, by, original }),
        ),
        (
            "reaction-added-with-original",
            ConversationEvent::ReactionAdded(ReactionAdded { target: 2, message, by, emoji: emoji.clone(), original }),
        ),
        (
            "reaction-removed-with-original",
            ConversationEvent::ReactionRemoved(ReactionRemoved { target: 2, message, by, emoji, original }),
        ),
    ]
}

/// Messages with more than text, which came later.
fn attached() -> Vec<(&'static str, ConversationEvent)> {
    let whole = Attachment {
        url: "https://files.example/1".into(),
        name: Some("ç.png".into()),
        mime_type: Some("image/png".into()),
        size: Some(70_000),
    };
    let bare = Attachment { url: "/2".into(), name: None, mime_type: None, size: None };
    let content = Content { kind: ContentKind::Image, text: String::new(), attachments: vec![whole, bare] };
    let message = Message { id: entry(2), author: user(1), number: 1, content, client_ref: None, direct: false };
    vec![("message-with-attachments", ConversationEvent::Message(message))]
}

/// What only rooms have, as version 1 writes it.
fn room() -> Vec<(&'static str, ConversationEvent)> {
    let info = RoomInfo {
        public: true,
        description: Some("evenings".into()),
        subject: Some("algebra".into()),
        logo: None,
        max_participants: 30,
        active: true,
    };
    let (by, title) = (user(1), "a room".to_owned());
    let created = Created {
        kind: ConversationKind::Room,
        title: Some(title.clone()),
        by,
        members: vec![by],
        room: Some(info.clone()),
    };
    let info = RoomInfo { public: false, description: None, subject: None, logo: Some("/l.png".into()), ..info };
    vec![
        ("room-created", ConversationEvent::Created(created)),
        ("room-changed", ConversationEvent::RoomChanged(RoomChanged { title, room: info, by, now: None })),
        ("room-closed", ConversationEvent::RoomClosed(RoomClosed { by })),
        ("block-changed", ConversationEvent::BlockChanged(BlockChanged { by, blocked: true })),
    ]
}

#[test]
fn a_snapshot_of_version_1_of_a_room_is_read_and_written_as_ever() {
    let mut state = Conversation::empty(Uuid::from_u128(9));
    for (offset, (_, event)) in (1..).zip(room()) {
        state.apply(offset, entry(u128::from(offset)), 1_700_000_000_000, &event);
    }
    let written = codec::store(Conversation::SNAPSHOT_FORMAT, &state.save()).unwrap();
    let golden = fixture("snapshot-room.bin", &written);
    assert_eq!(Conversation::restore(Uuid::from_u128(9), codec::restore(&[1], &golden).unwrap()), state);
    assert_eq!(written, golden);
}

fn changed() -> Conversation {
    let mut state = folded();
    for (offset, (_, event)) in (events().len() as u64 + 1..).zip(changes()) {
        state.apply(offset, entry(u128::from(offset)), 1_700_000_000_000, &event);
    }
    state
}

fn folded() -> Conversation {
    let mut state = Conversation::empty(Uuid::from_u128(9));
    for (offset, (_, event)) in (1..).zip(events()) {
        state.apply(offset, entry(u128::from(offset)), 1_700_000_000_000, &event);
    }
    state
}

/// The fixture's bytes; with `PLENUM_WRITE_FIXTURES` set a missing one is written (an existing one never changes).
fn fixture(name: &str, now: &[u8]) -> Vec<u8> {
    fixture_in("conversation-v1", name, now)
}

pub fn fixture_in(folder: &str, name: &str, now: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder).join(name);
    if std::env::var_os("PLENUM_WRITE_FIXTURES").is_some() && !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn events_of_version_1_are_read_and_written_as_ever() {
    for (name, event) in events()
        .into_iter()
        .chain(telling())
        .chain(changes())
        .chain(changes_with_ids())
        .chain(with_originals())
        .chain(attached())
        .chain(room())
    {
        let stored = Stored { at: 1_700_000_000_000, event };
        let written = codec::store(Conversation::EVENT_FORMAT, &stored).unwrap();
        let golden = fixture(&format!("{name}.bin"), &written);
        assert_eq!(
            codec::restore::<Stored<ConversationEvent>>(&[1], &golden).unwrap(),
            stored,
            "{name} reads otherwise"
        );
        assert_eq!(written, golden, "{name} is written otherwise");
    }
}

#[test]
fn a_snapshot_and_a_digest_of_version_1_with_changed_messages_are_read_and_written_as_ever() {
    let written = codec::store(Conversation::SNAPSHOT_FORMAT, &changed().save()).unwrap();
    let golden = fixture("snapshot-changed.bin", &written);
    assert_eq!(Conversation::restore(Uuid::from_u128(9), codec::restore(&[1], &golden).unwrap()), changed());
    assert_eq!(written, golden);
    let written = Bytes::from(changed().digest());
    let golden = fixture("digest-changed.bin", &written);
    let digest = read_digest(&golden).unwrap();
    let last = digest.last.unwrap();
    assert_eq!((digest.changed, last.deleted, last.text.as_str()), (10, true, ""));
    assert_eq!(written, golden);
}

#[test]
fn a_snapshot_of_version_1_is_read_and_written_as_ever() {
    let written = codec::store(Conversation::SNAPSHOT_FORMAT, &folded().save()).unwrap();
    let golden = fixture("snapshot.bin", &written);
    let restored = Conversation::restore(Uuid::from_u128(9), codec::restore(&[1], &golden).unwrap());
    assert_eq!(restored, folded());
    assert_eq!(written, golden);
}

#[test]
fn a_digest_of_version_1_is_read_and_written_as_ever() {
    let written = Bytes::from(folded().digest());
    let golden = fixture("digest.bin", &written);
    let digest = read_digest(&golden).unwrap();
    assert_eq!((digest.messages, digest.member_count, digest.title.as_deref()), (2, 2, Some("another")));
    assert_eq!(written, golden);
}
