//! What a browser on another site may do, and what bounds the sessions of clients that poll.

use super::client::{Client, request};
use super::recovery::forged;
use crate::http;
use crate::socket::eventually;
use crate::socket::wire::tcp;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FRIEND: &str = "https://app.example";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

fn befriended() -> World {
    World::with(|config| {
        config.http.surface.cors_origins = vec![FRIEND.to_owned()];
        config.websocket.origin.allowed = vec![FRIEND.to_owned()];
    })
}

async fn ask(address: SocketAddr, method: &'static str, headers: &'static [(&str, &str)]) -> http::Answer {
    tokio::task::spawn_blocking(move || http::ask(address, method, POLLING, headers, "")).await.unwrap()
}

#[tokio::test]
async fn a_page_of_an_allowed_site_may_poll_and_read_the_answers() {
    let world = befriended();
    let answer = ask(world.address(), "GET", &[("Origin", FRIEND)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.head.contains("access-control-allow-origin: https://app.example"), "{}", answer.head);
    const ASKED: &[(&str, &str)] = &[
        ("Origin", FRIEND),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type,authorization"),
    ];
    let answer = ask(world.address(), "OPTIONS", ASKED).await;
    assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.body);
    assert!(answer.head.contains("access-control-allow-origin: https://app.example"), "{}", answer.head);
    assert!(answer.head.contains("access-control-allow-methods"), "{}", answer.head);
}

#[tokio::test]
async fn no_session_is_kept_in_a_cookie() {
    let world = World::start();
    let answer = ask(world.address(), "GET", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.head.contains("set-cookie"), "{}", answer.head);
}

#[tokio::test]
async fn as_many_sessions_poll_as_there_are_places_and_no_more() {
    let world = World::with(|config| config.socketio.polling_sessions = 2);
    let first = Client::polling(world.address()).await;
    let _second = Client::polling(world.address()).await;
    let refused = ask(world.address(), "GET", &[]).await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.body.contains("\"code\":3"), "{}", refused.body);
    // A place that is given back is taken again.
    request(world.address(), "POST", first.path(), "1".to_owned()).await;
    eventually("the place is free", || (world.metric("plenum_socketio_polling_sessions") == 1).then_some(())).await;
    assert_eq!(ask(world.address(), "GET", &[]).await.status, 200);
}

#[tokio::test]
async fn a_session_whose_client_is_silent_ends_and_gives_its_place_back() {
    let world = World::with(|config| {
        config.hub.heartbeat_interval_ms = 200;
        config.hub.heartbeat_timeout_ms = 400;
    });
    let silent = Client::polling(world.address()).await;
    assert_eq!(world.metric("plenum_socketio_polling_sessions"), 1);
    eventually("the place is free", || (world.metric("plenum_socketio_polling_sessions") == 0).then_some(())).await;
    let answer = request(world.address(), "GET", silent.path(), String::new()).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

#[tokio::test]
async fn whoever_floods_is_told_why_the_connection_ends() {
    let world = World::with(|config| {
        config.limits.commands_per_second = 5;
        config.limits.flood_refusals = 10;
    });
    let people = world.people(1).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    for _ in 0..40 {
        client.emit("echo", &json!(1)).await;
    }
    let said = client.end().await;
    let errors: Vec<Value> = said
        .iter()
        .filter_map(|packet| packet.strip_prefix("42[\"error\","))
        .map(|argument| serde_json::from_str(argument.strip_suffix(']').unwrap()).unwrap())
        .collect();
    // Each of them names what was refused, the last one too.
    assert!(errors.len() >= 10, "{errors:?}");
    assert!(errors.iter().all(|error| error["code"] == "rateLimited" && error["event"] == "echo"), "{errors:?}");
    let last = errors.last().unwrap();
    assert!(last["message"].as_str().unwrap().contains("the connection ends"), "{last}");
    assert!(last["retryAfterMs"].as_u64().unwrap() > 0, "{last}");
}

#[tokio::test]
async fn as_many_events_as_fit_into_a_post_are_taken() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::polling(world.address()).await;
    client.enter(&people[0].token).await;
    let packets = vec!["42[\"echo\",1]"; 2_000].join("\u{1e}");
    let taken = request(world.address(), "POST", client.path(), packets).await;
    assert_eq!((taken.status, taken.body.as_str()), (200, "ok"));
    client.catch_up().await;
}

#[tokio::test]
async fn a_node_that_drains_says_so_to_clients_that_poll() {
    let world = World::start();
    // It does not answer its close frame, so that the drain takes a while.
    let _silent = Client::web(world.address()).await;
    let mut stream = tcp(world.address()).await;
    let asked = format!("GET {POLLING} HTTP/1.1\r\nHost: plenum\r\n\r\n");
    let mut ask = async || {
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "{}", String::from_utf8_lossy(&heard));
        }
        String::from_utf8(heard).unwrap()
    };
    assert!(ask().await.starts_with("HTTP/1.1 200"));
    let ending = tokio::spawn(world.end());
    let refused = loop {
        let answer = ask().await;
        if !answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
    };
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("the server is stopping"), "{refused}");
    ending.await.unwrap();
}

