//! The hub's rules, on sockets with a bounded amount of room and a log that answers when the test says so.

mod answers;
mod bounds;
mod dialects;
mod edges;
mod leaving;
mod mailbox;
mod overload;
mod restart;
mod walk;

use super::connection::testing::Sink;
use super::{ConnectionKey, Core, Framing, HubConfig, HubMetrics, NewConnection, Place, Shut, Wish};
use crate::clock::{Clock, ManualClock};
use crate::identity::{Identity, Scope};
use crate::publication::{Class, Dialect, Publication};
use bytes::Bytes;
use plenum_schema::codec::{Codec, decode, encode};
use plenum_schema::conversation::{ConversationEvent, MemberRemoved, TitleChanged};
use plenum_schema::wire::{CloseCode, Event, ServerFrame, Signal, TypingSignal};
use plenum_schema::{ConnectionId, ConversationId, SessionId, Topic, UserId};
use std::rc::Rc;
use std::sync::Arc;
use uuid::Uuid;

const TOPIC: Topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
const PLENTY: usize = usize::MAX / 2;

fn line(_: Dialect, frame: &ServerFrame) -> Bytes {
    let mut bytes = encode(Codec::Json, frame).unwrap();
    bytes.push(b'\n');
    bytes.into()
}

const FRAMING: Framing = Framing {
    encode: line,
    ping: |_| Bytes::from_static(b"PING\n"),
    close: |_, code, _| Bytes::from(format!("CLOSE {code}\n")),
    trail: |dialect, positions, out| {
        if !dialect.is_native() {
            out.extend_from_slice(format!("AT {}\n", places(positions.iter())).as_bytes());
        }
    },
    trailed: |dialect, positions, topic, shared, out| {
        let others = places(positions.iter().filter(|(seen, _)| *seen != topic));
        for line in shared.split_inclusive(|byte| *byte == b'\n').filter(|_| !dialect.is_native() && !others.is_empty())
        {
            out.extend_from_slice(format!("WITH {others}|").as_bytes());
            out.extend_from_slice(line);
        }
    },
};

fn places<'p>(positions: impl Iterator<Item = &'p Place>) -> String {
    let told = positions.map(|(topic, offset)| match offset {
        Some(offset) => format!("{topic}={offset}"),
        None => format!("{topic}=left"),
    });
    told.collect::<Vec<String>>().join(",")
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn event(offset: u64) -> Arc<Publication> {
    let changed = TitleChanged { title: format!("event {offset}"), by: user(1), now: None };
    Publication::event(TOPIC, offset, 0, Event::Conversation(ConversationEvent::TitleChanged(changed)))
}

fn typing(number: u128, class: Class) -> Arc<Publication> {
    Publication::signal(TOPIC, class, Signal::Typing(TypingSignal { user: user(number), active: true }))
}

/// A core, its clock, and the log behind the topic.
struct World {
    core: Core,
    clock: Arc<ManualClock>,
    log: Vec<Arc<Publication>>,
    first: u64,
}

struct Peer {
    key: ConnectionKey,
    sink: Sink,
}

impl World {
    fn new(config: HubConfig) -> Self {
        let clock = Arc::new(ManualClock::default());
        let metrics = HubMetrics::new(&prometheus::Registry::new()).unwrap();
        Self { core: Core::new(config, FRAMING, clock.clone(), metrics), clock, log: Vec::new(), first: 1 }
    }

    fn peer(&mut self, room: usize, dialect: Dialect) -> Peer {
        let sink = Sink::with_room(room);
        let id = ConnectionId(self.clock.new_id());
        let key = self.core.join(NewConnection { id, socket: Rc::new(sink.clone()), dialect });
        self.core.identify(key, identity(u128::from(key.slot) + 100));
        Peer { key, sink }
    }

    fn live(&mut self, room: usize) -> Peer {
        let peer = self.peer(room, Dialect::NativeJson);
        let head = self.log.len() as u64;
        self.core.subscribe(peer.key, TOPIC, head, head);
        self.settle();
        peer.sink.take();
        peer
    }

    fn append(&mut self, count: usize) -> Vec<Arc<Publication>> {
        let from = self.log.len();
        self.log.extend((0..count).map(|more| event((from + more) as u64 + 1)));
        self.log[from..].to_vec()
    }

    fn publish(&mut self, count: usize) {
        let batch = self.append(count);
        self.core.publish(&batch);
    }

    fn run(&mut self) {
        let mut slices = 0;
        while self.core.slice() {
            slices += 1;
            assert!(slices < 100_000, "slices without end");
        }
    }

    fn settle(&mut self) {
        loop {
            self.run();
            let wishes = self.core.take_wishes();
            if wishes.is_empty() {
                return;
            }
            wishes.iter().for_each(|wish| self.answer(wish, 3));
        }
    }

    fn answer(&mut self, wish: &Wish, events: usize) {
        let (Wish::Page { after, .. } | Wish::Repair { after, .. }) = *wish;
        let page: Vec<_> = self
            .log
            .iter()
            .filter(|event| event.offset().is_some_and(|offset| offset > after && offset >= self.first))
            .take(events)
            .cloned()
            .collect();
        match wish {
            Wish::Page { key, topic, .. } => self.core.page(*key, *topic, Some((&page, self.first))),
            Wish::Repair { topic, .. } => self.core.repaired(*topic, Some((&page, self.first))),
        }
    }
}

fn identity(number: u128) -> Identity {
    Identity {
        user: user(number),
        session: SessionId(Uuid::from_u128(number)),
        expires_at: i64::MAX,
        ends_at: i64::MAX,
        scope: Scope::default(),
    }
}

fn frames(text: &str) -> Vec<ServerFrame> {
    let frames = text.lines().filter(|line| line.starts_with('{'));
    frames.map(|line| decode(Codec::Json, line.as_bytes()).unwrap()).collect()
}

fn offsets(text: &str) -> Vec<u64> {
    let offset = |frame| if let ServerFrame::Event(event) = frame { Some(event.offset) } else { None };
    frames(text).into_iter().filter_map(offset).collect()
}

fn goodbye(text: &str) -> Option<plenum_schema::wire::Goodbye> {
    frames(text)
        .into_iter()
        .find_map(|frame| if let ServerFrame::Goodbye(goodbye) = frame { Some(goodbye) } else { None })
}

#[test]
fn everyone_gets_every_event_in_order_and_several_in_one_write() {
    let mut world = World::new(HubConfig::default());
    let peers: Vec<_> = (0..5).map(|_| world.live(PLENTY)).collect();
    let before: Vec<_> = peers.iter().map(|peer| peer.sink.writes.get()).collect();
    world.publish(4);
    world.run();
    for (peer, before) in peers.iter().zip(before) {
        assert_eq!(offsets(&peer.sink.text()), [1, 2, 3, 4]);
        assert_eq!(peer.sink.writes.get() - before, 1);
    }
}

#[test]
fn a_socket_that_takes_only_a_part_is_asked_until_it_refuses() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    peer.sink.make_room(10);
    world.publish(1);
    world.run();
    assert!(peer.sink.refused.get(), "nobody would tell when there is room again");
    peer.sink.make_room(PLENTY);
    world.core.writable(peer.key);
    world.run();
    assert_eq!(offsets(&peer.sink.text()), [1]);
}

