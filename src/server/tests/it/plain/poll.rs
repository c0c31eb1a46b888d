//! The native protocol by requests and answers.

use super::poller::Poller;
use super::reading::Reading;
use crate::socket::SOON;
use crate::socket::peer::send;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{AckResult, ClientFrame, Command, Ping, ServerFrame};
use plenum_schema::{Offset, Topic};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn somebody_who_polls_and_somebody_on_a_web_socket_talk() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    assert_eq!(poller.subscribe(topic, Some(0)).await.head, 1);
    assert_eq!(poller.event().await.offset, 1);
    let mut socket = world.peer(Codec::MessagePack, &people[1]).await;
    socket.follow(topic).await;
    for round in 0..5_u64 {
        let sent = socket.say(topic, "from the socket").await;
        assert_eq!((sent.offset, poller.event().await.offset), (2 * round + 2, 2 * round + 2));
        assert_eq!(socket.expect_event().await.offset, sent.offset);
        let AckResult::Sent(sent) = poller.ask(send(topic, None, "by polling")).await else { panic!("sent") };
        assert_eq!(poller.event().await.offset, sent.offset);
        assert_eq!(socket.expect_event().await.offset, sent.offset);
    }
    assert_eq!(world.metric("plenum_polls"), 1);
    assert_eq!(poller.request("DELETE", "/api/v1/poll", "").await.0, 204);
    assert_eq!(poller.request("GET", "/api/v1/poll", "").await.0, 404);
    assert_eq!(world.metric("plenum_polls"), 0);
}

#[tokio::test]
async fn a_lost_answer_comes_again_until_it_is_taken_and_a_repeated_command_is_taken_once() {
    // No heartbeat comes in between.
    let world = World::with(|config| config.hub.heartbeat_interval_ms = 3_600_000);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    poller.subscribe(topic, None).await;
    let command = |id| ClientFrame { id, command: send(topic, None, "without a reference") };
    let first = poller.next;
    let three: Vec<_> = (0..3).map(|n| command(100 + n)).collect();
    for _ in 0..3 {
        // The client never saw the answer and says it again, once with more behind it.
        assert_eq!(poller.post(first, &three[..2]).await, (202, json!({ "taken": first + 1 })));
    }
    assert_eq!(poller.post(first, &three).await, (202, json!({ "taken": first + 2 })));
    assert_eq!(poller.post(first + 9, &three).await.0, 409);
    let mut socket = world.peer(Codec::Json, &people[0]).await;
    let mut frames: Vec<ServerFrame> = Vec::new();
    let has_all = |frames: &[ServerFrame]| {
        let events = frames.iter().filter(|frame| matches!(frame, ServerFrame::Event(_))).count();
        let sent = |frame: &&ServerFrame| matches!(frame, ServerFrame::Ack(ack) if ack.id >= 100);
        events == 3 && frames.iter().filter(sent).count() == 3
    };
    let deadline = Instant::now() + SOON;
    while !has_all(&frames) {
        assert!(Instant::now() < deadline, "{frames:?}");
        let (first, page) = poller.fetch(poller.after, 5_000).await;
        assert_eq!(first, poller.after + 1);
        assert!(page.starts_with(&frames), "the same again, and perhaps more");
        frames = page;
    }
    assert_eq!(socket.whole_history(topic).await.len(), 4, "each command was carried out once");
    let all = poller.after + frames.len() as u64;
    assert_eq!(poller.fetch(all - 1, 0).await, (all, frames[frames.len() - 1..].to_vec()));
    let (first, rest) = poller.fetch(all, 0).await;
    assert_eq!((first, rest.len()), (all + 1, 0));
    assert_eq!(poller.request("GET", &format!("/api/v1/poll?after={}", all + 1), "").await.0, 422);
}

