//! HTTP long-polling: errors as the reference says, order, bounds.

use super::client::{Client, request};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use serde_json::{Value, json};

#[tokio::test]
async fn wrong_requests_are_refused_with_the_errors_of_the_reference() {
    let world = World::start();
    let cases = [
        ("GET", "/socket.io/?EIO=4&transport=abc", 400, 0),
        ("GET", "/socket.io/?EIO=4&transport=polling&sid=unknown", 400, 1),
        ("POST", "/socket.io/?EIO=4&transport=polling", 400, 2),
        ("GET", "/socket.io/?EIO=4&transport=websocket", 400, 3),
        ("GET", "/socket.io/?EIO=3&transport=polling", 400, 5),
    ];
    for (method, path, status, code) in cases {
        let answer = request(world.address(), method, path.to_owned(), String::new()).await;
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{}", answer.body));
        assert_eq!((answer.status, &body["code"]), (status, &json!(code)), "{path}");
    }
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
    assert_eq!(answers[1].status, 400);
    let late = request(world.address(), "GET", path, String::new()).await;
    assert_eq!(late.status, 400);
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
