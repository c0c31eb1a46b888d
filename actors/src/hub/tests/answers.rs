//! Answers, pongs and ends of one connection: what may wait of them, and who counts as slow.

use super::*;
use crate::hub::Breach;
use crate::hub::outbox::OVERHEAD;
use plenum_schema::RefusalCode;
use plenum_schema::wire::RefusalFrame;

const LIMIT: usize = 4_000;

fn small() -> HubConfig {
    HubConfig { outbox_bytes: LIMIT, outbox_soft_bytes: LIMIT, ..HubConfig::default() }
}

/// An answer of about so many bytes.
fn answer(id: u32, bytes: usize) -> ServerFrame {
    let refusal = plenum_schema::Refusal::new(RefusalCode::Invalid, "x".repeat(bytes));
    ServerFrame::Refusal(RefusalFrame { id: Some(id), refusal })
}

fn answered(text: &str) -> Vec<u32> {
    let id = |frame| if let ServerFrame::Refusal(refusal) = frame { refusal.id } else { None };
    frames(text).into_iter().filter_map(id).collect()
}

/// A live connection that has taken everything so far and takes nothing from now on.
fn deaf(world: &mut World) -> Peer {
    let peer = world.live(PLENTY);
    peer.sink.make_room(0);
    peer
}

fn waiting(world: &World) -> i64 {
    world.core.metrics.outbox_bytes.get()
}

fn closed(world: &World, reason: &str) -> u64 {
    world.core.metrics.closed.with_label_values(&[reason]).get()
}

#[test]
fn whoever_reads_is_not_slow_however_much_it_is_answered_at_once() {
    let mut world = World::new(small());
    let peer = world.live(PLENTY);
    // All of them before the first slice, which would write them.
    (1..=20).for_each(|id| world.core.push(peer.key, &answer(id, 1_000)));
    world.run();
    assert_eq!(answered(&peer.sink.text()), (1..=20).collect::<Vec<_>>());
    assert!(goodbye(&peer.sink.text()).is_none());
}

#[test]
fn one_answer_always_goes_to_a_connection_for_which_nothing_waits() {
    let mut world = World::new(small());
    let peer = deaf(&mut world);
    world.core.push(peer.key, &answer(1, 3 * LIMIT));
    world.run();
    assert!(world.core.is_open(peer.key));
    peer.sink.make_room(PLENTY);
    world.core.writable(peer.key);
    world.run();
    assert_eq!(answered(&peer.sink.take()), [1]);
    peer.sink.make_room(0);
    (2..=3).for_each(|id| world.core.push(peer.key, &answer(id, 3 * LIMIT)));
    assert!(!world.core.is_open(peer.key), "the second is too much for one that does not read");
}

#[test]
fn a_round_asks_the_socket_before_it_calls_a_connection_slow() {
    let mut world = World::new(small());
    let peer = world.live(PLENTY);
    (1..=3).for_each(|id| world.core.push(peer.key, &answer(id, 1_000)));
    world.publish(12);
    world.run();
    assert_eq!((answered(&peer.sink.text()).len(), offsets(&peer.sink.text()).len()), (3, 12));
    assert!(goodbye(&peer.sink.text()).is_none());
}

#[test]
fn answers_that_may_be_refused_are_when_too_many_wait_and_events_are_no_answers() {
    let mut world = World::new(small());
    let peer = deaf(&mut world);
    world.publish(5);
    world.run();
    let events = waiting(&world);
    assert!(events > 500);
    let most = 1_800;
    assert!(!world.core.is_crowded(peer.key, most), "events are no answers");
    let offered: Vec<bool> = (1..=3).map(|id| world.core.offer(peer.key, &answer(id, 600), most)).collect();
    assert_eq!(offered, [true, true, false]);
    assert!(!world.core.is_crowded(peer.key, most) && world.core.is_crowded(peer.key, 1_400));
    assert!(!world.core.offer(peer.key, &answer(4, LIMIT), LIMIT * 9), "nor what would be the end of the connection");
    assert!(world.core.is_open(peer.key) && waiting(&world) <= events + 1_800);
    peer.sink.make_room(PLENTY);
    world.core.writable(peer.key);
    assert!(!world.core.is_crowded(peer.key, 1));
    assert!(world.core.offer(peer.key, &answer(5, 600), most));
    world.run();
    assert_eq!(answered(&peer.sink.text()), [1, 2, 5]);
    assert_eq!(waiting(&world), 0);
}

