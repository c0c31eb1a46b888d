//! Connections of foreign dialects: moved between rosters, and told where they stand.

use super::*;
use crate::hub::Socket;
use plenum_schema::conference::{ConferenceEvent, QuestionLive};
use plenum_schema::poll::Definition;
use plenum_schema::{ConferenceId, QuestionId};
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

/// A socket that notes how far it is, and what is asked.
struct Attentive(Rc<RefCell<Vec<String>>>);

impl Socket for Attentive {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }

    fn shut(&self, _: Shut) {}

    fn caught_up(&self, topic: Topic) {
        self.0.borrow_mut().push(format!("caught up with {topic}"));
    }

    fn asked(&self, conference: ConferenceId, question: QuestionId) {
        self.0.borrow_mut().push(format!("{conference} asks {question}"));
    }
}

#[test]
fn edges_of_foreign_dialects_know_when_they_have_caught_up_and_what_is_asked_from_then_on() {
    let mut world = World::new(HubConfig::default());
    let noted = Rc::new(RefCell::new(Vec::new()));
    let socket = Rc::new(Attentive(noted.clone()));
    let key = world.core.join(NewConnection { id: ConnectionId(Uuid::from_u128(9)), socket, dialect: FOREIGN });
    world.core.identify(key, identity(9));
    let (conference, question) = (ConferenceId(Uuid::from_u128(5)), QuestionId(Uuid::from_u128(6)));
    let topic = Topic::Conference(conference);
    world.core.subscribe(key, topic, 0, 0);
    world.settle();
    let live = QuestionLive { question, definition: Definition::default(), closes_at: None };
    let event = Event::Conference(ConferenceEvent::QuestionLive(live));
    world.core.publish(&[Publication::event(topic, 1, 0, event)]);
    world.run();
    assert_eq!(*noted.borrow(), [format!("caught up with {topic}"), format!("{conference} asks {question}")]);
}

#[test]
fn whoever_types_is_spared_their_own_typing_where_clients_cannot_tell_and_misses_nothing_else() {
    let mut world = World::new(HubConfig::default());
    let clients = [world.peer(PLENTY, FOREIGN), world.peer(PLENTY, FOREIGN), world.live(PLENTY)];
    for client in &clients[..2] {
        world.core.subscribe(client.key, TOPIC, 0, 0);
    }
    world.settle();
    let typist = world.core.identity(clients[0].key).unwrap().user;
    let signal = Signal::Typing(TypingSignal { user: typist, active: true });
    world.core.publish(&[Publication::signal(TOPIC, Class::Droppable, signal), typing(8, Class::Conflated(1))]);
    world.publish(1);
    world.run();
    let text = |client: usize| clients[client].sink.text();
    assert!(!text(0).contains(&typist.to_string()), "{}", text(0));
    assert!(text(0).contains(&user(8).to_string()), "what others do comes: {}", text(0));
    assert!(text(1).contains(&typist.to_string()) && text(1).contains(&user(8).to_string()));
    assert!(text(0).contains("titleChanged") && text(1).contains("titleChanged"));
}