#[test]
fn a_topic_that_rests_joins_what_arrives_meanwhile() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    world.core.topics.iter_mut().for_each(|(_, state)| state.rest_until = 5_000);
    let before = peer.sink.writes.get();
    world.publish(1);
    world.run();
    world.publish(1);
    world.run();
    assert_eq!((offsets(&peer.sink.text()).len(), world.core.next_wake()), (0, Some(5_000)));
    world.clock.advance(5);
    world.run();
    assert_eq!((offsets(&peer.sink.text()), peer.sink.writes.get() - before), (vec![1, 2], 1));
}

#[test]
fn a_repeated_publication_is_delivered_once() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    world.publish(2);
    let again = world.log.clone();
    world.core.publish(&again);
    world.run();
    assert_eq!(offsets(&peer.sink.text()), [1, 2]);
}

#[test]
fn a_publication_that_went_missing_is_read_from_the_log() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    world.append(3);
    world.publish(1);
    world.settle();
    assert_eq!(offsets(&peer.sink.text()), [1, 2, 3, 4]);
}

#[test]
fn an_announced_head_is_read_from_the_log() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    world.append(2);
    world.core.announce(TOPIC, 2);
    world.settle();
    assert_eq!(offsets(&peer.sink.text()), [1, 2]);
}

#[test]
fn what_retention_removed_is_told_as_a_gap() {
    let mut world = World::new(HubConfig::default());
    world.append(10);
    world.first = 6;
    let peer = world.peer(PLENTY, Dialect::NativeJson);
    world.core.subscribe(peer.key, TOPIC, 2, 10);
    world.settle();
    let gap = frames(&peer.sink.text())
        .into_iter()
        .find_map(|frame| if let ServerFrame::Gap(gap) = frame { Some(gap) } else { None });
    assert_eq!(gap.map(|gap| (gap.from, gap.to)), Some((3, 5)));
    assert_eq!(offsets(&peer.sink.text()), [6, 7, 8, 9, 10]);
}

#[test]
fn a_slow_consumer_is_closed_and_told_where_to_resume() {
    let mut world = World::new(HubConfig { outbox_bytes: 2_000, outbox_soft_bytes: 1_000, ..HubConfig::default() });
    let (slow, healthy) = (world.live(10), world.live(PLENTY));
    for _ in 0..30 {
        world.publish(1);
        world.run();
    }
    assert_eq!(offsets(&healthy.sink.text()).len(), 30);
    slow.sink.make_room(PLENTY);
    world.core.writable(slow.key);
    world.run();
    let text = slow.sink.text();
    let (got, goodbye) = (offsets(&text), goodbye(&text).unwrap());
    assert_eq!(goodbye.code, CloseCode::SlowConsumer.code());
    assert_eq!(goodbye.positions.get(&TOPIC).copied(), Some(got.last().copied().unwrap_or(0)));
    assert!(text.ends_with("CLOSE 4008\n"));
    assert_eq!(slow.sink.shut.get(), Some(Shut::AwaitPeer));
}