#[tokio::test]
async fn a_request_waits_for_the_first_frame_and_a_newer_one_takes_its_place() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    poller.subscribe(topic, None).await;
    loop {
        if let ServerFrame::CaughtUp(_) = poller.frame().await {
            break;
        }
    }
    let began = Instant::now();
    assert_eq!(poller.fetch(poller.after, 300).await, (poller.after + 1, vec![]));
    assert!(began.elapsed() >= Duration::from_millis(290), "{:?}", began.elapsed());
    let mut writer = world.peer(Codec::Json, &people[1]).await;
    let after = poller.after;
    let mut one = Box::pin(poller.fetch(after, 15_000));
    let mut two = Box::pin(poller.fetch(after, 15_000));
    // Whichever arrived first is answered at once, with nothing, when the other arrives.
    let (older, newer) = tokio::select! {
        older = &mut one => (older, two),
        older = &mut two => (older, one),
    };
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(older, (after + 1, vec![]));
    let wrote = writer.say(topic, "now").await.offset;
    let (_, newer) = newer.await;
    assert!(matches!(&newer[..], [ServerFrame::Event(event)] if event.offset == wrote), "{newer:?}");
}

#[tokio::test]
async fn a_burst_beyond_every_buffer_arrives_whole_and_in_order() {
    const COUNT: u64 = 500;
    let world = World::with(|config| {
        config.poll.buffer_bytes = 2_048;
        config.hub.ring_events = 16;
        config.hub.page_events = 16;
    });
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    poller.subscribe(topic, Some(0)).await;
    let mut writer = world.peer(Codec::Json, &people[1]).await;
    for number in 0..COUNT {
        writer.say(topic, &format!("{number}")).await;
    }
    let mut offsets: Vec<Offset> = Vec::new();
    while offsets.len() < usize::try_from(COUNT).unwrap() + 1 {
        offsets.push(poller.event().await.offset);
    }
    assert!(offsets.into_iter().eq(1..=COUNT + 1));
}

#[tokio::test]
async fn requests_that_break_the_rules_are_refused_and_the_connection_stays() {
    let world = World::with(|config| config.poll.connections = 1);
    let people = world.people(1).await;
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    let full = Reading::ask(world.address(), "POST", "/api/v1/poll", &[("Content-Length", "0")], "").await;
    assert_eq!((full.status, full.head.contains("retry-after: 5")), (503, true));
    let commands = "/api/v1/poll/commands";
    for (body, status) in [
        ("{}", 400),
        ("[]", 400),
        (r#"{"first":0,"frames":[]}"#, 409),
        (r#"{"first":2,"frames":[{"id":1,"command":{"dance":{}}}]}"#, 400),
        (r#"{"first":2,"frames":[{"id":1,"command":{"ping":{}},"more":1}]}"#, 400),
        (r#"{"first":2,"frames":[],"more":1}"#, 400),
    ] {
        let (answered, problem) = poller.request("POST", commands, body).await;
        assert_eq!(answered, status, "{body}: {problem}");
    }
    let long = format!(r#"{{"first":2,"frames":[]{}}}"#, " ".repeat(262_144));
    assert_eq!(poller.request("POST", commands, &long).await.0, 413);
    assert_eq!(poller.request("GET", "/api/v1/poll?waitMs=99999999", "").await.0, 422);
    assert_eq!(poller.request("PUT", "/api/v1/poll", "").await.0, 405);
    for key in ["", "Bearer x", "Poll x", "Poll AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let headers = if key.is_empty() { vec![] } else { vec![("Authorization", key)] };
        let status = Reading::ask(world.address(), "GET", "/api/v1/poll", &headers, "").await.status;
        assert_eq!(status, if key.len() > 20 { 404 } else { 401 }, "{key}");
    }
    assert!(matches!(poller.ask(Command::Ping(Ping {})).await, AckResult::Pong(_)));
}

#[tokio::test]
async fn a_poller_that_comes_back_resumes_like_anybody() {
    let world = World::start();
    let people = world.people(1).await;
    let topics: Vec<Topic> = (0..2).map(|_| world.group(&[&people[0]])).collect();
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    for topic in &topics {
        poller.subscribe(*topic, Some(1)).await;
        writer.say(*topic, "one").await;
    }
    for _ in &topics {
        assert_eq!(poller.event().await.offset, 2);
    }
    drop(poller);
    for topic in &topics {
        writer.say(*topic, "two").await;
    }
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    for topic in &topics {
        poller.subscribe(*topic, Some(2)).await;
        let event = poller.event().await;
        assert_eq!((event.topic, event.offset), (*topic, 3));
    }
}
