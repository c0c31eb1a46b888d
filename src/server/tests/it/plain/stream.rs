//! What a stream of server-sent events is.

use super::events::{Stream, list};
use super::reading::Reading;
use crate::socket::eventually;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{AckResult, Event, EventFrame, ServerFrame};
use plenum_schema::{ConversationId, Offset, RefusalCode, Topic};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use uuid::Uuid;

#[tokio::test]
async fn a_stream_says_when_to_come_back_and_where_it_begins_and_then_what_happens() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut stream = Stream::open(world.address(), &people[1], &[people[1].topic(), topic]).await;
    let head = stream.head().to_owned();
    for line in [
        "content-type: text/event-stream; charset=utf-8",
        "cache-control: no-store, no-transform",
        "x-accel-buffering: no",
        "x-content-type-options: nosniff",
        "transfer-encoding: chunked",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert!(!head.contains("content-encoding"));
    for (number, expected) in [(1, people[1].topic()), (2, topic)] {
        let ServerFrame::Ack(ack) = stream.next().await.unwrap() else { panic!("an ack") };
        let AckResult::Subscribed(subscribed) = ack.result else { panic!("subscribed") };
        assert_eq!((ack.id, subscribed.topic), (number, expected));
    }
    assert!(stream.retry_ms.is_some_and(|retry| (500..=30_000).contains(&retry)));
    assert!(stream.last_id.ends_with(".1"), "{}", stream.last_id);
    assert!(stream.caught_up(topic).await.is_empty());
    let mut ada = world.peer(Codec::MessagePack, &people[0]).await;
    let sent = ada.say(topic, "zwei\nZeilen – 你好").await;
    let event = stream.event().await;
    assert_eq!((event.topic, event.offset), (topic, sent.offset));
    let Event::Conversation(ConversationEvent::Message(message)) = event.event else { panic!("a message") };
    assert_eq!((message.id, message.content.text.as_str()), (sent.message, "zwei\nZeilen – 你好"));
    assert!(stream.last_id.ends_with(".2"));
    let other = world.group(&[&people[0], &people[1]]);
    let signal = stream.find("a signal", |frame| matches!(frame, ServerFrame::Signal(_)).then_some(frame)).await;
    assert!(serde_json::to_string(&signal).unwrap().contains(&other.to_string()));
}

#[tokio::test]
async fn a_stream_shows_each_topic_in_the_order_of_the_web_socket_also_in_two_tabs() {
    const EACH: u64 = 60;
    let world = World::start();
    let people = world.people(3).await;
    let everybody: Vec<_> = people.iter().collect();
    let topics: Vec<Topic> = (0..3).map(|_| world.group(&everybody)).collect();
    let mut socket = world.peer(Codec::Json, &people[2]).await;
    for topic in &topics {
        socket.follow(*topic).await;
    }
    let mut tabs = Vec::new();
    for _ in 0..2 {
        tabs.push(Stream::open(world.address(), &people[2], &topics).await);
    }
    let mut writing = Vec::new();
    for person in &people[..2] {
        let (mut writer, topics) = (world.peer(Codec::Json, person).await, topics.clone());
        writing.push(tokio::spawn(async move {
            for number in 0..EACH {
                let topic = topics[usize::try_from(number).unwrap() % topics.len()];
                writer.say(topic, &format!("{number}")).await;
            }
        }));
    }
    let mut on_socket: BTreeMap<Topic, Vec<EventFrame>> = BTreeMap::new();
    for _ in 0..2 * EACH {
        let event = socket.expect_event().await;
        on_socket.entry(event.topic).or_default().push(event);
    }
    for tab in &mut tabs {
        let mut on_stream: BTreeMap<Topic, Vec<EventFrame>> = BTreeMap::new();
        for _ in 0..2 * EACH {
            let event = tab.event().await;
            on_stream.entry(event.topic).or_default().push(event);
        }
        assert_eq!(on_stream, on_socket);
    }
    for one in writing {
        one.await.unwrap();
    }
    assert_eq!(world.metric("plenum_streams"), 2);
}

#[tokio::test]
async fn a_token_may_stand_in_the_url_and_a_heart_beat_may_be_an_event() {
    let world = World::with(|config| config.hub.heartbeat_interval_ms = 100);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let path = format!("/api/stream?token={}&topics={topic}", people[0].token);
    let mut quiet = Stream::of(Reading::ask(world.address(), "GET", &path, &[], "").await, "");
    let mut shown =
        Stream::of(Reading::ask(world.address(), "GET", &format!("{path}&heartbeat=event"), &[], "").await, "");
    let beat =
        shown.find("a heartbeat", |frame| if let ServerFrame::Heartbeat(beat) = frame { Some(beat) } else { None });
    assert_eq!(beat.await.tops, BTreeMap::from([(topic, 1)]));
    assert_eq!(shown.comments, 0);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    while quiet.comments < 2 {
        let sent = writer.say(topic, "tick").await;
        assert_eq!(quiet.event().await.offset, sent.offset, "no frame but events");
    }
}

async fn refused(world: &World, path: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
    let reading = Reading::ask(world.address(), "GET", path, headers, "").await;
    let status = reading.status;
    let body: Value = serde_json::from_str(&reading.body().await).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (status, text(&body["code"]), text(&body["errors"][0]["field"]))
}

