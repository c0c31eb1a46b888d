//! The orderly end: everybody is told when to come back, and nothing is lost.

use crate::socket::SOON;
use crate::socket::peer::{BOTH, Heard, Peer, send};
use crate::socket::program::Program;
use crate::socket::world::{Person, World};
use plenum_schema::codec::Codec;
use plenum_schema::wire::{Ack, AckResult, CloseCode, Goodbye, RefusalFrame, ServerFrame};
use plenum_schema::{Offset, RefusalCode, Topic};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

const CONNECTIONS: usize = 50;
const WINDOW_MS: u64 = 4_000;
/// Connections that send until the end.
const SENDERS: usize = 5;

/// What one connection has seen.
#[derive(Default)]
struct Seen {
    offsets: Vec<Offset>,
    /// References of sends by how they were answered.
    acked: HashMap<String, Offset>,
    refused: Vec<String>,
    unanswered: Vec<String>,
    goodbye: Option<Goodbye>,
}

/// Reads to the end; a sender sends a message for each that it hears, so that some are on their way when the end comes.
async fn attend(mut peer: Peer, topic: Topic, sender: Option<usize>) -> Seen {
    let (mut seen, mut open, mut next) = (Seen::default(), HashMap::new(), 0);
    let mut pending = sender.map_or(0, |_| 3);
    loop {
        while let Some(number) = sender.filter(|_| pending > 0 && seen.goodbye.is_none()) {
            let reference = format!("sender {number} message {next}");
            let Ok(id) = peer.try_push(send(topic, Some(&reference), &reference)).await else { break };
            open.insert(id, reference);
            (next, pending) = (next + 1, pending - 1);
        }
        match peer.hear().await {
            Heard::Frame(ServerFrame::Event(event)) => seen.offsets.push(event.offset),
            Heard::Frame(ServerFrame::Ack(Ack { id, result: AckResult::Sent(sent) })) => {
                seen.acked.insert(open.remove(&id).unwrap(), sent.offset);
                pending += 1;
            }
            Heard::Frame(ServerFrame::Refusal(RefusalFrame { id: Some(id), refusal })) => {
                assert_eq!(refusal.code, RefusalCode::Draining, "{refusal}");
                seen.refused.push(open.remove(&id).unwrap());
            }
            Heard::Frame(ServerFrame::Goodbye(goodbye)) => seen.goodbye = Some(goodbye),
            Heard::Close(code, _) => {
                assert_eq!(code, CloseCode::Draining.code());
                let close = [&[0x88, 0x82, 0, 0, 0, 0][..], &code.to_be_bytes()].concat();
                let _gone = peer.write(&close).await;
            }
            Heard::End => {
                seen.unanswered = open.into_values().collect();
                return seen;
            }
            _ => {}
        }
    }
}

async fn connect_all(program: &Program, people: &[Person], topic: Topic) -> Vec<Peer> {
    let mut peers = Vec::new();
    for number in 0..CONNECTIONS {
        let mut peer = Peer::connect(program.address, BOTH[number % 2]).await;
        peer.identify(&people[number % people.len()].token).await;
        peer.follow(topic).await;
        peers.push(peer);
    }
    peers
}

#[tokio::test]
async fn a_terminated_server_says_goodbye_to_everybody_ends_with_0_and_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let people = world.people(10).await;
    let topic = world.group(&people.iter().collect::<Vec<_>>());
    world.end().await;
    let mut program = Program::start(data.path(), &[&format!("drain.window_ms={WINDOW_MS}")]);
    let peers = connect_all(&program, &people, topic).await;
    let mut watcher = Peer::connect(program.address, Codec::Json).await;
    watcher.identify(&people[0].token).await;
    watcher.follow(topic).await;
    let attending: Vec<_> = peers
        .into_iter()
        .enumerate()
        .map(|(number, peer)| tokio::spawn(attend(peer, topic, (number < SENDERS).then_some(number))))
        .collect();
    // In the middle of the conversation.
    let deadline = Instant::now() + SOON;
    while watcher.expect_event().await.offset < 50 {
        assert!(Instant::now() < deadline);
    }
    program.terminate();
    let watching = tokio::spawn(attend(watcher, topic, None));
    let mut all = Vec::new();
    for one in attending {
        all.push(one.await.unwrap());
    }
    watching.await.unwrap();
    assert_eq!(program.ended().await.code(), Some(0));
    check_goodbyes(&all, topic);
    check_after_restart(data.path(), &people, topic, all).await;
}

