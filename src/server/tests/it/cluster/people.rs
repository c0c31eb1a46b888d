//! Who is online, seen from every node.

use super::world::Cluster;
use crate::socket::peer::Peer;
use crate::socket::world::{Person, World};
use futures_util::future::join_all;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{PresenceSignal, Signal};
use plenum_server::config::Config;
use std::collections::HashSet;
use std::time::Instant;

async fn presence(peer: &mut Peer, who: &Person) -> PresenceSignal {
    match peer.expect_signal().await {
        (Topic::Presence(user), Signal::Presence(signal)) if user == who.user => signal,
        other => panic!("{other:?} instead of presence"),
    }
}

async fn watch(peer: &mut Peer, who: &Person) -> PresenceSignal {
    peer.subscribe(Topic::Presence(who.user), None).await;
    presence(peer, who).await
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn coming_and_going_is_told_on_other_nodes_and_a_move_between_nodes_is_not() {
    let cluster = Cluster::with(3, |config| config.presence.grace_ms = 2_000).await;
    let people = cluster.nodes[0].people(2).await;
    let (ada, bob) = (&people[0], &people[1]);
    cluster.nodes[0].direct(ada, bob);
    let mut follower = cluster.nodes[0].peer(Codec::Json, ada).await;
    assert!(!watch(&mut follower, bob).await.online);
    let first = cluster.nodes[1].peer(Codec::Json, bob).await;
    assert!(presence(&mut follower, bob).await.online);
    let second = cluster.nodes[2].peer(Codec::Json, bob).await;
    drop(first);
    drop(second);
    let went = presence(&mut follower, bob).await;
    assert!(!went.online && went.last_seen.is_some(), "{went:?}");
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn people_of_a_node_that_stops_are_said_to_have_left_once_unless_they_are_elsewhere() {
    let mut cluster = Cluster::with(3, |config| config.presence.grace_ms = 500).await;
    let people = cluster.nodes[0].people(3).await;
    let (ada, bob, eve) = (&people[0], &people[1], &people[2]);
    cluster.nodes[0].group(&[ada, bob, eve]);
    let mut follower = cluster.nodes[0].peer(Codec::Json, ada).await;
    let _on_the_node = cluster.nodes[2].peer(Codec::Json, bob).await;
    let _on_both = [cluster.nodes[2].peer(Codec::Json, eve).await, cluster.nodes[1].peer(Codec::Json, eve).await];
    for who in [bob, eve] {
        let mut signal = watch(&mut follower, who).await;
        while !signal.online {
            signal = presence(&mut follower, who).await;
        }
    }
    let stopping = cluster.nodes.pop().unwrap();
    stopping.end().await;
    let (topic, signal) = follower.expect_signal().await;
    assert_eq!(topic, Topic::Presence(bob.user), "{signal:?}");
    assert!(matches!(signal, Signal::Presence(signal) if !signal.online));
    // Told once: what comes next is his return.
    let _back = cluster.nodes[1].peer(Codec::Json, bob).await;
    assert!(presence(&mut follower, bob).await.online);
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn many_people_are_counted_once_each_on_every_node() {
    const PEOPLE: usize = 60;
    let cluster = Cluster::with(2, |config| config.cluster.settings.presence_lines = 7).await;
    let people = cluster.nodes[0].people(PEOPLE).await;
    let mut peers = Vec::new();
    for (number, person) in people.iter().enumerate() {
        peers.push(cluster.nodes[number % 2].peer(Codec::Json, person).await);
        if number % 3 == 0 {
            peers.push(cluster.nodes[(number + 1) % 2].peer(Codec::Json, person).await);
        }
    }
    let all = i64::try_from(PEOPLE).unwrap();
    for node in &cluster.nodes {
        let is_exact = || (node.metric("plenum_presence_online") == all).then_some(());
        crate::socket::eventually("everybody is counted once", is_exact).await;
    }
    cluster.end().await;
}

/// Presence messages that all nodes have sent.
fn reports(cluster: &Cluster) -> u64 {
    let of = |node: &World| {
        let page = crate::http::get(node.server.operations(), "/metrics").body;
        let line = page.lines().find(|line| line.starts_with("plenum_bus_sent_total{what=\"presence\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    cluster.nodes.iter().map(of).sum()
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn people_of_a_node_that_falls_silent_without_a_word_are_said_to_have_left_once_and_come_back_with_it() {
    let settings = |config: &mut Config| {
        config.presence.grace_ms = 500;
        config.presence.node_silent_ms = 2_000;
        config.cluster.settings.presence_every_ms = 50;
        // The silent node is not to find out by itself.
        config.cluster.settings.nats.ping_every_ms = 600_000;
    };
    let mut cluster = Cluster::with(2, settings).await;
    let way = cluster.add_behind_a_way(settings);
    cluster.is_complete().await;
    let people = cluster.nodes[0].people(3).await;
    let (ada, bob, eve) = (&people[0], &people[1], &people[2]);
    cluster.nodes[0].group(&[ada, bob, eve]);
    let _only_there = cluster.nodes[2].peer(Codec::Json, bob).await;
    let _on_both = [cluster.nodes[2].peer(Codec::Json, eve).await, cluster.nodes[1].peer(Codec::Json, eve).await];
    let mut followers = Vec::new();
    for node in &cluster.nodes[..2] {
        let mut follower = node.peer(Codec::Json, ada).await;
        for who in [bob, eve] {
            let mut signal = watch(&mut follower, who).await;
            while !signal.online {
                signal = presence(&mut follower, who).await;
            }
        }
        followers.push(follower);
    }
    way.swallow(true);
    for follower in &mut followers {
        assert!(!presence(follower, bob).await.online, "he left; of eve, who is elsewhere, nothing is said");
    }
    way.swallow(false);
    for follower in &mut followers {
        // A second «left» would have come before this.
        assert!(presence(follower, bob).await.online, "he was there all the time");
    }
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_storm_of_arrivals_costs_one_report_at_a_time_and_one_of_reconnections_is_not_told() {
    const PEOPLE: usize = 150;
    const WATCHED: usize = 20;
    let every = 100;
    let cluster = Cluster::with(2, |config| {
        config.presence.grace_ms = 5_000;
        config.cluster.settings.presence_every_ms = every;
    })
    .await;
    let people = cluster.nodes[0].people(PEOPLE + 1).await;
    let (ada, others) = people.split_first().unwrap();
    let group: Vec<&Person> = people.iter().take(WATCHED + 1).collect();
    cluster.nodes[0].group(&group);
    let mut follower = cluster.nodes[1].peer(Codec::Json, ada).await;
    for who in &others[..WATCHED] {
        assert!(!watch(&mut follower, who).await.online);
    }
    let (began, before) = (Instant::now(), reports(&cluster));
    let mut peers = join_all(others.iter().map(|who| cluster.nodes[0].peer(Codec::Json, who))).await;
    let mut came = HashSet::new();
    while came.len() < WATCHED {
        let (topic, signal) = follower.expect_signal().await;
        assert!(matches!(signal, Signal::Presence(signal) if signal.online), "{topic}");
        assert!(came.insert(topic), "{topic} is told once");
    }
    // Everybody loses the connection and comes back on the other node, within the grace.
    drop(peers);
    peers = join_all(others.iter().map(|who| cluster.nodes[1].peer(Codec::Json, who))).await;
    let all = i64::try_from(PEOPLE).unwrap() + 1;
    for node in &cluster.nodes {
        crate::socket::eventually("all are counted", || (node.metric("plenum_presence_online") == all).then_some(()))
            .await;
    }
    let rounds = u64::try_from(began.elapsed().as_millis()).unwrap() / every + 2;
    let sent = reports(&cluster) - before;
    assert!(sent <= 2 * rounds, "{sent} reports in {rounds} rounds");
    // Nothing of it was told: what the follower hears next is the one who really goes.
    drop(peers.remove(0));
    assert!(!presence(&mut follower, &others[0]).await.online);
    cluster.end().await;
}
