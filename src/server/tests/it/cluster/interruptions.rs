//! The bus goes and comes, nodes go and come: nothing acknowledged is lost, and everybody hears of it.

use super::world::Cluster;
use crate::socket::eventually;
use crate::socket::peer::{Peer, texts};
use crate::socket::world::World;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_server::config::Config;
use std::time::{Duration, Instant};

/// Hears the messages of these texts, in this order.
async fn expect(peer: &mut Peer, wanted: &[String]) {
    for text in wanted {
        assert_eq!(peer.expect_message().await.1.content.text, *text);
    }
}

async fn say_all(peer: &mut Peer, topic: Topic, what: &str, count: usize) -> Vec<String> {
    let mut said = Vec::new();
    for number in 0..count {
        let text = format!("{what} {number}");
        peer.say(topic, &text).await;
        said.push(text);
    }
    said
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn without_the_bus_every_node_goes_on_and_hears_of_the_others_from_the_log() {
    let cluster = Cluster::with(3, |config| config.cluster.settings.check_alone_ms = 200).await;
    let (topic, _, mut peers) = cluster.one_on_each().await;
    cluster.nats.kill();
    cluster.is_connected(false).await;
    let mut said = Vec::new();
    for (node, peer) in peers.iter_mut().enumerate() {
        said.extend(say_all(peer, topic, &format!("alone on {node}"), 5).await);
    }
    for peer in &mut peers {
        expect(peer, &said).await;
    }
    cluster.nats.start_again();
    cluster.is_connected(true).await;
    cluster.is_complete().await;
    let after = say_all(&mut peers[0], topic, "together again", 5).await;
    for peer in &mut peers {
        expect(peer, &after).await;
        assert_eq!(texts(&peer.whole_history(topic).await).len(), 20);
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_bus_that_dies_again_and_again_loses_doubles_and_reorders_nothing() {
    let cluster = Cluster::with(2, |config| config.cluster.settings.check_alone_ms = 200).await;
    let (topic, _, mut peers) = cluster.one_on_each().await;
    let mut said = Vec::new();
    for round in 0..4 {
        said.extend(say_all(&mut peers[round % 2], topic, &format!("before {round}"), 10).await);
        cluster.nats.kill();
        said.extend(say_all(&mut peers[(round + 1) % 2], topic, &format!("during {round}"), 10).await);
        cluster.nats.start_again();
        said.extend(say_all(&mut peers[round % 2], topic, &format!("after {round}"), 10).await);
    }
    for peer in &mut peers {
        expect(peer, &said).await;
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn nodes_find_each_other_when_the_bus_comes_late() {
    let mut cluster = Cluster::start(1).await;
    cluster.nats.kill();
    cluster.add(|_| {});
    let (topic, _, mut peers) = cluster.one_on_each().await;
    peers[0].say(topic, "alone").await;
    cluster.nats.start_again();
    cluster.is_complete().await;
    peers[0].say(topic, "together").await;
    expect(&mut peers[1], &["alone".to_owned(), "together".to_owned()]).await;
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn nodes_are_restarted_one_after_another_while_everybody_writes() {
    let mut cluster = Cluster::start(3).await;
    let (topic, people, mut peers) = cluster.one_on_each().await;
    let mut said = Vec::new();
    for node in 0..3 {
        said.extend(say_all(&mut peers[node], topic, &format!("before {node}"), 5).await);
        let old = cluster.nodes.remove(0);
        let ending = tokio::spawn(old.end());
        let ended = peers[node].expect_close().await;
        let goodbye = ended.goodbye.expect("a goodbye");
        let since = goodbye.positions[&topic];
        ending.await.unwrap();
        cluster.add(|_| {});
        cluster.is_complete().await;
        // The client goes on, on whichever node, from where it was.
        let newest = cluster.nodes.last().unwrap();
        let mut moved = newest.peer(Codec::Json, &people[node]).await;
        moved.subscribe(topic, Some(since)).await;
        peers[node] = moved;
        said.extend(say_all(&mut peers[(node + 1) % 3], topic, &format!("after {node}"), 5).await);
    }
    let history = texts(&peers[0].whole_history(topic).await);
    assert_eq!(history.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>(), said);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_session_that_ends_on_one_node_is_closed_on_the_others_within_a_second() {
    let cluster = Cluster::start(2).await;
    let (_, people, mut peers) = cluster.one_on_each().await;
    let began = Instant::now();
    let (status, _) = cluster.nodes[0].rest(&people[1], "POST", "/api/v1/auth/logout", &serde_json::Value::Null);
    assert_eq!(status, 200);
    peers[1].expect_close().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_session_that_ends_while_the_bus_is_away_is_closed_all_the_same() {
    let cluster = Cluster::with(2, |config| config.cluster.settings.check_alone_ms = 200).await;
    let (_, people, mut peers) = cluster.one_on_each().await;
    cluster.nats.kill();
    cluster.is_connected(false).await;
    let (status, _) = cluster.nodes[0].rest(&people[1], "POST", "/api/v1/auth/logout", &serde_json::Value::Null);
    assert_eq!(status, 200);
    peers[1].expect_close().await;
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_session_that_ends_while_a_node_hears_nothing_over_a_connection_that_stands_is_closed_there() {
    let mut cluster = Cluster::with(1, |config| config.cluster.settings.silent_ms = 1_000).await;
    let way = cluster.add_behind_a_way(|config| {
        config.cluster.settings.silent_ms = 1_000;
        config.cluster.settings.check_alone_ms = 200;
        // The client of the bus itself does not notice in this test.
        config.cluster.settings.nats.ping_every_ms = 600_000;
    });
    cluster.is_complete().await;
    let (topic, people, mut peers) = cluster.one_on_each().await;
    way.swallow(true);
    // What is written meanwhile reaches the deaf node by the log.
    peers[0].say(topic, "can you hear me").await;
    assert_eq!(peers[1].expect_event().await.topic, topic);
    let (status, _) = cluster.nodes[0].rest(&people[1], "POST", "/api/v1/auth/logout", &serde_json::Value::Null);
    assert_eq!(status, 200);
    peers[1].expect_close().await;
    assert_eq!(cluster.nodes[1].metric("plenum_bus_connected"), 1, "the connection stood all the time");
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_node_that_hears_another_again_looks_for_what_it_missed() {
    // Nobody looks by himself in this test, and the deaf node does not notice that it is: only that the other one is heard again counts.
    let settings = |config: &mut Config| {
        config.cluster.settings.silent_ms = 1_000;
        config.cluster.settings.check_every_ms = 3_600_000;
        config.cluster.settings.check_alone_ms = 600_000;
        config.cluster.settings.ended_attempts = 1;
        config.cluster.settings.nats.ping_every_ms = 600_000;
    };
    let mut cluster = Cluster::with(1, settings).await;
    let way = cluster.add_behind_a_way(settings);
    cluster.is_complete().await;
    let (_, people, mut peers) = cluster.one_on_each().await;
    way.swallow(true);
    let gone = || (cluster.nodes[0].metric("plenum_cluster_nodes") == 0).then_some(());
    eventually("the other node counts as gone", gone).await;
    let (status, _) = cluster.nodes[0].rest(&people[1], "POST", "/api/v1/auth/logout", &serde_json::Value::Null);
    assert_eq!(status, 200);
    way.swallow(false);
    peers[1].expect_close().await;
    assert_eq!(
        cluster.nodes[1].metric("plenum_bus_connects_total"),
        1,
        "it was not a new connection that made it look"
    );
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn more_topics_than_are_subscribed_to_one_by_one_come_all_the_same() {
    let cluster = Cluster::with(2, |config| {
        config.cluster.settings.topics = 2;
        config.cluster.settings.linger_ms = 0;
    })
    .await;
    let people = cluster.nodes[0].people(2).await;
    let mut listener = cluster.nodes[1].peer(Codec::Json, &people[1]).await;
    let mut writer = cluster.nodes[0].peer(Codec::Json, &people[0]).await;
    let topics: Vec<Topic> = (0..6).map(|_| cluster.nodes[0].group(&[&people[0], &people[1]])).collect();
    for topic in &topics {
        listener.follow(*topic).await;
    }
    eventually("all are subscribed to", || subscribed(&cluster.nodes[1], 6)).await;
    for topic in &topics {
        writer.say(*topic, "here").await;
        let event = listener.expect_event().await;
        assert_eq!(event.topic, *topic);
    }
    drop(listener);
    eventually("subscriptions end with their listeners", || subscribed(&cluster.nodes[1], 0)).await;
    cluster.end().await;
}

fn subscribed(node: &World, count: i64) -> Option<()> {
    (node.metric("plenum_bus_topics") == count).then_some(())
}
