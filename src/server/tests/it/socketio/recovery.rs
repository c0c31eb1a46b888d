//! Connection state recovery: what was missed comes, once and in order, from positions alone.

use super::client::Client;
use crate::socket::world::{Person, World};
use plenum_actors::publication::Vocabulary;
use plenum_edge::socketio::positions::Base;
use plenum_edge::socketio::vocabulary::names::{Direction, NAMES};
use plenum_schema::codec::Codec;
use plenum_schema::{ConversationId, Topic, UserId};
use plenum_server::config::Config;
use serde_json::json;
use std::collections::BTreeMap;
use tokio::time::Instant;
use uuid::Uuid;

pub fn id_of(topic: Topic) -> String {
    topic.to_string().split_once(':').unwrap().1.to_owned()
}

pub async fn say(world: &World, who: &Person, topic: Topic, texts: &[&str]) {
    let mut native = world.peer(Codec::Json, who).await;
    for text in texts {
        native.say(topic, text).await;
    }
}

/// A client that comes back as its library would.
pub async fn again(world: &World, who: &Person, before: Client) -> Client {
    let mut client = Client::web(world.address()).await;
    (client.pid, client.offset) = (before.pid.clone(), before.offset.clone());
    drop(before);
    let pid = client.pid.clone();
    client.enter(&who.token).await;
    assert_eq!(client.pid, pid, "recovered");
    client
}

