//! HTTP long-polling: errors as the reference says, order, bounds.

use super::client::{Client, request};
use crate::http;
use crate::socket::SOON;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// The body of an answer, which is the reference's JSON.
pub fn engine_error(answer: &http::Answer) -> Value {
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
    assert!(body["message"].is_string(), "{body}");
    body["code"].clone()
}

#[tokio::test]
async fn wrong_requests_are_refused_with_the_errors_of_the_reference() {
    let world = World::start();
    let client = Client::polling(world.address()).await;
    let cases = [
        ("GET", "/socket.io/?EIO=4&transport=abc".to_owned(), 0),
        ("GET", "/socket.io/?EIO=4".to_owned(), 0),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=unknown".to_owned(), 1),
        ("POST", "/socket.io/?EIO=4&transport=polling&sid=unknown".to_owned(), 1),
        ("POST", "/socket.io/?EIO=4&transport=polling".to_owned(), 2),
        ("PUT", "/socket.io/?EIO=4&transport=polling".to_owned(), 2),
        ("GET", "/socket.io/?EIO=4&transport=websocket".to_owned(), 3),
        ("PUT", client.path(), 3),
        ("GET", "/socket.io/?EIO=3&transport=polling".to_owned(), 5),
    ];
    for (method, path, code) in cases {
        let answer = request(world.address(), method, path.clone(), String::new()).await;
        assert_eq!((answer.status, engine_error(&answer)), (400, json!(code)), "{method} {path}");
    }
}

/// What makes a request one for a WebSocket.
pub const UPGRADE: [(&str, &str); 4] = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[tokio::test]
async fn another_pages_origin_is_forbidden_on_either_transport() {
    let world = World::start();
    let address = world.address();
    for (transport, more) in [("polling", &UPGRADE[..0]), ("websocket", &UPGRADE[..])] {
        let answer = tokio::task::spawn_blocking(move || {
            let mut headers = vec![("Origin", "https://elsewhere.example")];
            headers.extend(more);
            http::ask(address, "GET", &format!("/socket.io/?EIO=4&transport={transport}"), &headers, "")
        });
        let answer = answer.await.unwrap();
        assert_eq!((answer.status, engine_error(&answer)), (403, json!(4)), "{transport}");
    }
    // A handshake that is none.
    let answer = tokio::task::spawn_blocking(move || {
        let mut headers = UPGRADE.to_vec();
        headers[3] = ("Sec-WebSocket-Key", "short");
        http::ask(address, "GET", "/socket.io/?EIO=4&transport=websocket", &headers, "")
    });
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, engine_error(&answer)), (400, json!(3)));
}

#[tokio::test]
async fn a_payload_that_is_none_ends_its_session_and_one_that_is_too_large_does_not() {
    let world = World::with(|config| config.socketio.max_payload_bytes = 1_000);
    let person = world.people(1).await.remove(0);
    let mut client = Client::polling(world.address()).await;
    assert_eq!(client.open["maxPayload"], 1_000);
    client.enter(&person.token).await;
    let answer = request(world.address(), "POST", client.path(), format!("4{}", "x".repeat(1_000))).await;
    assert_eq!((answer.status, engine_error(&answer)), (413, json!(3)));
    assert_eq!(client.ask("echo", &json!("there")).await, "there");
    for wrong in ["abc", "4a\u{1e}", "bnot base64!"] {
        let client = Client::polling(world.address()).await;
        let answer = request(world.address(), "POST", client.path(), wrong.to_owned()).await;
        assert_eq!((answer.status, engine_error(&answer)), (400, json!(3)), "{wrong}");
        let late = request(world.address(), "GET", client.path(), String::new()).await;
        assert_eq!((late.status, engine_error(&late)), (400, json!(1)), "{wrong}");
    }
}