#[tokio::test]
async fn what_cannot_be_streamed_is_refused_with_a_problem_that_names_it() {
    let world = World::with(|config| config.limits.connections_per_user = 1);
    let people = world.people(2).await;
    let (mine, other) = (world.group(&[&people[0]]), world.group(&[&people[1]]));
    let bearer = format!("Bearer {}", people[0].token);
    let me = [("Authorization", bearer.as_str()), ("Accept", "text/event-stream")];
    let path = |rest: &str| format!("/api/v1/stream?topics={rest}");
    let is = |status: u16, code: RefusalCode, field: &str| (status, code.as_str().to_owned(), field.to_owned());
    assert_eq!(refused(&world, &path(&mine.to_string()), &[]).await, is(401, RefusalCode::Unauthenticated, ""));
    let forged = format!("{}&token=forged", path(&mine.to_string()));
    assert_eq!(refused(&world, &forged, &[]).await, is(401, RefusalCode::Unauthenticated, ""));
    assert_eq!(refused(&world, "/api/v1/stream", &me).await, is(422, RefusalCode::Invalid, "topics"));
    assert_eq!(refused(&world, &path("room"), &me).await, is(422, RefusalCode::Invalid, "topics"));
    let (status, code, _) = refused(&world, &path(&other.to_string()), &me).await;
    assert_eq!((status, code.as_str()), (404, "notFound"));
    assert_eq!(refused(&world, &path(&format!("{mine}@9")), &me).await, is(422, RefusalCode::Invalid, "topics"));
    let id = format!("{}&lastEventId=nonsense", path(&mine.to_string()));
    assert_eq!(refused(&world, &id, &me).await, is(422, RefusalCode::Invalid, "lastEventId"));
    let twice = refused(&world, &path(&list(&[mine, mine])), &me).await;
    assert_eq!(twice, is(422, RefusalCode::Invalid, "topics"));
    // Each another one; that they do not exist is not looked at.
    let many = (0..101).map(|number| Topic::Conversation(ConversationId(Uuid::from_u128(number)))).collect::<Vec<_>>();
    assert_eq!(refused(&world, &path(&list(&many)), &me).await, is(422, RefusalCode::Invalid, "topics"));
    let _open = Stream::open(world.address(), &people[0], &[mine]).await;
    assert_eq!(refused(&world, &path(&mine.to_string()), &me).await, is(429, RefusalCode::LimitReached, ""));
    let post = Reading::ask(world.address(), "POST", &path(&mine.to_string()), &me, "{}").await;
    assert_eq!((post.status, post.head.contains("allow: get")), (405, true));
}

#[tokio::test]
async fn topics_one_may_not_receive_are_refused_inside_a_stream_that_has_others() {
    let world = World::start();
    let people = world.people(2).await;
    let (mine, other) = (world.group(&[&people[0]]), world.group(&[&people[1]]));
    let mut stream = Stream::open(world.address(), &people[0], &[other, mine]).await;
    let refusal = stream
        .find("a refusal", |frame| if let ServerFrame::Refusal(refusal) = frame { Some(refusal) } else { None })
        .await;
    assert_eq!((refusal.id, refusal.refusal.code), (Some(1), RefusalCode::NotFound));
    stream.caught_up(mine).await;
    assert!(stream.last_id.ends_with(".-.1"), "{}", stream.last_id);
}

#[tokio::test]
async fn a_removed_member_sees_the_removal_and_nothing_after_it() {
    let world = World::start();
    let people = world.people(2).await;
    let (topic, other) = (world.group(&[&people[0], &people[1]]), world.group(&[&people[0], &people[1]]));
    let mut stream = Stream::open(world.address(), &people[1], &[topic, other]).await;
    stream.caught_up(topic).await;
    let path = World::path_of(topic, &format!("/members/{}", people[1].user));
    assert_eq!(world.rest(&people[0], "DELETE", &path, &json!(null)).0, 204);
    let event = stream.event().await;
    assert!(matches!(event.event, Event::Conversation(ConversationEvent::MemberRemoved(_))));
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    writer.say(topic, "unheard").await;
    let sent = writer.say(other, "heard").await;
    let event = stream.event().await;
    assert_eq!((event.topic, event.offset), (other, sent.offset));
    let last_id = stream.last_id.clone();
    let mut again = Stream::at(world.address(), &people[1], &Stream::path(&[topic, other]), &last_id).await;
    again.caught_up(other).await;
    assert!(again.last_id.ends_with(&format!(".-.{}", sent.offset)), "{}", again.last_id);
}

#[tokio::test]
async fn a_closed_tab_is_noticed() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut tabs = Vec::new();
    for _ in 0..3 {
        let mut tab = Stream::open(world.address(), &people[0], &[topic]).await;
        tab.caught_up(topic).await;
        tabs.push(tab);
    }
    assert_eq!((world.metric("plenum_streams"), world.metric("plenum_connections")), (3, 3));
    let began = Instant::now();
    drop(tabs);
    eventually("all are noticed", || (world.metric("plenum_streams") == 0).then_some(())).await;
    assert_eq!((world.metric("plenum_connections"), world.metric("plenum_subscriptions")), (0, 0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn whoever_names_a_position_for_a_topic_goes_on_there() {
    let world = World::start();
    let people = world.people(1).await;
    let (one, two) = (world.group(&[&people[0]]), world.group(&[&people[0]]));
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    for _ in 0..5 {
        writer.say(one, "x").await;
    }
    let path = format!("/api/v1/stream?topics={one}@2,{two}@0");
    let mut stream = Stream::at(world.address(), &people[0], &path, "").await;
    let mut seen: BTreeMap<Topic, Vec<Offset>> = BTreeMap::new();
    for _ in 0..5 {
        let event = stream.event().await;
        seen.entry(event.topic).or_default().push(event.offset);
    }
    assert_eq!(seen, BTreeMap::from([(one, vec![3, 4, 5, 6]), (two, vec![1])]));
}
