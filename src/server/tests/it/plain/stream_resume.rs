//! Wherever a stream breaks, the browser comes back with `Last-Event-ID` and has everything once.

use super::events::Stream;
use crate::socket::peer::Peer;
use crate::socket::program::Program;
use crate::socket::wire::narrow_tcp;
use crate::socket::world::{Person, World};
use crate::socket::{SOON, eventually};
use plenum_schema::codec::Codec;
use plenum_schema::wire::{CloseCode, ServerFrame};
use plenum_schema::{Offset, Topic};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

/// What a page has seen.
#[derive(Default)]
struct Page {
    last_id: String,
    seen: BTreeMap<Topic, Vec<Offset>>,
}

impl Page {
    /// Reads until something has been seen `count` times, or the stream ends; then the connection breaks.
    async fn attend(&mut self, mut stream: Stream, count: usize) {
        let mut events = 0;
        while events < count {
            match stream.next().await {
                Some(ServerFrame::Event(event)) => {
                    self.seen.entry(event.topic).or_default().push(event.offset);
                    events += 1;
                }
                Some(_) => {}
                None => break,
            }
        }
        self.last_id.clone_from(&stream.last_id);
    }

    fn total(&self) -> usize {
        self.seen.values().map(Vec::len).sum()
    }

    fn check(&self, heads: &BTreeMap<Topic, Offset>) {
        for (topic, head) in heads {
            let expected: Vec<Offset> = (2..=*head).collect();
            assert_eq!(self.seen.get(topic), Some(&expected), "everything once and in order");
        }
    }
}

async fn peer(address: SocketAddr, person: &Person) -> Peer {
    let mut peer = Peer::connect(address, Codec::Json).await;
    peer.identify(&person.token).await;
    peer
}

#[tokio::test]
async fn a_page_that_loses_its_connection_again_and_again_sees_every_event_of_every_topic_once() {
    const EACH: u64 = 120;
    let world = World::with(|config| {
        // So that some of it comes from memory and some from the log.
        config.hub.ring_events = 4;
        config.hub.page_events = 5;
        config.owner.recent_entries = 8;
    });
    let people = world.people(1).await;
    let topics: Vec<Topic> = (0..4).map(|_| world.group(&[&people[0]])).collect();
    let mut page = Page::default();
    page.attend(Stream::open(world.address(), &people[0], &topics).await, 0).await;
    // Nothing has been shown yet; the id came with the first line.
    let mut first = Stream::open(world.address(), &people[0], &topics).await;
    first.caught_up(topics[3]).await;
    page.last_id.clone_from(&first.last_id);
    drop(first);
    let writers = topics.iter().map(|topic| {
        let (address, person, topic) = (world.address(), people[0].clone(), *topic);
        tokio::spawn(async move {
            let mut writer = peer(address, &person).await;
            for number in 0..EACH {
                writer.say(topic, &format!("{number}")).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let (total, path, mut round) = (usize::try_from(EACH).unwrap() * topics.len(), Stream::path(&topics), 0_usize);
    while page.total() < total {
        round += 1;
        // Odd numbers, so that the breaks fall into bursts and between topics.
        let count = ((round * 7) % 23 + 1).min(total - page.total());
        let stream = Stream::at(world.address(), &people[0], &path, &page.last_id).await;
        page.attend(stream, count).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    page.check(&topics.iter().map(|topic| (*topic, EACH + 1)).collect());
    let mut last = Stream::at(world.address(), &people[0], &path, &page.last_id).await;
    for topic in topics {
        assert!(last.caught_up(topic).await.is_empty() || last.last_id == page.last_id, "nothing comes twice");
    }
    assert_eq!(last.last_id, page.last_id);
}

#[tokio::test]
async fn after_a_kill_a_page_goes_on_exactly_where_it_was() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let people = world.people(1).await;
    let topics: Vec<Topic> = (0..3).map(|_| world.group(&[&people[0]])).collect();
    world.end().await;
    let (path, mut page, mut heads) = (Stream::path(&topics), Page::default(), BTreeMap::new());
    for round in 0..3_usize {
        let program = Program::start(data.path(), &[]);
        let stream = Stream::at(program.address, &people[0], &path, &page.last_id).await;
        let mut writer = peer(program.address, &people[0]).await;
        for number in 0..30_usize {
            let topic = topics[(number * 5 + round) % topics.len()];
            heads.insert(topic, writer.say(topic, "durable").await.offset);
        }
        // It dies while the page is in the middle of it.
        let count = if round == 2 { 90 - page.total() } else { 17 };
        page.attend(stream, count).await;
        program.kill();
    }
    page.check(&heads);
}

#[tokio::test]
async fn a_slow_reader_is_closed_with_its_resume_point_and_harms_nobody() {
    const COUNT: u64 = 400;
    let world = World::with(|config| {
        config.hub.outbox_bytes = 256 * 1_024;
        config.hub.outbox_soft_bytes = 64 * 1_024;
        config.hub.close_timeout_ms = 60_000;
    });
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    writer.follow(topic).await;
    let narrow = Box::new(narrow_tcp(world.address()).await);
    let mut slow = Stream::on(narrow, world.address(), &people[1], &[topic]).await;
    slow.caught_up(topic).await;
    let began = Instant::now();
    for _ in 0..COUNT {
        writer.say(topic, &"x".repeat(16 * 1_024)).await;
        writer.expect_message().await;
    }
    assert!(began.elapsed() < SOON, "the others go on");
    eventually("the slow one is closed", || (world.metric("plenum_closed_total") == 1).then_some(())).await;
    let mut offsets = Vec::new();
    let goodbye = slow
        .find("goodbye", |frame| match frame {
            ServerFrame::Event(event) => {
                offsets.push(event.offset);
                None
            }
            ServerFrame::Goodbye(goodbye) => Some(goodbye),
            _ => None,
        })
        .await;
    assert_eq!(goodbye.code, CloseCode::SlowConsumer.code());
    assert_eq!(slow.next().await, None, "the stream ends");
    let position = goodbye.positions[&topic];
    assert!(offsets.iter().copied().eq(2..=position) && position < COUNT);
    assert!(slow.last_id.ends_with(&format!(".{position}")), "the kept id says the same as the goodbye");
    let mut back = Stream::at(world.address(), &people[1], &Stream::path(&[topic]), &slow.last_id).await;
    assert!(back.caught_up(topic).await.into_iter().eq(position + 1..=COUNT + 1));
}

#[tokio::test]
async fn a_reader_that_takes_nothing_at_all_is_given_up() {
    let world = World::with(|config| {
        config.hub.outbox_bytes = 128 * 1_024;
        config.hub.outbox_soft_bytes = 64 * 1_024;
        config.hub.close_timeout_ms = 100;
        config.http.stalled_ms = 1_000;
    });
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let narrow = Box::new(narrow_tcp(world.address()).await);
    let mut stuck = Stream::on(narrow, world.address(), &people[1], &[topic]).await;
    stuck.caught_up(topic).await;
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    let deadline = Instant::now() + SOON;
    while world.metric("plenum_streams") > 0 {
        writer.say(topic, &"x".repeat(16 * 1_024)).await;
        assert!(Instant::now() < deadline, "its memory is not given back");
    }
    drop(stuck);
}