/// The beginning of a POST: the rest of its body is held back.
async fn half_a_post(address: std::net::SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 12\r\n\r\n4");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Waits until the session has seen a request that cannot be seen from outside otherwise.
async fn until_refused(world: &World, path: &str) -> http::Answer {
    let deadline = Instant::now() + SOON;
    loop {
        let answer = request(world.address(), "POST", path.to_owned(), "3".to_owned()).await;
        if answer.status != 200 {
            return answer;
        }
        assert!(Instant::now() < deadline, "never refused");
    }
}

#[tokio::test]
async fn a_second_post_beside_the_first_ends_the_session() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    let mut client = Client::polling(world.address()).await;
    client.enter(&person.token).await;
    let waiting = tokio::spawn(request(world.address(), "GET", client.path(), String::new()));
    let mut first = half_a_post(world.address(), &client.path()).await;
    let second = until_refused(&world, &client.path()).await;
    let told = waiting.await.unwrap();
    assert!(told.body == "1" || told.status == 400, "the poll learns that the session is over: {}", told.body);
    // The one that comes second is refused for it. It may have been the one held back, and then the session is unknown to the other.
    if engine_error(&second) == json!(3) {
        first.write_all(b"2[\"echo\",1]").await.unwrap();
        let mut answer = vec![0; 1_024];
        let count = timeout_at(Instant::now() + SOON, first.read(&mut answer)).await.unwrap().unwrap();
        assert!(answer[..count].starts_with(b"HTTP/1.1 400"), "what it brings is for nobody any more");
    } else {
        assert_eq!((second.status, engine_error(&second)), (400, json!(1)));
    }
    let late = request(world.address(), "GET", client.path(), String::new()).await;
    assert_eq!((late.status, engine_error(&late)), (400, json!(1)));
}

#[tokio::test]
async fn a_post_that_breaks_off_ends_the_session() {
    let world = World::start();
    let deadline = Instant::now() + SOON;
    // The poll may come after the session has ended: then there was nothing to see, and another one is tried.
    loop {
        let client = Client::polling(world.address()).await;
        let waiting = tokio::spawn(request(world.address(), "GET", client.path(), String::new()));
        drop(half_a_post(world.address(), &client.path()).await);
        let told = waiting.await.unwrap();
        let late = request(world.address(), "GET", client.path(), String::new()).await;
        assert_eq!((late.status, engine_error(&late)), (400, json!(1)));
        if told.status == 200 {
            return assert_eq!(told.body, "1");
        }
        assert!(Instant::now() < deadline, "no poll was there in time");
    }
}

#[tokio::test]
async fn a_poll_whose_client_closes_ends_the_session_and_nothing_is_lost_with_it() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut client = Client::polling(world.address()).await;
    client.enter(&people[0].token).await;
    client.catch_up().await;
    let mut waiting = TcpStream::connect(world.address()).await.unwrap();
    let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", client.path(), world.address());
    waiting.write_all(head.as_bytes()).await.unwrap();
    // In order and not by a reset, as a browser's tab that is closed.
    drop(waiting);
    let refused = until_refused(&world, &client.path()).await;
    assert_eq!(engine_error(&refused), json!(1));
    let mut native = world.peer(Codec::Json, &people[1]).await;
    native.say(topic, "meanwhile").await;
    let mut again = Client::polling(world.address()).await;
    (again.pid, again.offset) = (client.pid.take(), client.offset.take());
    again.enter(&people[0].token).await;
    assert_eq!(again.messages("new-message", 1).await, ["meanwhile"]);
}

#[tokio::test]
async fn whoever_asks_too_fast_is_refused_in_the_references_json() {
    let world = World::with(|config| {
        config.http.surface.address_rate.per_second = 0.1;
        config.http.surface.address_rate.burst = 3.0;
    });
    let open = "/socket.io/?EIO=4&transport=polling";
    let mut answer = request(world.address(), "GET", open.to_owned(), String::new()).await;
    for _ in 0..3 {
        answer = request(world.address(), "GET", open.to_owned(), String::new()).await;
    }
    assert_eq!((answer.status, engine_error(&answer)), (429, json!(3)));
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
}

#[tokio::test]
async fn a_client_that_polls_gets_everything_in_order_and_posts_many_packets_at_once() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut client = Client::polling(world.address()).await;
    assert_eq!(client.open["upgrades"], json!(["websocket"]));
    client.enter(&people[0].token).await;
    let mut native = world.peer(Codec::Json, &people[1]).await;
    for number in 0..50 {
        native.say(topic, &format!("message {number}")).await;
    }
    let expected: Vec<_> = (0..50).map(|number| format!("message {number}")).collect();
    assert_eq!(client.messages("new-message", 50).await, expected);
    let posts: Vec<_> = (0..5).map(|number| format!(r#"421{number}["echo",{number}]"#)).collect();
    client.say(&posts.join("\x1e")).await;
    for number in 0..5 {
        let mut packet = client.packet().await;
        while packet.starts_with("42") {
            packet = client.packet().await;
        }
        assert_eq!(packet, format!("431{number}[{number}]"));
    }
}

#[tokio::test]
async fn a_second_poll_beside_the_first_ends_the_session() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::polling(world.address()).await;
    client.enter(&people[0].token).await;
    let path = client.path();
    let first = tokio::spawn(request(world.address(), "GET", path.clone(), String::new()));
    let second = tokio::spawn(request(world.address(), "GET", path.clone(), String::new()));
    let mut answers = [first.await.unwrap(), second.await.unwrap()];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!((answers[0].status, answers[0].body.as_str()), (200, "1"));
    assert_eq!((answers[1].status, engine_error(&answers[1])), (400, json!(3)));
    let late = request(world.address(), "GET", path, String::new()).await;
    assert_eq!((late.status, engine_error(&late)), (400, json!(1)));
}