fn check_goodbyes(all: &[Seen], topic: Topic) {
    let mut delays = BTreeSet::new();
    for seen in all {
        let goodbye = seen.goodbye.as_ref().expect("everybody gets a goodbye");
        assert_eq!(goodbye.code, CloseCode::Draining.code());
        delays.insert(goodbye.retry_after_ms.expect("a time to come back"));
        let last = seen.offsets.last().copied().unwrap_or(1);
        assert_eq!(goodbye.positions.get(&topic), Some(&last), "the last offset handed over");
        assert!(seen.offsets.iter().copied().eq(2..=last), "everything until then, once and in order");
    }
    // Two workers spread their connections over the window independently of each other.
    assert!(delays.len() >= CONNECTIONS / 2, "{delays:?}");
    let (first, last) = (*delays.first().unwrap(), *delays.last().unwrap());
    assert!(first < WINDOW_MS / 4 && (WINDOW_MS / 2..WINDOW_MS).contains(&last), "{delays:?}");
}

async fn check_after_restart(data: &std::path::Path, people: &[Person], topic: Topic, all: Vec<Seen>) {
    let program = Program::start(data, &[]);
    let mut reader = Peer::connect(program.address, Codec::Json).await;
    reader.identify(&people[0].token).await;
    let log = reader.whole_history(topic).await;
    let mut found = HashMap::new();
    for (offset, text) in crate::socket::peer::texts(&log) {
        assert!(found.insert(text, offset).is_none(), "nothing is doubled");
    }
    for seen in &all {
        for (reference, offset) in &seen.acked {
            assert_eq!(found.get(reference), Some(offset), "what was acknowledged is there");
        }
        assert!(seen.refused.iter().all(|reference| !found.contains_key(reference)), "what was refused is not");
    }
    for (number, seen) in all.into_iter().enumerate() {
        let mut peer = Peer::connect(program.address, BOTH[(number + 1) % 2]).await;
        peer.identify(&people[number % people.len()].token).await;
        let position = seen.goodbye.unwrap().positions[&topic];
        let head = peer.subscribe(topic, Some(position)).await.head;
        let (gaps, offsets, _) = peer.expect_caught_up().await;
        assert_eq!((gaps.len(), offsets), (0, (position + 1..=head).collect::<Vec<_>>()));
        for reference in seen.unanswered {
            let sent = peer.send(topic, Some(&reference), &reference).await;
            assert_eq!(sent.duplicate, found.contains_key(&reference), "a repetition is safe");
        }
    }
}

#[tokio::test]
async fn what_is_sent_after_the_goodbye_is_neither_answered_nor_carried_out() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let people = world.people(2).await;
    let topic = world.group(&people.iter().collect::<Vec<_>>());
    world.end().await;
    let mut program = Program::start(data.path(), &["drain.window_ms=0"]);
    let mut peers = Vec::new();
    for codec in BOTH {
        let mut peer = Peer::connect(program.address, codec).await;
        peer.identify(&people[0].token).await;
        peers.push(peer);
    }
    program.terminate();
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.find("a goodbye", |heard| matches!(heard, Heard::Frame(ServerFrame::Goodbye(_))).then_some(())).await;
        // The peer has not closed yet: the connection is still there to write on.
        let reference = format!("too late {number}");
        let _gone = peer.try_push(send(topic, Some(&reference), &reference)).await;
        loop {
            match peer.hear().await {
                Heard::Frame(frame) => panic!("an answer after the goodbye: {frame:?}"),
                Heard::Close(code, _) => {
                    assert_eq!(code, CloseCode::Draining.code());
                    let close = [&[0x88, 0x82, 0, 0, 0, 0][..], &code.to_be_bytes()].concat();
                    let _gone = peer.write(&close).await;
                }
                Heard::End => break,
                _ => {}
            }
        }
    }
    assert_eq!(program.ended().await.code(), Some(0));
    let program = Program::start(data.path(), &[]);
    let mut reader = Peer::connect(program.address, Codec::Json).await;
    reader.identify(&people[0].token).await;
    assert_eq!(crate::socket::peer::texts(&reader.whole_history(topic).await), []);
}

#[tokio::test]
async fn while_it_drains_a_server_takes_no_new_connections() {
    let world = World::start();
    let people = world.people(1).await;
    // It reads nothing: the drain has to wait until it is cut off.
    let _idle = world.peer(Codec::Json, &people[0]).await;
    let address = world.address();
    let ending = tokio::spawn(world.end());
    let deadline = Instant::now() + SOON;
    // Refused by the system: nobody hangs in a queue that nobody reads.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        assert!(Instant::now() < deadline, "new connections are still taken");
        tokio::task::yield_now().await;
    }
    assert!(!ending.is_finished(), "refused before the end, not by it");
    tokio::time::timeout(SOON, ending).await.expect("ends in time").unwrap();
}
