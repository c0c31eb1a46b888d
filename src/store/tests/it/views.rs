//! What became of messages, folded from a log by whoever reads it first, also after a crash between a change and its fold.

use crate::place::{Place, log, run};
use bytes::Bytes;
use futures_util::future::join_all;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::conversation::Conversation;
use plenum_actors::history::{History, HistoryConfig};
use plenum_actors::owner::Recents;
use plenum_actors::owner::recent::Span;
use plenum_actors::store::{Entry, SharedStore};
use plenum_actors::views::MessageViews;
use plenum_schema::conversation::{
    ConversationEvent, ConversationKind, Created, Message, MessageDeleted, MessageEdited, ReactionAdded,
    ReactionRemoved, Stored,
};
use plenum_schema::{Content, ConversationId, EntryId, LogId, Topic, UserId, codec};
use std::sync::Arc;
use uuid::Uuid;

const ANN: UserId = UserId(Uuid::from_u128(1));
const BEN: UserId = UserId(Uuid::from_u128(2));

/// An owner that dies right after each append: nobody folds.
struct Writer {
    store: SharedStore,
    log: LogId,
    state: Conversation,
    head: u64,
}

impl Writer {
    fn new(store: SharedStore) -> Self {
        let log = log();
        let mut writer = Self { store, log, state: Conversation::empty(log.id), head: 0 };
        let members = vec![ANN, BEN];
        let created = Created { kind: ConversationKind::Group, title: None, by: ANN, members, room: None };
        writer.write(ConversationEvent::Created(created));
        writer
    }

    fn write(&mut self, event: ConversationEvent) -> u64 {
        let id = EntryId(Uuid::new_v4());
        self.state.apply(self.head + 1, id, 7, &event);
        let digest = Conversation::needs_digest(&event).then(|| Bytes::from(self.state.digest()));
        let payload = codec::store(Conversation::EVENT_FORMAT, &Stored { at: 7, event }).unwrap();
        run(self.store.append(self.log, self.head, vec![Entry { id, payload }], digest)).unwrap();
        self.head += 1;
        self.head
    }

    fn say(&mut self, text: &str) -> u64 {
        let (id, number) = (EntryId(Uuid::new_v4()), self.state.messages() + 1);
        let message =
            Message { id, author: ANN, number, content: Content::text(text), client_ref: None, direct: false };
        self.write(ConversationEvent::Message(message))
    }

    fn edit(&mut self, target: u64, text: &str) -> u64 {
        let edited = MessageEdited { target, message: None, original: None, by: ANN, content: Content::text(text) };
        self.write(ConversationEvent::MessageEdited(edited))
    }

    fn delete(&mut self, target: u64) -> u64 {
        self.write(ConversationEvent::MessageDeleted(MessageDeleted { target, message: None, original: None, by: ANN }))
    }

    fn react(&mut self, target: u64, by: UserId, emoji: &str) -> u64 {
        self.write(ConversationEvent::ReactionAdded(ReactionAdded {
            target,
            message: None,
            original: None,
            by,
            emoji: emoji.into(),
        }))
    }

    fn unreact(&mut self, target: u64, by: UserId, emoji: &str) -> u64 {
        self.write(ConversationEvent::ReactionRemoved(ReactionRemoved {
            target,
            message: None,
            original: None,
            by,
            emoji: emoji.into(),
        }))
    }

    fn id(&self) -> ConversationId {
        ConversationId(self.log.id)
    }
}

#[test]
fn a_deleted_text_is_masked_though_nobody_has_folded_the_deletion() {
    let place = Place::new();
    let store: SharedStore = place.open();
    let mut writer = Writer::new(store.clone());
    let secret = writer.say("a secret");
    writer.edit(secret, "a worse secret");
    for number in 0..700 {
        writer.say(&format!("m{number}"));
    }
    writer.delete(secret);
    let history = History::new(store, Arc::new(Recents::default()), HistoryConfig::default());
    let topic = Topic::of_log(writer.log);
    for span in [Span::After(0), Span::After(secret), Span::Before(4), Span::Before(u64::MAX)] {
        let page = run(history.read(topic, span, 1_000, 1 << 20, 0)).unwrap();
        assert!(page.publications.iter().all(|one| !format!("{:?}", one.body()).contains("secret")), "{span:?}");
    }
}

#[test]
fn folding_at_the_same_time_again_or_in_two_parts_gives_the_same_rows() {
    let place = Place::new();
    let store: SharedStore = place.open();
    let mut writer = Writer::new(store.clone());
    let (one, two, three) = (writer.say("one"), writer.say("two"), writer.say("three"));
    writer.react(one, ANN, "👍");
    writer.react(one, BEN, "👍");
    let middle = writer.react(one, BEN, "👍");
    writer.edit(two, "zwei");
    writer.react(three, ANN, "🎉");
    writer.unreact(three, ANN, "🎉");
    let last = writer.delete(two);
    // Different processes share no locks.
    let views: Vec<MessageViews> = (0..4).map(|_| MessageViews::new(store.clone())).collect();
    let folds = join_all(views.iter().map(|views| views.fold(writer.id(), middle, None)));
    assert!(run(folds).iter().all(Result::is_ok));
    let folds = join_all(views.iter().map(|views| views.fold(writer.id(), last, None)));
    assert!(run(folds).iter().all(Result::is_ok));
    let seen = run(views[0].between(writer.id(), 1, u64::MAX)).unwrap();
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [one, two, three]);
    assert_eq!(seen[&one].reactions.len(), 1);
    assert_eq!(seen[&one].reactions[0].users, [ANN, BEN]);
    assert_eq!((seen[&two].text.as_deref(), seen[&two].deleted_at, seen[&two].revision), (None, Some(7), last));
    assert!(seen[&three].reactions.is_empty());
}

#[test]
fn who_knows_the_change_before_skips_what_lies_between_and_a_wrong_guess_skips_nothing() {
    let place = Place::new();
    let store: SharedStore = place.open();
    let mut writer = Writer::new(store.clone());
    let one = writer.say("one");
    let first = writer.edit(one, "eins");
    writer.say("between");
    let second = writer.react(one, BEN, "👍");
    let views = MessageViews::new(store);
    // The first change has not been folded: the hint does not hold yet.
    run(views.fold(writer.id(), second, Some(first))).unwrap();
    let view = run(views.get(writer.id(), one)).unwrap().unwrap();
    assert_eq!((view.text.as_deref(), view.reactions.len()), (Some("eins"), 1));
    let third = writer.edit(one, "uno");
    run(views.fold(writer.id(), third, Some(second))).unwrap();
    assert_eq!(run(views.get(writer.id(), one)).unwrap().unwrap().text.as_deref(), Some("uno"));
}
