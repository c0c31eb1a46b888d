//! Identification: before, during, again.

use super::peer::{BOTH, Peer, identify, send, subscribe};
use super::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{CloseCode, Command, History, Mark, Typing, Unsubscribe};
use plenum_schema::{RefusalCode, Topic};
use plenum_services::accounts::Secret;

fn all_but_identify(topic: Topic) -> Vec<Command> {
    vec![
        subscribe(topic, None),
        Command::Unsubscribe(Unsubscribe { topic }),
        send(topic, None, "hello"),
        Command::History(History { topic, before: None, after: None, limit: None }),
        Command::Typing(Typing { topic, active: true }),
        Command::Mark(Mark { topic, delivered: None, read: Some(1) }),
    ]
}

#[tokio::test]
async fn before_identification_every_command_but_ping_is_unauthenticated() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    for codec in BOTH {
        let mut peer = Peer::connect(world.address(), codec).await;
        for command in all_but_identify(topic) {
            peer.refused(command, RefusalCode::Unauthenticated).await;
        }
        peer.fence().await;
        peer.identify(&people[0].token).await;
        peer.subscribe(topic, None).await;
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_and_the_connection_closed() {
    let world = World::start();
    let people = world.people(1).await;
    let (head, signature) = people[0].token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for token in ["", "nonsense", &forged] {
        let mut peer = Peer::connect(world.address(), Codec::Json).await;
        peer.refused(identify(token), RefusalCode::Unauthenticated).await;
        let ended = peer.expect_close().await;
        assert_eq!(ended.code, CloseCode::InvalidToken.code());
        assert_eq!(ended.goodbye.expect("a goodbye").retry_after_ms, None);
    }
}

#[tokio::test]
async fn whoever_does_not_identify_in_time_is_closed_though_it_pings() {
    let world = World::with(|config| config.hub.identify_within_ms = 200);
    let mut peer = Peer::connect(world.address(), Codec::MessagePack).await;
    peer.fence().await;
    assert_eq!(peer.expect_close().await.code, CloseCode::IdentifyTimeout.code());
}

#[tokio::test]
async fn a_newer_token_of_the_same_session_extends_the_stay() {
    let world = World::start();
    let people = world.people(1).await;
    let accounts = world.accounts();
    let first = accounts.mint_token(people[0].user, "phone").await.unwrap();
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let before = peer.identify(first.access_token.expose()).await;
    let second = accounts.refresh(&Secret::from(first.refresh_token.expose())).await.unwrap();
    let after = peer.identify(second.access_token.expose()).await;
    assert_eq!((after.user, after.session), (before.user, before.session));
    assert!(after.expires_at >= before.expires_at);
}

#[tokio::test]
async fn a_token_of_another_session_is_a_conflict_and_changes_nothing() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    peer.refused(identify(&people[1].token), RefusalCode::Conflict).await;
    let other = world.accounts().mint_token(people[0].user, "another device").await.unwrap();
    peer.refused(identify(other.access_token.expose()), RefusalCode::Conflict).await;
    peer.subscribe(topic, None).await;
}

#[tokio::test]
async fn two_identifies_at_once_are_a_conflict_for_one_of_them() {
    let world = World::start();
    let people = world.people(1).await;
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let (first, mut packet) = peer.framed(identify(&people[0].token));
    let (second, bytes) = peer.framed(identify(&people[0].token));
    packet.extend(bytes);
    peer.write(&packet).await.unwrap();
    assert_eq!(peer.expect_refusal(second).await.code, RefusalCode::Conflict);
    peer.expect_ack(first).await;
}