#[tokio::test]
async fn a_packet_beyond_a_limit_is_told_which_before_the_connection_ends() {
    let world = World::with(|config| {
        config.socketio.depth = 10;
        config.socketio.arguments = 3;
        config.socketio.attachments = 2;
        config.socketio.namespace_bytes = 20;
    });
    let person = world.people(1).await.remove(0);
    let deep = format!("42[\"echo\",{}{}]", "[".repeat(10), "]".repeat(10));
    let cases = [
        (deep.as_str(), "at most 10 deep (socketio.depth)"),
        ("42[\"echo\",1,2,3,4]", "at most 3 arguments (socketio.arguments)"),
        ("453-[\"echo\"]", "at most 2 attachments (socketio.attachments)"),
        ("42/namespace-of-too-many-letters,[\"echo\"]", "at most 20 bytes (socketio.namespace_bytes)"),
    ];
    for (packet, wanted) in cases {
        let mut client = Client::web(world.address()).await;
        client.enter(&person.token).await;
        client.say(packet).await;
        let error = client.expect("error").await;
        assert_eq!(error["code"], "tooLarge", "{error}");
        assert!(error["message"].as_str().unwrap().contains(wanted), "{error}");
        assert_eq!(client.end().await.last().map(String::as_str), Some("close"));
    }
    // As many as are allowed are.
    let mut client = Client::polling(world.address()).await;
    client.enter(&person.token).await;
    client.say("421[\"echo\",1,2,3]").await;
    assert_eq!(client.packet().await, "431[1,2,3]");
    let nested = format!("{}{}", "[".repeat(9), "]".repeat(9));
    client.say(&format!("422[\"echo\",{nested}]")).await;
    assert_eq!(client.packet().await, format!("432[{nested}]"));
}

#[tokio::test]
async fn a_post_beyond_a_limit_is_told_which() {
    let world = World::with(|config| {
        config.socketio.max_payload_bytes = 2_048;
        config.socketio.max_payload_packets = 4;
    });
    let client = Client::polling(world.address()).await;
    let large = request(world.address(), "POST", client.path(), "4".repeat(2_049)).await;
    assert_eq!(large.status, 413);
    assert!(large.body.contains("at most 2048 bytes (socketio.max_payload_bytes)"), "{}", large.body);
    let many = request(world.address(), "POST", client.path(), ["3"; 5].join("\u{1e}")).await;
    assert_eq!(many.status, 400);
    assert!(many.body.contains("at most 4 packets in a payload (socketio.max_payload_packets)"), "{}", many.body);
}

#[tokio::test]
async fn strings_of_more_topics_than_may_be_named_begin_a_fresh_session() {
    let world = World::with(|config| {
        config.socketio.recovery_topics = 3;
        config.socketio.told_positions = 3;
        config.socketio.followed_conversations = 3;
    });
    let person = world.people(1).await.remove(0);
    for (rooms, is_read) in [(3, true), (4, false)] {
        let mut client = Client::web(world.address()).await;
        let pid = forged(person.user, rooms);
        client.pid = Some(pid.clone());
        client.enter(&person.token).await;
        assert_eq!(client.pid == Some(pid), is_read, "{rooms}");
    }
}

#[tokio::test]
async fn polls_of_a_session_are_not_counted_as_their_addresss_and_unknown_ones_are() {
    const MESSAGES: usize = 40;
    let world = World::with(|config| {
        config.http.surface.address_rate = plenum_http::Rate { per_second: 0.001, burst: 30.0 };
    });
    let people = world.people(2).await;
    let room = world.direct(&people[0], &people[1]);
    let mut client = Client::polling(world.address()).await;
    client.enter(&people[0].token).await;
    let mut friend = world.peer(Codec::Json, &people[1]).await;
    for number in 0..MESSAGES {
        let text = number.to_string();
        friend.say(room, &text).await;
        assert_eq!(client.messages("new-message", 1).await, [text]);
    }
    let mut unknown = client.path();
    unknown.pop();
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(request(world.address(), "GET", unknown.clone(), String::new()).await.status);
    }
    assert!(statuses.starts_with(&[400]) && statuses.ends_with(&[429]), "{statuses:?}");
}

#[tokio::test]
async fn a_session_that_the_server_ends_hears_everything_at_its_next_poll_however_much_waits() {
    const MESSAGES: usize = 40;
    let world = World::start();
    let people = world.people(2).await;
    let room = world.direct(&people[0], &people[1]);
    let mut client = Client::polling(world.address()).await;
    client.enter(&people[0].token).await;
    client.catch_up().await;
    let mut friend = world.peer(Codec::Json, &people[1]).await;
    for number in 0..MESSAGES {
        friend.say(room, &number.to_string()).await;
    }
    let (status, _) = world.rest(&people[0], "POST", "/api/v1/auth/logout", &Value::Null);
    assert_eq!(status, 200);
    let rest = client.end().await;
    let heard = rest.iter().filter(|packet| packet.contains("\"new-message\"")).count();
    assert_eq!(heard, MESSAGES, "{rest:?}");
    assert!(rest.iter().any(|packet| packet.contains("session_ended")), "{rest:?}");
    assert_eq!(rest.last().map(String::as_str), Some("41"), "{rest:?}");
}

#[tokio::test]
async fn who_may_be_let_in_a_moment_later_is_sent_to_come_back_and_not_refused_for_good() {
    let world = World::with(|config| config.limits.connections_per_user = 1);
    let person = world.people(1).await.remove(0);
    let mut first = Client::web(world.address()).await;
    first.enter(&person.token).await;
    for mut second in [Client::web(world.address()).await, Client::polling(world.address()).await] {
        second.say(&format!("40{}", json!({ "token": person.token }))).await;
        let rest = second.end().await;
        assert!(rest.iter().all(|packet| !packet.starts_with("44") && !packet.starts_with("40")), "{rest:?}");
    }
    drop(first);
    eventually("the place is free", || (world.metric("plenum_connections") == 0).then_some(())).await;
    Client::web(world.address()).await.enter(&person.token).await;
}