#[tokio::test]
async fn what_was_missed_in_several_conversations_comes_after_a_restart_each_once() {
    let world = World::start();
    let people = world.people(3).await;
    let (one, two) = (world.direct(&people[0], &people[1]), world.direct(&people[0], &people[2]));
    let quiet = world.group(&[&people[0], &people[1], &people[2]]);
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.emit("stop-typing", &json!({ "conversationId": id_of(one) })).await;
    say(&world, &people[1], one, &["a1", "a2"]).await;
    assert_eq!(client.messages("new-message", 2).await, ["a1", "a2"]);
    say(&world, &people[2], two, &["b1"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["b1"]);
    say(&world, &people[1], one, &["a3"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["a3"]);
    client.catch_up().await;

    let world = world.restarted(|_| {}).await;
    say(&world, &people[1], one, &["a4"]).await;
    say(&world, &people[2], two, &["b2", "b3"]).await;
    say(&world, &people[2], quiet, &["q1"]).await;
    let late = world.group(&[&people[1], &people[0]]);
    say(&world, &people[1], late, &["new group"]).await;

    // It hears the vocabulary that it heard before, though it has said nothing yet.
    let mut client = again(&world, &people[0], client).await;
    let mut missed = client.messages("new-message", 5).await;
    missed.sort_unstable();
    assert_eq!(missed, ["a4", "b2", "b3", "new group", "q1"]);
    assert!(client.events.iter().all(|(name, _)| name != "new_message"), "{:?}", client.events);

    // Coming back a second time brings nothing again.
    say(&world, &people[1], one, &["a5"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["a5"]);
    client.catch_up().await;
    let mut client = again(&world, &people[0], client).await;
    say(&world, &people[1], one, &["a6"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["a6"]);
    assert_eq!(world.metric("plenum_socketio_recovered_total"), 2);
}

#[tokio::test]
async fn a_fresh_client_hears_nothing_old_and_foreign_strings_recover_nothing() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    say(&world, &people[1], topic, &["old"]).await;
    let mut other = Client::web(world.address()).await;
    other.enter(&people[1].token).await;
    for (pid, offset) in [(None, None), (Some("nonsense".to_owned()), None), (other.pid.clone(), Some("x".to_owned()))]
    {
        let mut client = Client::web(world.address()).await;
        (client.pid, client.offset) = (pid.clone(), offset);
        client.enter(&people[0].token).await;
        assert_ne!(client.pid, pid);
        say(&world, &people[1], topic, &["now"]).await;
        assert_eq!(client.messages("new-message", 1).await, ["now"]);
    }
}

#[tokio::test]
async fn a_join_with_since_brings_what_lies_after_it() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    say(&world, &people[1], topic, &["one", "two", "three"]).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    let joined = client.ask("join-conversation", &json!({ "conversationId": id_of(topic), "since": 2 })).await;
    assert_eq!((&joined["ok"], &joined["head"], &joined["since"]), (&json!(true), &json!(4), &json!(2)));
    assert_eq!(client.messages("new-message", 2).await, ["two", "three"]);
}

#[tokio::test]
async fn what_a_client_has_left_stays_left_when_it_comes_back_until_it_joins_again() {
    let world = World::start();
    let people = world.people(2).await;
    let [left, kept] = [0, 1].map(|_| world.group(&[&people[0], &people[1]]));
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    say(&world, &people[1], left, &["before"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["before"]);
    let gone = client.ask("leave-conversation", &json!({ "conversationId": id_of(left) })).await;
    assert_eq!((&gone["ok"], &gone["conversationId"]), (&json!(true), &json!(id_of(left))));
    client.catch_up().await;
    for _ in 0..2 {
        client = again(&world, &people[0], client).await;
        say(&world, &people[1], left, &["unheard"]).await;
        say(&world, &people[1], kept, &["heard"]).await;
        assert_eq!(client.messages("new-message", 1).await, ["heard"]);
        client.catch_up().await;
        assert!(client.events.iter().all(|(name, _)| name != "new-message"), "{:?}", client.events);
    }
    client.ask("join-conversation", &json!({ "conversationId": id_of(left) })).await;
    client.catch_up().await;
    let mut client = again(&world, &people[0], client).await;
    say(&world, &people[1], left, &["heard again"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["heard again"]);
}

#[tokio::test]
async fn what_is_no_text_in_auth_asks_for_nothing_and_takes_no_token_away() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    for wrong in [json!(7), json!(null), json!(["x"]), json!({ "a": 1 })] {
        let mut client = Client::web(world.address()).await;
        client.say(&format!("40{}", json!({ "token": person.token, "pid": wrong, "offset": wrong }))).await;
        let packet = client.packet().await;
        assert!(packet.starts_with("40{"), "{wrong}: {packet}");
    }
    let mut client = Client::web(world.address()).await;
    let refused = client.kept_out(&json!({ "token": 7 })).await;
    assert_eq!(refused["data"]["code"], "unauthenticated");
}

#[tokio::test]
async fn wherever_the_connection_breaks_what_was_heard_does_not_come_again() {
    for heard in [1, 3, 8, 13] {
        for polls in [true, false] {
            let world = World::start();
            let people = world.people(3).await;
            let (one, two) = (world.direct(&people[0], &people[1]), world.direct(&people[0], &people[2]));
            let left = world.group(&[&people[0], &people[1]]);
            let mut client =
                if polls { Client::polling(world.address()).await } else { Client::web(world.address()).await };
            client.enter(&people[0].token).await;
            client.ask("leave-conversation", &json!({ "conversationId": id_of(left) })).await;
            let mut said = Vec::new();
            for round in 0..8 {
                let (a, b) = (format!("a{round}"), format!("b{round}"));
                say(&world, &people[1], one, &[&a]).await;
                say(&world, &people[2], two, &[&b]).await;
                said.extend([a, b]);
            }
            say(&world, &people[1], left, &["not to be heard"]).await;

            let mut all = client.messages("new-message", heard).await;
            let mut client = again(&world, &people[0], client).await;
            all.extend(client.messages("new-message", said.len() - heard).await);
            client.catch_up().await;
            all.sort_unstable();
            said.sort_unstable();
            assert_eq!(all, said, "broken off after {heard}, polling: {polls}");
            assert!(client.events.iter().all(|(name, _)| name != "new-message"), "{:?}", client.events);
        }
    }
}

#[tokio::test]
async fn whoever_was_removed_while_away_is_told_when_they_come_back_and_once() {
    let world = World::start();
    let people = world.people(2).await;
    let (gone, stays) = (world.group(&[&people[0], &people[1]]), world.group(&[&people[0], &people[1]]));
    let mut client = Client::web(world.address()).await;
    client.enter(&people[1].token).await;
    say(&world, &people[0], gone, &["one"]).await;
    client.expect("new-message").await;
    client.catch_up().await;
    let before = client;
    let path = format!("/api/v1/conversations/{}/members/{}", id_of(gone), people[1].user);
    let (status, answer) = world.rest(&people[0], "DELETE", &path, &json!({}));
    assert!((200..300).contains(&status), "{answer}");
    let mut client = again(&world, &people[1], before).await;
    let told = client.expect_change("removed").await;
    assert_eq!(told["id"], json!(id_of(gone)));
    assert_eq!(client.expect("user_left").await, json!({ "roomId": id_of(gone), "userId": people[1].user }));
    say(&world, &people[0], stays, &["two"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["two"]);
    client.catch_up().await;
    client.events.clear();
    let mut client = again(&world, &people[1], client).await;
    client.catch_up().await;
    assert!(client.events.iter().all(|(name, _)| name != "user_left"), "{:?}", client.events);
}

/// A pid that names rooms that its person has never been in.
pub fn forged(user: UserId, rooms: usize) -> String {
    let room = |number| (Topic::Conversation(ConversationId(Uuid::from_u128(0x00f0_46ed_0000 + number))), 7);
    let positions = (0..rooms as u128).map(room).collect();
    Base { user, nonce: 1, is_complete: true, positions, others: BTreeMap::new() }.encode()
}

#[tokio::test]
async fn a_pid_that_its_client_has_made_up_starts_no_more_than_the_client_may_ask_for() {
    const ROOMS: usize = 40;
    const A_SECOND: u32 = 10;
    let world = World::with(|config| config.limits.commands_per_second = A_SECOND);
    let person = world.people(1).await.remove(0);
    let began = Instant::now();
    let mut client = Client::web(world.address()).await;
    client.pid = Some(forged(person.user, ROOMS));
    client.enter(&person.token).await;
    let mut told = 0;
    while told < ROOMS {
        client.expect("user_left").await;
        told += 1;
        // Half of a burst of two seconds, and what has come since.
        let most = f64::from(A_SECOND) * (1.0 + began.elapsed().as_secs_f64()) + 1.0;
        assert!(told as f64 <= most, "{told} rooms were looked up, {most} may have been");
        // What the client says itself goes on being answered.
        if told % 10 == 0 {
            assert_eq!(client.ask("echo", &json!("there")).await, "there");
        }
    }
}

#[tokio::test]
async fn what_was_missed_in_more_rooms_than_may_be_looked_up_at_once_comes_all_the_same_and_before_what_is_joined() {
    const ROOMS: usize = 12;
    let followed = |config: &mut Config| config.socketio.followed_conversations = 1;
    let world = World::with(followed);
    let people = world.people(2).await;
    let rooms: Vec<Topic> = (0..ROOMS).map(|_| world.group(&[&people[0], &people[1]])).collect();
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    for room in &rooms {
        assert_eq!(client.ask("join-conversation", &json!({ "conversationId": id_of(*room) })).await["ok"], true);
    }
    client.catch_up().await;
    let left = client.ask("leave-conversation", &json!({ "conversationId": id_of(rooms[0]) })).await;
    assert_eq!(left["ok"], true);
    client.catch_up().await;
    let world = world
        .restarted(|config| {
            followed(config);
            config.limits.commands_per_second = 3;
        })
        .await;
    for room in &rooms {
        let mut native = world.peer(Codec::Json, &people[1]).await;
        native.say(*room, &id_of(*room)).await;
    }
    let mut client = again(&world, &people[0], client).await;
    // Front ends join what they show, whether they were recovered or not: nothing is lost or doubled by it.
    let join = |room: Topic| json!({ "conversationId": id_of(room) });
    assert_eq!(client.ask("join-conversation", &join(rooms[ROOMS - 1])).await["ok"], true);
    assert_eq!(client.ask("leave-conversation", &join(rooms[ROOMS - 2])).await["ok"], true);
    let mut heard = client.messages("new-message", ROOMS - 2).await;
    heard.sort_unstable();
    let mut wanted: Vec<String> = rooms.iter().map(|room| id_of(*room)).collect();
    wanted.retain(|room| *room != id_of(rooms[0]) && *room != id_of(rooms[ROOMS - 2]));
    wanted.sort_unstable();
    assert_eq!(heard, wanted);
    client.catch_up().await;
    assert!(client.events.iter().all(|(name, _)| name != "new-message"), "{:?}", client.events);
}

#[tokio::test]
async fn all_tabs_of_a_person_that_come_back_at_once_hear_what_they_missed_however_few_commands_the_person_has() {
    const TABS: usize = 4;
    const ROOMS: usize = 4;
    let followed = |config: &mut Config| config.socketio.followed_conversations = 1;
    let world = World::with(followed);
    let people = world.people(2).await;
    let rooms: Vec<Topic> = (0..ROOMS).map(|_| world.group(&[&people[0], &people[1]])).collect();
    let mut tabs = Vec::new();
    for _ in 0..TABS {
        let mut tab = Client::web(world.address()).await;
        tab.enter(&people[0].token).await;
        for room in &rooms {
            assert_eq!(tab.ask("join-conversation", &json!({ "conversationId": id_of(*room) })).await["ok"], true);
        }
        tab.catch_up().await;
        tabs.push(tab);
    }
    let world = world
        .restarted(|config| {
            followed(config);
            // One tab alone needs more at once; a person has as many as one connection.
            config.limits.commands_per_second = 3;
            config.limits.user_commands_factor = 1;
        })
        .await;
    for room in &rooms {
        let mut native = world.peer(Codec::Json, &people[1]).await;
        native.say(*room, &id_of(*room)).await;
    }
    let mut wanted: Vec<String> = rooms.iter().map(|room| id_of(*room)).collect();
    wanted.sort_unstable();
    let mut back = Vec::new();
    for tab in tabs {
        back.push(again(&world, &people[0], tab).await);
    }
    for tab in &mut back {
        let mut heard = tab.messages("new-message", ROOMS).await;
        heard.sort_unstable();
        assert_eq!(heard, wanted);
    }
    for tab in &mut back {
        tab.catch_up().await;
        let more = tab.events.iter().find(|(name, _)| name == "new-message" || name == "error");
        assert!(more.is_none(), "{more:?}");
    }
}

#[tokio::test]
async fn a_client_that_comes_back_with_underscores_hears_no_hyphens_until_it_says_some() {
    let world = World::start();
    let people = world.people(2).await;
    let room = world.direct(&people[0], &people[1]);
    let mut friend = Client::web(world.address()).await;
    friend.enter(&people[1].token).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.emit("join_room", &json!({ "roomId": id_of(room) })).await;
    client.catch_up().await;
    say(&world, &people[1], room, &["hello"]).await;
    assert_eq!(client.messages("new_direct_message", 1).await, ["hello"]);
    let mut back = Client::web(world.address()).await;
    (back.pid, back.offset) = (client.pid.clone(), client.offset.clone());
    drop(client);
    back.connect(&people[0].token).await;
    say(&world, &people[1], room, &["again"]).await;
    assert_eq!(back.messages("new_direct_message", 1).await, ["again"]);
    back.catch_up().await;
    let is_hyphens = |name: &str| {
        NAMES.iter().any(|known| {
            known.direction == Direction::Server && known.name == name && known.vocabulary == Vocabulary::Hyphen
        })
    };
    assert!(back.events.iter().all(|(name, _)| !is_hyphens(name)), "{:?}", back.events);
    // What hyphens begin with is not lost for it: it comes when it speaks them, as it stands then.
    back.emit("mark-as-read", &json!({ "conversationId": id_of(room) })).await;
    assert_eq!(back.expect("authenticated").await["user"]["id"], json!(people[0].user));
    assert_eq!(back.expect("online-users").await, json!([people[1].user]));
}
