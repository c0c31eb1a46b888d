//! Any client on any node: the same order, the same history, each message once.

use super::world::Cluster;
use crate::socket::eventually;
use crate::socket::peer::{BOTH, Peer, send, texts};
use plenum_schema::codec::Codec;
use plenum_schema::wire::{Command, React, Signal, Typing};
use plenum_schema::{Offset, RefusalCode};

/// Messages that each person writes.
const EACH: usize = 40;

/// The next messages as a listener gets them: offset and text, without holes.
async fn heard(peer: &mut Peer, count: usize) -> Vec<(Offset, String)> {
    let mut heard: Vec<(Offset, String)> = Vec::new();
    while heard.len() < count {
        let (offset, message) = peer.expect_message().await;
        if let Some((last, _)) = heard.last() {
            assert_eq!(offset, last + 1, "no gap and no double");
        }
        heard.push((offset, message.content.text));
    }
    heard
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn clients_on_all_nodes_write_at_once_and_hear_one_order() {
    let cluster = Cluster::start(3).await;
    let (topic, _, mut peers) = cluster.one_on_each().await;
    let mut ids = Vec::new();
    for number in 0..EACH {
        for (node, peer) in peers.iter_mut().enumerate() {
            ids.push((
                node,
                peer.push(send(topic, Some(&format!("{node}-{number}")), &format!("{node}-{number}"))).await,
            ));
        }
    }
    for (node, id) in ids {
        peers[node].expect_ack(id).await;
    }
    let mut all = Vec::new();
    for peer in &mut peers {
        all.push(heard(peer, 3 * EACH).await);
    }
    assert!(all.iter().all(|one| *one == all[0]));
    for peer in &mut peers {
        let history = peer.whole_history(topic).await;
        assert_eq!(texts(&history), all[0]);
    }
    assert_eq!(cluster.metric("plenum_bus_commands_served_total"), cluster.metric("plenum_bus_commands_total"));
    assert!(cluster.metric("plenum_bus_commands_served_total") > 0, "two of three nodes sent theirs to the third");
    assert_eq!(cluster.metric("plenum_owner_conflicts_total"), 0, "one node decides");
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_message_repeated_on_another_node_keeps_its_first_place() {
    let cluster = Cluster::start(2).await;
    let (topic, people, mut peers) = cluster.one_on_each().await;
    let first = peers[0].send(topic, Some("ref"), "once").await;
    let mut elsewhere = cluster.nodes[1].peer(Codec::MessagePack, &people[0]).await;
    let again = elsewhere.send(topic, Some("ref"), "once").await;
    assert_eq!((again.offset, again.message, again.duplicate), (first.offset, first.message, true));
    assert_eq!(texts(&peers[1].whole_history(topic).await).len(), 1);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_client_resumes_on_another_node_from_its_position() {
    let cluster = Cluster::start(2).await;
    let (topic, people, mut peers) = cluster.one_on_each().await;
    let seen = peers[0].say(topic, "seen").await.offset;
    for number in 0..20 {
        peers[1].say(topic, &format!("missed {number}")).await;
    }
    for codec in BOTH {
        let mut moved = cluster.nodes[1].peer(codec, &people[0]).await;
        moved.subscribe(topic, Some(seen)).await;
        let (gaps, offsets, position) = moved.expect_caught_up().await;
        assert_eq!((gaps.len(), offsets, position), (0, (seen + 1..=seen + 20).collect(), seen + 20));
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn signals_cross_nodes() {
    let cluster = Cluster::start(2).await;
    let (topic, people, mut peers) = cluster.one_on_each().await;
    peers[0].push(Command::Typing(Typing { topic, active: true })).await;
    let (on, signal) = peers[1].expect_signal().await;
    assert_eq!(on, topic);
    assert!(matches!(signal, Signal::Typing(typing) if typing.user == people[0].user && typing.active));
    // A person's own topic: they are on the other node.
    peers[1].subscribe(people[1].topic(), None).await;
    // Such signals are hints: they go where somebody is known to listen.
    let is_known = || (cluster.nodes[0].metric("plenum_presence_online") == 2).then_some(());
    eventually("the other node has heard of them", is_known).await;
    let is_heard = || (cluster.nodes[1].metric("plenum_bus_topics") == 2).then_some(());
    eventually("their topic is subscribed to", is_heard).await;
    let other = cluster.nodes[0].direct(&people[0], &people[1]);
    loop {
        if let (on, Signal::ConversationAdded(added)) = peers[1].expect_signal().await {
            assert_eq!((on, added.conversation), (people[1].topic(), other));
            break;
        }
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn whoever_is_removed_on_one_node_hears_nothing_more_on_another() {
    let cluster = Cluster::start(3).await;
    let (topic, people, mut peers) = cluster.one_on_each().await;
    let path = crate::socket::world::World::path_of(topic, &format!("/members/{}", people[2].user));
    let (status, answer) = cluster.nodes[1].rest(&people[0], "DELETE", &path, &serde_json::Value::Null);
    assert_eq!(status, 204, "{answer}");
    peers[1].expect_event().await;
    peers[2].expect_event().await;
    peers[0].say(topic, "among ourselves").await;
    let (_, message) = peers[1].expect_message().await;
    assert_eq!(message.content.text, "among ourselves");
    let refusal = peers[2].refused(send(topic, None, "and I?"), RefusalCode::NotFound).await;
    assert_eq!(refusal.code, RefusalCode::NotFound);
    assert_eq!(peers[2].kept_events(), 0);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_reaction_on_one_node_is_seen_on_another() {
    let cluster = Cluster::start(2).await;
    let (topic, _, mut peers) = cluster.one_on_each().await;
    let target = peers[0].say(topic, "well?").await.offset;
    peers[1].expect_message().await;
    let id = peers[1].push(Command::React(React { topic, target, emoji: "👍".into() })).await;
    peers[1].expect_ack(id).await;
    peers[0].expect_message().await;
    assert_eq!(peers[0].expect_event().await.offset, target + 1);
    cluster.end().await;
}
