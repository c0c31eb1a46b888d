//! How streams end.

use super::events::Stream;
use super::reading::Reading;
use crate::socket::program::Program;
use crate::socket::world::World;
use plenum_schema::RefusalCode;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{CloseCode, ServerFrame};
use serde_json::json;
use std::time::{Duration, Instant};

/// What is promised.
const WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_revoked_session_ends_its_streams_within_a_second_and_others_stay() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut theirs = Vec::new();
    for _ in 0..4 {
        let mut stream = Stream::open(world.address(), &people[0], &[topic]).await;
        stream.caught_up(topic).await;
        theirs.push(stream);
    }
    let mut other = Stream::open(world.address(), &people[1], &[topic]).await;
    other.caught_up(topic).await;
    let began = Instant::now();
    world.accounts().set_active(people[0].user, false).await.unwrap();
    for mut stream in theirs {
        let goodbye = stream.goodbye().await;
        assert_eq!((goodbye.code, goodbye.retry_after_ms), (CloseCode::SessionEnded.code(), None));
        assert_eq!(stream.next().await, None);
        assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
    }
    // The browser comes back by itself, and is told for good.
    let again = Stream::ask(world.address(), &people[0], &Stream::path(&[topic]), "").await;
    assert_eq!(again.status, 401);
    let mut writer = world.peer(Codec::Json, &people[1]).await;
    let sent = writer.say(topic, "still here").await;
    assert_eq!(other.event().await.offset, sent.offset);
}

#[tokio::test]
async fn signing_out_ends_the_stream_of_that_device() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut stream = Stream::open(world.address(), &people[0], &[topic]).await;
    stream.caught_up(topic).await;
    let began = Instant::now();
    let (status, _) = world.rest(&people[0], "POST", "/api/v1/auth/logout", &json!({}));
    assert!((200..300).contains(&status), "{status}");
    assert_eq!(stream.goodbye().await.code, CloseCode::SessionEnded.code());
    assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let world = World::with(|config| config.accounts.token.leeway_s = 0);
    let people = world.people_for(1, 2).await;
    let mut stream = Stream::open(world.address(), &people[0], &[people[0].topic()]).await;
    assert_eq!(stream.goodbye().await.code, CloseCode::InvalidToken.code());
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_terminated_server_tells_every_stream_when_to_come_back_and_ends_with_0() {
    const WINDOW_MS: u64 = 4_000;
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    world.end().await;
    let mut program = Program::start(data.path(), &[&format!("drain.window_ms={WINDOW_MS}")]);
    let mut streams = Vec::new();
    for _ in 0..12 {
        let mut stream = Stream::open(program.address, &people[0], &[topic]).await;
        stream.caught_up(topic).await;
        streams.push(stream);
    }
    program.terminate();
    let mut delays = std::collections::BTreeSet::new();
    for mut stream in streams {
        let goodbye = stream.goodbye().await;
        assert_eq!(goodbye.code, CloseCode::Draining.code());
        assert_eq!(goodbye.retry_after_ms, stream.retry_ms, "the browser waits as long as the page is told");
        assert_eq!(goodbye.positions.get(&topic), Some(&1));
        delays.extend(stream.retry_ms);
        assert_eq!(stream.next().await, None);
    }
    assert!(delays.len() >= 6 && delays.last().is_some_and(|last| *last < WINDOW_MS), "{delays:?}");
    assert_eq!(program.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_full_server_gives_a_browser_a_stream_that_ends_at_once_and_a_program_a_503() {
    let world = World::with(|config| config.limits.connections = 5);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let path = format!("{}&token={}", Stream::path(&[topic]), people[0].token);
    let mut open: Vec<Stream> = Vec::new();
    let mut refused = None;
    // Connections that wait to be accepted would not be answered at all: the places are taken by those that are.
    for _ in 0..3 {
        open.push(Stream::open(world.address(), &people[0], &[topic]).await);
    }
    let held: Vec<_> = (0..2).map(|_| world.peer(Codec::Json, &people[0])).collect();
    let mut peers = Vec::new();
    for peer in held {
        peers.push(peer.await);
    }
    for accept in ["text/event-stream", "application/json"] {
        let mut reading = Reading::ask(world.address(), "GET", &path, &[("Accept", accept)], "").await;
        if accept == "text/event-stream" {
            let mut stream = Stream::of(reading, "");
            if let Some(ServerFrame::Refusal(frame)) = stream.next().await {
                refused = Some((frame.refusal.code, frame.id, stream.retry_ms));
            }
            assert_eq!(stream.next().await, None);
        } else {
            assert_eq!((reading.status, reading.head.contains("retry-after: 5")), (503, true), "{}", reading.head);
            reading.piece().await;
        }
    }
    let (code, id, retry) = refused.expect("a refusal");
    assert_eq!((code, id), (RefusalCode::Busy, None));
    assert!(retry.is_some_and(|retry| retry >= 5_000));
    assert_eq!(world.metric("plenum_streams"), 3);
}
