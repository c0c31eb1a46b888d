//! Connections of foreign dialects: moved between rosters, and told where they stand.

use super::*;
use crate::hub::Socket;
use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::rc::Rc;

const OTHER: Topic = Topic::Conversation(ConversationId(Uuid::from_u128(2)));
const FOREIGN: Dialect = Dialect::SocketIoJson;

fn of(topic: Topic, offset: u64) -> Arc<Publication> {
    let changed = TitleChanged { title: "x".into(), by: user(1), now: None };
    Publication::event(topic, offset, 0, Event::Conversation(ConversationEvent::TitleChanged(changed)))
}

/// A connection of a foreign dialect that is live on both topics and told its positions.
fn tracked(world: &mut World, room: usize) -> Peer {
    let peer = world.peer(room, FOREIGN);
    world.core.trail(peer.key, Vec::new(), 8);
    for topic in [TOPIC, OTHER] {
        world.core.subscribe(peer.key, topic, 0, 0);
    }
    world.settle();
    peer.sink.take();
    peer
}

fn said(text: &str) -> Vec<String> {
    let short = |at: &str| at.replace(&TOPIC.to_string(), "one").replace(&OTHER.to_string(), "two");
    let offset = |line: &str| offsets(line).first().map_or_else(|| line.to_owned(), u64::to_string);
    let word =
        |line: &str| match (line.strip_prefix("AT "), line.strip_prefix("WITH ").and_then(|own| own.split_once('|'))) {
            (Some(at), _) => format!("AT {}", short(at)),
            (None, Some((others, line))) => format!("{} with {}", offset(line), short(others)),
            (None, None) => offset(line),
        };
    text.lines().map(word).filter(|word| !word.contains("caughtUp")).collect()
}

#[test]
fn from_the_second_topic_on_each_event_tells_all_positions() {
    let mut world = World::new(HubConfig::default());
    let peer = tracked(&mut world, PLENTY);
    world.core.publish(&[of(TOPIC, 1)]);
    world.run();
    assert_eq!(said(&peer.sink.take()), ["1"]);
    let before = peer.sink.writes.get();
    world.core.publish(&[of(OTHER, 1)]);
    world.run();
    assert_eq!((said(&peer.sink.take()), peer.sink.writes.get() - before), (vec!["1 with one=1".into()], 1));
    world.core.publish(&[of(TOPIC, 2), of(TOPIC, 3)]);
    world.run();
    assert_eq!(said(&peer.sink.take()), ["2 with two=1", "3 with two=1"]);
}

#[test]
fn a_socket_with_little_room_gets_the_same_bytes_in_the_same_order() {
    let all = |room: usize| {
        let mut world = World::new(HubConfig::default());
        let peer = tracked(&mut world, PLENTY);
        peer.sink.make_room(room);
        for offset in 1..=4 {
            world.core.publish(&[of(TOPIC, offset)]);
            world.run();
            world.core.publish(&[of(OTHER, offset)]);
            world.run();
        }
        for _ in 0..4_000 {
            peer.sink.make_room(room.max(1));
            world.core.writable(peer.key);
            world.run();
        }
        peer.sink.text()
    };
    let plenty = all(PLENTY);
    assert_eq!(said(&plenty).len(), 8);
    for room in [0, 1, 7, 100, 333] {
        assert_eq!(all(room), plenty, "{room}");
    }
}

#[test]
fn what_a_client_joins_later_is_told_at_once() {
    let mut world = World::new(HubConfig::default());
    let peer = tracked(&mut world, PLENTY);
    world.core.tell_position(peer.key, OTHER, Some(0));
    world.run();
    assert_eq!(said(&peer.sink.take()), ["AT two=0"]);
    world.core.publish(&[of(TOPIC, 1)]);
    world.run();
    assert_eq!(said(&peer.sink.take()), ["1 with two=0"]);
}

/// A socket that notes what it is told.
struct Listener(Rc<RefCell<Vec<Signal>>>);

impl Socket for Listener {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }

    fn shut(&self, _: Shut) {}

    fn told(&self, signal: &Signal) {
        self.0.borrow_mut().push(signal.clone());
    }
}

#[test]
fn edges_of_foreign_dialects_are_told_the_signals_of_topics_without_a_log() {
    let mut world = World::new(HubConfig::default());
    let told = Rc::new(RefCell::new(Vec::new()));
    let socket = Rc::new(Listener(told.clone()));
    let key = world.core.join(NewConnection { id: ConnectionId(Uuid::from_u128(9)), socket, dialect: FOREIGN });
    world.core.identify(key, identity(9));
    let own = Topic::User(user(9));
    for topic in [own, TOPIC] {
        world.core.subscribe(key, topic, 0, 0);
    }
    world.settle();
    let signal = Signal::Typing(TypingSignal { user: user(3), active: true });
    for topic in [own, TOPIC] {
        world.core.publish(&[Publication::signal(topic, Class::Droppable, signal.clone())]);
    }
    world.run();
    assert_eq!(*told.borrow(), [signal]);
}