#[test]
fn of_any_number_of_pings_that_cannot_be_answered_the_newest_is() {
    let mut world = World::new(HubConfig::default());
    let sink = Sink::with_room(4);
    let id = ConnectionId(Uuid::from_u128(1));
    let new = NewConnection { id, socket: Rc::new(sink.clone()), dialect: Dialect::NativeJson };
    // Nobody has identified.
    let key = world.core.join(new);
    for number in 0..10_000 {
        world.core.pong(key, Bytes::from(format!("PONG {number}\n")));
        world.core.slice();
        assert!(waiting(&world) <= i64::try_from(2 * (OVERHEAD + 11)).unwrap(), "{}", waiting(&world));
    }
    assert!(world.core.is_open(key));
    sink.make_room(PLENTY);
    world.core.writable(key);
    world.run();
    assert_eq!(sink.text(), "PONG 0\nPONG 9999\n");
}

#[test]
fn whoever_reads_gets_each_of_its_pongs_in_order() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    (0..10).for_each(|number| world.core.pong(peer.key, Bytes::from(format!("PONG {number}\n"))));
    world.run();
    let wanted: String = (0..10).map(|number| format!("PONG {number}\n")).collect();
    assert_eq!(peer.sink.text(), wanted);
}

#[test]
fn small_pieces_count_for_more_than_their_bytes() {
    let mut world = World::new(small());
    let peer = world.live(0);
    (0..1_000).for_each(|_| world.core.push_bytes(peer.key, Bytes::from_static(b"1\n")));
    assert!(!world.core.is_open(peer.key), "a thousand pieces of two bytes take more than two thousand bytes");
}

#[test]
fn broken_rules_and_those_who_do_not_answer_a_close_are_counted() {
    let mut world = World::new(HubConfig::default());
    let peers: Vec<_> = (0..3).map(|_| world.live(0)).collect();
    for (peer, breach) in peers.iter().zip([Breach::Framing, Breach::Text, Breach::Size]) {
        world.core.breach(peer.key, Bytes::from_static(b"CLOSE\n"), breach);
        world.core.breach(peer.key, Bytes::from_static(b"CLOSE\n"), breach);
    }
    assert_eq!(["broken frame", "no UTF-8", "too large", "cut off"].map(|reason| closed(&world, reason)), [1, 1, 1, 0]);
    world.clock.advance(5_001);
    world.core.sweep(100);
    assert_eq!(closed(&world, "cut off"), 3);
}

#[test]
fn a_session_that_ended_during_its_check_is_not_let_in_however_many_ended_with_it() {
    let mut world = World::new(HubConfig { ended_sessions: 4, ..HubConfig::default() });
    let join = |world: &mut World| {
        let (sink, id) = (Sink::with_room(PLENTY), ConnectionId(world.clock.new_id()));
        let new = NewConnection { id, socket: Rc::new(sink.clone()), dialect: Dialect::NativeJson };
        (world.core.join(new), sink)
    };
    let session = |number: u128| SessionId(Uuid::from_u128(number));
    let (checked, other) = (join(&mut world), join(&mut world));
    world.core.end_sessions(&[session(500)]);
    world.core.end_sessions(&(1..=4).map(session).collect::<Vec<_>>());
    world.core.identify(checked.0, identity(500));
    assert!(!world.core.is_open(checked.0), "its end was forgotten");
    world.run();
    let said = goodbye(&checked.1.text()).expect("a goodbye");
    assert_eq!((said.code, said.retry_after_ms), (CloseCode::Internal.code(), Some(0)), "its token is checked again");
    world.core.is_checked(other.0);
    world.core.end_sessions(&(5..=8).map(session).collect::<Vec<_>>());
    world.core.identify(other.0, identity(501));
    assert!(world.core.is_open(other.0), "all that ended since its check began are remembered");
}
