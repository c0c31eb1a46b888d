//! Tickets open one socket, once, and nothing else.

use crate::http;
use crate::plain::events::Stream;
use crate::socket::peer::{BOTH, Peer, identify};
use crate::socket::world::{Person, World};
use crate::socketio::client::Client;
use futures_util::future::join_all;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{CloseCode, ServerFrame};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn ticket(world: &World, who: &Person) -> String {
    let (status, given) = world.rest(who, "POST", "/api/auth/ticket", &json!({}));
    assert_eq!((status, &given["expiresIn"]), (201, &json!(30)), "{given}");
    given["ticket"].as_str().unwrap().to_owned()
}

/// Whether a socket is let in by this.
async fn opens(world: &World, token: &str) -> bool {
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let id = peer.push(identify(token)).await;
    let is_open = peer.answer(id).await.is_ok();
    if !is_open {
        assert_eq!(peer.expect_close().await.code, CloseCode::InvalidToken.code());
    }
    is_open
}

#[tokio::test]
async fn a_ticket_opens_one_socket_and_nothing_else_also_after_a_restart() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let used = ticket(&world, &people[0]);
    let mut peer = Peer::connect(world.address(), BOTH[1]).await;
    assert_eq!(peer.identify(&used).await.user, people[0].user);
    peer.follow(topic).await;
    peer.say(topic, "by a ticket").await;
    assert!(!opens(&world, &used).await, "it was good once");
    let (kept, rest) = (ticket(&world, &people[0]), ticket(&world, &people[0]));
    let bearer = format!("Bearer {rest}");
    let answer = http::ask(world.address(), "GET", "/api/users/me", &[("Authorization", &bearer)], "");
    assert_eq!(answer.status, 401, "{}", answer.body);
    let world = world.restarted(|_| {}).await;
    assert!(!opens(&world, &used).await, "and stays so");
    assert!(opens(&world, &kept).await);
    world.end().await;
}

#[tokio::test]
async fn a_ticket_that_comes_many_times_at_once_opens_one_socket() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    let ticket = ticket(&world, &person);
    let outcomes = join_all((0..12).map(|_| opens(&world, &ticket))).await;
    assert_eq!(outcomes.iter().filter(|is_open| **is_open).count(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_ticket_of_a_session_that_has_ended_opens_nothing_and_its_socket_ends_with_the_session() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    let (first, late) = (ticket(&world, &person), ticket(&world, &person));
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    peer.identify(&first).await;
    let began = Instant::now();
    assert_eq!(world.rest(&person, "POST", "/api/auth/logout", &json!({})).0, 200);
    assert_eq!(peer.expect_close().await.code, CloseCode::SessionEnded.code());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!opens(&world, &late).await);
    world.end().await;
}

#[tokio::test]
async fn a_socket_that_a_ticket_opened_ends_with_the_token_that_asked_for_it() {
    let world = World::with(|config| config.accounts.token.leeway_s = 0);
    let person = world.people_for(1, 3).await.remove(0);
    let ticket = ticket_of(&world, &person);
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    peer.identify(&ticket).await;
    assert_eq!(peer.expect_close().await.code, CloseCode::InvalidToken.code());
    world.end().await;
}

#[tokio::test]
async fn a_ticket_in_an_address_opens_one_stream_and_none_in_a_header() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    let given = ticket(&world, &person);
    let path = format!("{}&token={given}", Stream::path(&[person.topic()]));
    let bearer = format!("Bearer {given}");
    let headers = [("Authorization", bearer.as_str())];
    let answer = http::ask(world.address(), "GET", &Stream::path(&[person.topic()]), &headers, "");
    assert_eq!(answer.status, 401, "{}", answer.body);
    let mut stream = Stream::by_address(world.address(), &path).await;
    assert!(matches!(stream.next().await, Some(ServerFrame::Ack(_))));
    assert_eq!(http::ask(world.address(), "GET", &path, &[], "").status, 401, "it was good once");
    assert_eq!(world.rest(&person, "POST", "/api/auth/logout", &json!({})).0, 200);
    assert_eq!(stream.goodbye().await.code, CloseCode::SessionEnded.code());
    world.end().await;
}

#[tokio::test]
async fn a_ticket_opens_one_session_of_socket_io() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    for mut client in [Client::web(world.address()).await, Client::polling(world.address()).await] {
        let given = ticket(&world, &person);
        client.enter(&given).await;
        assert_eq!(client.user, json!(person.user));
        let mut late = Client::web(world.address()).await;
        let refused = late.kept_out(&json!({ "token": given })).await;
        assert_eq!(refused["data"]["code"], "unauthenticated", "{refused}");
    }
    world.end().await;
}

/// The ticket of somebody whose token lives for seconds.
fn ticket_of(world: &World, who: &Person) -> String {
    let (status, given) = world.rest(who, "POST", "/api/auth/ticket", &Value::Null);
    assert_eq!(status, 201, "{given}");
    given["ticket"].as_str().unwrap().to_owned()
}
