//! The end of a session ends its sockets, soon.

use super::peer::{BOTH, Ended, Peer, send};
use super::world::{Person, World};
use plenum_schema::codec::Codec;
use plenum_schema::wire::CloseCode;
use plenum_services::accounts::Secret;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What is promised.
const WITHIN: Duration = Duration::from_secs(1);

async fn closed_within(peer: &mut Peer, since: Instant) -> Ended {
    let ended = peer.expect_close().await;
    assert!(since.elapsed() < WITHIN, "{:?}", since.elapsed());
    ended
}

#[tokio::test]
async fn a_logout_closes_all_sockets_of_the_session_within_a_second_and_no_others() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut doomed = Vec::new();
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        peer.follow(topic).await;
        doomed.push(peer);
    }
    let mut other = world.peer(Codec::Json, &people[1]).await;
    let began = Instant::now();
    let (status, answer) = world.rest(&people[0], "POST", "/api/v1/auth/logout", &Value::Null);
    assert_eq!(status, 200, "{answer}");
    for peer in &mut doomed {
        let ended = closed_within(peer, began).await;
        assert_eq!(ended.code, CloseCode::SessionEnded.code());
        assert_eq!(ended.goodbye.expect("a goodbye").retry_after_ms, None);
    }
    other.say(topic, "still here").await;
    let mut late = Peer::connect(world.address(), Codec::Json).await;
    let id = late.push(super::peer::identify(&people[0].token)).await;
    late.expect_refusal(id).await;
    assert_eq!(late.expect_close().await.code, CloseCode::InvalidToken.code());
}

#[tokio::test]
async fn after_its_session_has_ended_a_socket_that_does_not_answer_the_close_can_do_nothing_more() {
    let world = World::with(|config| config.hub.close_timeout_ms = 60_000);
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    let mut witness = world.peer(Codec::Json, &people[1]).await;
    let (status, _) = world.rest(&people[0], "POST", "/api/v1/auth/logout", &Value::Null);
    assert_eq!(status, 200);
    let closing = |heard: &super::peer::Heard| matches!(heard, super::peer::Heard::Close(..)).then_some(());
    peer.find("a close frame", closing).await;
    for number in 0..5 {
        // The server may have cut the connection off: then nothing is carried out either.
        let _gone = peer.try_push(send(topic, None, &format!("too late {number}"))).await;
    }
    // The end of the connection tells that the server has read everything.
    drop(peer);
    super::eventually("the connection is gone", || (world.metric("plenum_connections") == 1).then_some(())).await;
    assert_eq!(witness.say(topic, "the only message").await.offset, 2);
}

#[tokio::test]
async fn one_device_too_many_ends_the_first_and_its_socket() {
    let world = World::start();
    let user = world.people(1).await[0].user;
    let accounts = world.accounts();
    // The person was made with a session; it is the first to go.
    let mut peers = Vec::new();
    for device in 0..5 {
        let signed_in = accounts.mint_token(user, &format!("device {device}")).await.unwrap();
        let token = signed_in.access_token.expose().to_owned();
        peers.push(world.peer(Codec::Json, &Person { user, token }).await);
    }
    let began = Instant::now();
    accounts.mint_token(user, "one more").await.unwrap();
    let mut first = peers.remove(0);
    assert_eq!(closed_within(&mut first, began).await.code, CloseCode::SessionEnded.code());
    for mut peer in peers {
        peer.fence().await;
    }
}

#[tokio::test]
async fn a_new_password_ends_the_sockets_of_all_other_devices() {
    let world = World::start();
    let register = json!({ "email": "ada@example.org", "password": "correct horse battery" });
    let answer = crate::http::ask(world.address(), "POST", "/api/v1/auth/register", &[], &register.to_string());
    assert_eq!(answer.status, 201, "{}", answer.body);
    let user = world.accounts().lookup("ada@example.org").await.unwrap().id;
    let mut sessions = Vec::new();
    for device in ["phone", "laptop"] {
        let signed_in = world.accounts().mint_token(user, device).await.unwrap();
        sessions.push(Person { user, token: signed_in.access_token.expose().to_owned() });
    }
    let mut phone = world.peer(Codec::Json, &sessions[0]).await;
    let mut laptop = world.peer(Codec::Json, &sessions[1]).await;
    let began = Instant::now();
    world.accounts().set_password(user, Secret::from("another horse battery")).await.unwrap();
    for peer in [&mut phone, &mut laptop] {
        assert_eq!(closed_within(peer, began).await.code, CloseCode::SessionEnded.code());
    }
}

#[tokio::test]
async fn an_account_that_is_switched_off_loses_its_sockets() {
    let world = World::start();
    let people = world.people(1).await;
    let mut peer = world.peer(Codec::MessagePack, &people[0]).await;
    let began = Instant::now();
    world.accounts().set_active(people[0].user, false).await.unwrap();
    assert_eq!(closed_within(&mut peer, began).await.code, CloseCode::SessionEnded.code());
}

#[tokio::test]
async fn a_connection_ends_when_its_token_expires() {
    let world = World::with(|config| config.accounts.token.leeway_s = 0);
    let people = world.people_for(1, 2).await;
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    peer.identify(&people[0].token).await;
    let ended = peer.expect_close().await;
    assert_eq!(ended.code, CloseCode::InvalidToken.code());
}

#[tokio::test]
async fn whoever_is_let_in_by_a_token_that_has_just_expired_stays_for_the_leeway() {
    const LEEWAY_MS: i64 = 3_000;
    let world = World::with(|config| config.accounts.token.leeway_s = 3);
    let people = world.people_for(1, 1).await;
    let expired_at = {
        // Nothing tells when the token has expired but the clock.
        let mut peer = Peer::connect(world.address(), Codec::Json).await;
        let expires_at = peer.identify(&people[0].token).await.expires_at;
        while wall() < expires_at {
            tokio::task::yield_now().await;
        }
        expires_at
    };
    let mut late = Peer::connect(world.address(), Codec::Json).await;
    assert_eq!(late.identify(&people[0].token).await.expires_at, expired_at, "it is told that it has passed");
    let ended = late.expect_close().await;
    assert_eq!(ended.code, CloseCode::InvalidToken.code());
    assert!(wall() >= expired_at + LEEWAY_MS, "closed before the token was refused");
}

fn wall() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}
