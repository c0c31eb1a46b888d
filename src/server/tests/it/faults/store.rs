//! A store that takes nothing.

use crate::http;
use crate::socket::peer::{BOTH, send};
use crate::socket::world::World;
use plenum_schema::RefusalCode;
use plenum_schema::codec::Codec;

#[tokio::test]
async fn when_the_disk_is_full_sends_are_refused_as_unavailable_reads_are_served_and_readiness_says_so() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let first = ada.send(topic, Some("before"), "hello").await;
    drop(ada);
    let world = world.restarted(|config| config.store.limits.min_free_bytes = 1 << 60).await;
    for codec in BOTH {
        let mut ada = world.peer(codec, &people[0]).await;
        let refusal = ada.refused(send(topic, Some("during"), "refused"), RefusalCode::Unavailable).await;
        assert!(refusal.code.is_retryable() && refusal.retry_after_ms.is_some(), "{refusal:?}");
        assert!(!refusal.message.contains('/'), "no paths in {refusal}");
        let again = ada.send(topic, Some("before"), "hello").await;
        assert_eq!((again.offset, again.duplicate), (first.offset, true), "what is known needs no disk");
        assert_eq!(ada.whole_history(topic).await.len(), 2);
        ada.subscribe(topic, Some(0)).await;
        assert_eq!(ada.expect_caught_up().await.1, [1, 2]);
    }
    let operations = world.server.operations();
    let ready = http::get(operations, "/health/ready");
    assert_eq!(ready.status, 503, "{}", ready.body);
    assert!(ready.body.contains("notReady"), "{}", ready.body);
    assert_eq!(http::get(operations, "/health/live").status, 200);
    let world = world.restarted(|_| {}).await;
    assert_eq!(http::get(world.server.operations(), "/health/ready").status, 200);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let sent = ada.send(topic, Some("during"), "refused").await;
    assert_eq!((sent.offset, sent.duplicate), (3, false));
}
