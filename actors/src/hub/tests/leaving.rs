//! The end of a node: who is told when to come back, and who is closed when.

use super::*;
use crate::hub::Farewell;
use crate::publication::{Parser, Vocabulary};

const FOREIGN: Dialect = Dialect::SocketIoJson;
const SPREAD: Farewell = Farewell { window_ms: 4_000, spread_ms: 4_000 };

fn closed(peers: &[Peer]) -> usize {
    peers.iter().filter(|peer| peer.sink.text().contains("CLOSE 4000")).count()
}

impl World {
    fn pass(&mut self, milliseconds: u64) {
        self.clock.advance(milliseconds);
        self.core.sweep(1_000);
        self.settle();
    }
}

#[test]
fn who_can_be_told_is_closed_at_once_with_a_time_of_its_own_and_who_cannot_is_closed_at_one() {
    let mut world = World::new(HubConfig::default());
    let dialects = [Dialect::NativeJson, FOREIGN, Dialect::HttpJson, FOREIGN];
    let peers: Vec<Peer> = (0..40).map(|number| world.peer(PLENTY, dialects[number % 4])).collect();
    let (told, untold): (Vec<_>, Vec<_>) = (0_usize..).zip(peers).partition(|(number, _)| number % 2 == 0);
    let [told, untold] = [told, untold].map(|peers| peers.into_iter().map(|(_, peer)| peer).collect::<Vec<Peer>>());
    world.core.drain(SPREAD);
    world.settle();
    let delays: Vec<u64> =
        told.iter().map(|peer| goodbye(&peer.sink.text()).unwrap().retry_after_ms.unwrap()).collect();
    assert_eq!(delays, (0..20).map(|place| 400 + 180 * place).collect::<Vec<_>>());
    let mut left = vec![closed(&untold)];
    for _ in 0..8 {
        world.pass(500);
        left.push(closed(&untold));
    }
    assert_eq!(left, [1, 3, 6, 8, 11, 13, 16, 18, 20], "200 ms each, no two at once");
}

#[test]
fn every_dialect_of_socket_io_is_spread_and_no_other() {
    for dialect in Dialect::ALL {
        let mut world = World::new(HubConfig::default());
        let peers = [world.peer(PLENTY, dialect), world.peer(PLENTY, dialect)];
        world.core.drain(SPREAD);
        world.settle();
        let is_foreign = dialect.as_socket_io().is_some();
        assert_eq!(closed(&peers), if is_foreign { 1 } else { 2 }, "{dialect:?}");
        world.pass(2_000);
        assert_eq!(closed(&peers), 2, "{dialect:?}");
    }
}

#[test]
fn who_waits_to_be_closed_goes_on_hearing() {
    let mut world = World::new(HubConfig::default());
    let peers = [world.peer(PLENTY, FOREIGN), world.peer(PLENTY, FOREIGN)];
    peers.iter().for_each(|peer| world.core.subscribe(peer.key, TOPIC, 0, 0));
    world.settle();
    world.core.drain(SPREAD);
    world.settle();
    world.publish(2);
    world.settle();
    assert_eq!(peers.each_ref().map(|peer| offsets(&peer.sink.text()).len()), [0, 2]);
    world.pass(1_999);
    assert_eq!(closed(&peers), 1);
    world.pass(1);
    assert_eq!(closed(&peers), 2);
}

#[test]
fn who_comes_while_everybody_leaves_does_not_outstay_the_others() {
    let mut world = World::new(HubConfig::default());
    let early: Vec<Peer> = (0..4).map(|_| world.peer(PLENTY, FOREIGN)).collect();
    world.core.drain(SPREAD);
    let dialect = Dialect::socket_io(Parser::Json, Vocabulary::Hyphen);
    let late = [world.peer(PLENTY, dialect), world.peer(PLENTY, Dialect::NativeJson)];
    world.pass(2_900);
    assert_eq!((closed(&early), closed(&late)), (3, 0));
    world.pass(100);
    assert_eq!((closed(&early), closed(&late)), (4, 2));
    assert_eq!(goodbye(&late[1].sink.text()).unwrap().retry_after_ms, Some(400));
    let later = [world.peer(PLENTY, dialect)];
    world.pass(250);
    assert_eq!(closed(&later), 1);
}

#[test]
fn without_time_all_are_closed_at_once_also_those_who_were_to_be_closed_later() {
    let mut world = World::new(HubConfig::default());
    let peers: Vec<Peer> = (0..4).map(|_| world.peer(PLENTY, FOREIGN)).collect();
    world.core.drain(SPREAD);
    world.settle();
    assert_eq!(closed(&peers), 1);
    world.core.drain(Farewell::default());
    world.settle();
    assert_eq!(closed(&peers), 4);
    let mut alone = World::new(HubConfig::default());
    let peers: Vec<Peer> = (0..4).map(|_| alone.peer(PLENTY, FOREIGN)).collect();
    alone.core.drain(Farewell { window_ms: 4_000, spread_ms: 0 });
    alone.settle();
    assert_eq!(closed(&peers), 4);
}
