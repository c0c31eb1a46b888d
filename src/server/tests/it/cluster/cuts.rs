//! A node that is cut from the store, and nodes whose clocks are wrong.

use super::gate::{Gated, Skewed};
use super::world::Cluster;
use crate::journey::conference::{Hall, pick, voted};
use crate::socket::peer::{BOTH, Peer, send, texts};
use plenum_actors::clock::SystemClock;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_schema::wire::Command;
use plenum_server::serve::Given;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As a client does: what is refused for now is repeated under the same reference. A node that has just lost its store does not know it yet.
async fn say_until_it_is_taken(peer: &mut Peer, topic: Topic, text: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let id = peer.push(send(topic, Some(text), text)).await;
        match peer.answer(id).await {
            Ok(_) => return,
            Err(refusal) => {
                assert!(refusal.code.is_retryable(), "{refusal}");
                assert!(Instant::now() < deadline, "{refusal}");
                tokio::time::sleep(Duration::from_millis(refusal.retry_after_ms.unwrap_or(50).min(200))).await;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_node_cut_from_the_store_sends_its_clients_messages_through_the_others() {
    let mut cluster = Cluster::start(2).await;
    let gated = Gated::new(cluster.store.clone());
    cluster.add_with(Given { store: Some(gated.clone()), ..Given::default() }, |_| {});
    cluster.is_complete().await;
    let people = cluster.nodes[0].people(3).await;
    let everybody: Vec<_> = people.iter().collect();
    // So many that some live on each node.
    let topics: Vec<Topic> = (0..12).map(|_| cluster.nodes[0].group(&everybody)).collect();
    let mut peers = Vec::new();
    for (node, person) in cluster.nodes.iter().zip(&people) {
        let mut peer = node.peer(Codec::Json, person).await;
        for topic in &topics {
            peer.follow(*topic).await;
        }
        peers.push(peer);
    }
    for peer in &mut peers {
        for topic in &topics {
            peer.say(*topic, "before").await;
        }
    }
    gated.close(true);
    let began = Instant::now();
    for (number, peer) in peers.iter_mut().enumerate() {
        for topic in &topics {
            say_until_it_is_taken(peer, *topic, &format!("during {number}")).await;
        }
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    gated.close(false);
    for (number, peer) in peers.iter_mut().enumerate() {
        for topic in &topics {
            say_until_it_is_taken(peer, *topic, &format!("after {number}")).await;
        }
    }
    let mut fresh = cluster.nodes[2].peer(Codec::MessagePack, &people[2]).await;
    for topic in &topics {
        let said: Vec<String> = texts(&fresh.whole_history(*topic).await).into_iter().map(|(_, text)| text).collect();
        let wanted =
            ["before", "before", "before", "during 0", "during 1", "during 2", "after 0", "after 1", "after 2"];
        assert_eq!(said, wanted);
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn nodes_whose_clocks_are_five_minutes_fast_and_slow_keep_one_order_and_every_session() {
    let mut cluster = Cluster::start(1).await;
    for skew in [300_000, -300_000] {
        let clock = Arc::new(Skewed(SystemClock::new(), skew));
        cluster.add_with(Given { store: Some(cluster.store.clone()), clock: Some(clock), ..Given::default() }, |_| {});
    }
    cluster.is_complete().await;
    // Each is signed in by a node of another time, and goes to all of them.
    for home in 0..3 {
        let people = cluster.nodes[home].people(3).await;
        let topic = cluster.nodes[(home + 1) % 3].group(&people.iter().collect::<Vec<_>>());
        let mut peers = Vec::new();
        for (number, person) in people.iter().enumerate() {
            let mut peer = cluster.nodes[number].peer(BOTH[number % 2], person).await;
            peer.follow(topic).await;
            peers.push(peer);
        }
        for round in 0..5 {
            for (number, peer) in peers.iter_mut().enumerate() {
                peer.say(topic, &format!("{round} {number}")).await;
            }
        }
        let mut all = Vec::new();
        for peer in &mut peers {
            all.push(texts(&peer.whole_history(topic).await));
        }
        assert!(all.iter().all(|one| one.len() == 15 && *one == all[0]));
        let said: Vec<String> =
            (0..5).flat_map(|round| (0..3).map(move |number| format!("{round} {number}"))).collect();
        assert_eq!(all[0].iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(), said);
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_vote_counts_once_whatever_the_clocks_say() {
    let mut cluster = Cluster::start(1).await;
    for skew in [300_000, -300_000] {
        let clock = Arc::new(Skewed(SystemClock::new(), skew));
        cluster.add_with(Given { store: Some(cluster.store.clone()), clock: Some(clock), ..Given::default() }, |_| {});
    }
    cluster.is_complete().await;
    let hall = Hall::open(&cluster.nodes[2], &json!({ "title": "Town hall" })).await;
    let mut host = cluster.nodes[1].peer(Codec::Json, &hall.host).await;
    for _ in 0..3 {
        let question = hall.question(&cluster.nodes[0], &json!({ "text": "Which?", "options": ["a", "b"] }));
        let id = host.push(Command::PushQuestion(hall.asked(question))).await;
        host.expect_ack(id).await;
        for number in 0..6 {
            let token = hall.join(&cluster.nodes[number % 3]);
            for node in [number % 3, (number + 1) % 3] {
                let mut phone = hall.phone_of(&cluster.nodes[node], Codec::Json, &token).await;
                voted(&mut phone, pick(question, 1)).await;
            }
        }
        let path = format!("/questions/{question}/close");
        let (status, closed) = hall.ask(&cluster.nodes[0], "POST", &path, &Value::Null);
        assert_eq!((status, &closed["results"]["totalResponses"]), (200, &json!(6)), "{closed}");
    }
    cluster.end().await;
}
