//! A bug in a hub.

use crate::http;
use crate::socket::eventually;
use crate::socket::peer::{BOTH, send};
use crate::socket::world::World;
use plenum_actors::hub::HubFaults;
use plenum_schema::codec::Codec;
use plenum_schema::wire::CloseCode;
use plenum_server::serve::Given;
use std::sync::Arc;

#[tokio::test]
async fn after_a_panic_in_a_hub_its_clients_come_back_and_have_lost_nothing() {
    let (data, faults) = (tempfile::tempdir().unwrap(), Arc::new(HubFaults::default()));
    let given = Given { hub_faults: Some(faults.clone()), ..Given::default() };
    let world = World::on(given, data.path(), |config| {
        config.server.workers = 1;
        config.hub.restart_window_ms = 100;
    });
    let people = world.people(2).await;
    let (topic, other) = (world.group(&[&people[0], &people[1]]), world.group(&[&people[1]]));
    for (codec, panics) in BOTH.into_iter().zip(1..) {
        let mut ada = world.peer(Codec::Json, &people[0]).await;
        let mut bob = world.peer(codec, &people[1]).await;
        let since = bob.follow(topic).await;
        let elsewhere = bob.follow(other).await;
        ada.say(topic, "before").await;
        assert_eq!(bob.expect_message().await.0, since + 1);
        faults.fail_in_round_of(topic);
        // The answer may have left before the hub failed, or not.
        let unanswered = format!("during {panics}");
        ada.push(send(topic, Some(&unanswered), "during")).await;
        for (peer, other_position) in [(&mut ada, None), (&mut bob, Some(&elsewhere))] {
            let ended = peer.expect_close().await;
            let goodbye = ended.goodbye.expect("a goodbye");
            assert_eq!(ended.code, CloseCode::Draining.code());
            assert!(goodbye.retry_after_ms.is_some_and(|delay| delay <= 600), "{goodbye:?}");
            assert_eq!(goodbye.positions.get(&topic), None, "what was half done is told to nobody");
            assert_eq!(goodbye.positions.get(&other), other_position, "what was whole is told to who has it");
        }
        assert_eq!(world.metric("plenum_hub_panics_total"), panics);
        assert_eq!(http::get(world.server.operations(), "/health/ready").status, 200, "the server stays up");
        let mut ada = world.peer(Codec::Json, &people[0]).await;
        let mut bob = world.peer(codec, &people[1]).await;
        let sent = ada.send(topic, Some(&unanswered), "during").await;
        assert_eq!(sent.offset, since + 2, "it was written once");
        bob.subscribe(topic, Some(since + 1)).await;
        let (gaps, offsets, _) = bob.expect_caught_up().await;
        assert_eq!((gaps.len(), offsets), (0, vec![since + 2]));
        ada.say(topic, "after").await;
        assert_eq!(bob.expect_message().await.0, since + 3);
        drop((ada, bob));
        let gauges = ["plenum_connections", "plenum_topics", "plenum_subscriptions", "plenum_outbox_bytes"];
        let sum = || gauges.into_iter().map(|gauge| world.metric(gauge)).sum::<i64>();
        eventually("nothing is left behind", || (sum() == 0).then_some(())).await;
    }
}
