//! Who is online, seen from every node.

use super::world::Cluster;
use crate::socket::peer::Peer;
use crate::socket::world::Person;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{PresenceSignal, Signal};

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