#[tokio::test]
async fn a_client_that_never_polls_is_bounded_and_closed_as_slow() {
    let world = World::with(|config| {
        config.hub.outbox_bytes = 64 * 1024;
        config.hub.outbox_soft_bytes = 16 * 1024;
        config.socketio.poll_buffer_bytes = 32 * 1024;
    });
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut lazy = Client::polling(world.address()).await;
    lazy.enter(&people[0].token).await;
    let mut native = world.peer(Codec::Json, &people[1]).await;
    let text = "x".repeat(8_000);
    for _ in 0..20 {
        native.say(topic, &text).await;
    }
    let last = lazy.end().await;
    assert!(last.len() < 12, "{} packets of 8,000 bytes", last.len());
}

#[tokio::test]
async fn a_session_that_polls_is_closed_with_its_token_too() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::polling(world.address()).await;
    client.enter(&people[0].token).await;
    let waiting = tokio::spawn(request(world.address(), "GET", client.path(), String::new()));
    tokio::task::yield_now().await;
    let (status, _) = world.rest(&people[0], "POST", "/api/v1/auth/logout", &Value::Null);
    assert_eq!(status, 200);
    let answer = waiting.await.unwrap();
    // Without a close packet: clients drop what comes in one payload with it.
    assert!(answer.body.contains("session_ended") && answer.body.ends_with("\u{1e}41"), "{}", answer.body);
}

/// Asks for a WebSocket and is not given one.
async fn upgrade(
    world: &World,
    method: &'static str,
    path: &str,
    changed: &[(&'static str, &'static str)],
) -> http::Answer {
    let (address, path) = (world.address(), path.to_owned());
    let mut headers: Vec<(&str, &str)> = UPGRADE.to_vec();
    headers.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    headers.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
    tokio::task::spawn_blocking(move || http::ask(address, method, &path, &headers, "")).await.unwrap()
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_answered_in_the_same_json_as_a_poll() {
    const WEB: &str = "/socket.io/?EIO=4&transport=websocket";
    let world = World::with(|config| config.limits.connections = 1);
    let unknown = format!("{WEB}&sid=unknown");
    type Changed<'c> = &'c [(&'static str, &'static str)];
    let cases: [(&'static str, &str, Changed<'_>, u16, u8); 7] = [
        ("GET", "/socket.io/?EIO=4&transport=abc", &[], 400, 0),
        ("GET", &unknown, &[], 400, 1),
        ("POST", WEB, &[], 400, 2),
        ("GET", WEB, &[("Sec-WebSocket-Key", "")], 400, 3),
        ("GET", WEB, &[("Sec-WebSocket-Version", "12")], 426, 3),
        ("GET", WEB, &[("Origin", "https://elsewhere.example")], 403, 4),
        ("GET", "/socket.io/?EIO=3&transport=websocket", &[], 400, 5),
    ];
    for (method, path, changed, status, code) in cases {
        let answer = upgrade(&world, method, path, changed).await;
        assert_eq!((answer.status, engine_error(&answer)), (status, json!(code)), "{method} {path} {changed:?}");
        assert_eq!(answer.head.contains("sec-websocket-version: 13"), status == 426, "{}", answer.head);
    }
    let _only = Client::web(world.address()).await;
    let answer = upgrade(&world, "GET", WEB, &[]).await;
    assert_eq!((answer.status, engine_error(&answer)), (503, json!(3)));
    assert!(
        answer.head.contains("retry-after: 5") && answer.body.contains("1 connections"),
        "{} {}",
        answer.head,
        answer.body
    );
}