#[test]
fn a_slow_connection_goes_without_typing_but_keeps_its_events_and_the_newest_conflated_signal() {
    let mut world = World::new(HubConfig { outbox_soft_bytes: 1, ..HubConfig::default() });
    let slow = world.live(10);
    world.publish(1);
    world.run();
    world.core.publish(&[typing(7, Class::Droppable), typing(8, Class::Conflated(1)), typing(9, Class::Conflated(1))]);
    world.publish(1);
    world.run();
    slow.sink.make_room(PLENTY);
    world.core.writable(slow.key);
    world.run();
    let text = slow.sink.text();
    assert_eq!(offsets(&text), [1, 2]);
    let signals: Vec<_> = text.lines().filter(|line| line.starts_with("{\"signal\"")).collect();
    assert_eq!(signals.len(), 1, "{text}");
    assert!(signals[0].contains(&user(9).to_string()));
}

#[test]
fn a_removed_member_hears_of_it_and_nothing_more() {
    let mut world = World::new(HubConfig::default());
    let (gone, stays) = (world.live(PLENTY), world.live(PLENTY));
    let removed = MemberRemoved { user: world.core.identity(gone.key).unwrap().user, by: user(1), now: None };
    let publication = Publication::event(TOPIC, 1, 0, Event::Conversation(ConversationEvent::MemberRemoved(removed)));
    world.log.push(publication.clone());
    world.core.publish(&[publication]);
    world.run();
    world.publish(1);
    world.run();
    assert_eq!(offsets(&gone.sink.text()), [1]);
    assert_eq!(offsets(&stays.sink.text()), [1, 2]);
}

#[test]
fn an_ended_session_closes_its_connections() {
    let mut world = World::new(HubConfig::default());
    let (ended, other) = (world.live(PLENTY), world.live(PLENTY));
    let session = world.core.identity(ended.key).unwrap().session;
    world.core.end_sessions(&[session]);
    world.run();
    assert!(ended.sink.text().ends_with("CLOSE 4502\n"));
    assert_eq!(goodbye(&ended.sink.text()).unwrap().retry_after_ms, None);
    assert_eq!(other.sink.text(), "");
}

#[test]
fn the_silent_the_unidentified_and_the_expired_are_closed_and_cut_off_when_they_do_not_answer() {
    let mut world = World::new(HubConfig::default());
    let sink = Sink::with_room(PLENTY);
    let unidentified = NewConnection {
        id: ConnectionId(Uuid::from_u128(1)),
        socket: Rc::new(sink.clone()),
        dialect: Dialect::NativeJson,
    };
    world.core.join(unidentified);
    let silent = world.live(0);
    world.clock.advance(10_001);
    world.core.sweep(100);
    world.run();
    assert!(sink.text().ends_with("CLOSE 4500\n"));
    world.clock.advance(50_000);
    world.core.sweep(100);
    world.run();
    assert_eq!(silent.sink.shut.get(), None, "a peer that does not read cannot be told");
    world.clock.advance(5_001);
    world.core.sweep(100);
    assert_eq!(silent.sink.shut.get(), Some(Shut::Now));
    assert_eq!(sink.shut.get(), Some(Shut::Now));
}

#[test]
fn a_heartbeat_tells_the_top_of_each_topic() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    world.publish(3);
    world.run();
    world.clock.advance(25_001);
    world.core.sweep(100);
    world.run();
    let text = peer.sink.text();
    let beat =
        frames(&text).into_iter().find_map(|f| if let ServerFrame::Heartbeat(beat) = f { Some(beat) } else { None });
    assert_eq!(beat.and_then(|beat| beat.tops.get(&TOPIC).copied()), Some(3));
    assert!(text.contains("PING\n"));
}

#[test]
fn when_everybody_has_left_nothing_is_left() {
    let mut world = World::new(HubConfig::default());
    let peers: Vec<_> = (0..20).map(|number| world.live(if number % 2 == 0 { PLENTY } else { 10 })).collect();
    world.publish(5);
    world.core.slice();
    peers.iter().for_each(|peer| world.core.leave(peer.key));
    world.settle();
    assert!(world.core.is_empty() && world.core.topics.is_empty() && world.core.by_session.is_empty());
    let metrics = &world.core.metrics;
    let gauges = [&metrics.connections, &metrics.topics, &metrics.subscriptions, &metrics.outbox_bytes];
    assert_eq!(gauges.map(prometheus::IntGauge::get), [0, 0, 0, 0]);
}
