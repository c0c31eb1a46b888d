//! A peer that does not read, beside one that does.

use crate::socket::eventually;
use crate::socket::peer::{BOTH, Heard, Peer};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{CloseCode, ServerFrame};
use plenum_schema::{Offset, Topic};

const COUNT: u64 = 600;

/// Everything a peer has been sent until it was closed: offsets, and where it is to resume.
async fn read_all(peer: &mut Peer, topic: Topic) -> (Vec<Offset>, Offset) {
    let (mut offsets, mut resume) = (Vec::new(), None);
    loop {
        match peer.hear().await {
            Heard::Frame(ServerFrame::Event(event)) => offsets.push(event.offset),
            Heard::Frame(ServerFrame::Goodbye(goodbye)) => {
                assert_eq!(goodbye.code, CloseCode::SlowConsumer.code());
                assert!(goodbye.retry_after_ms.is_some());
                resume = goodbye.positions.get(&topic).copied();
            }
            Heard::Close(code, _) => {
                assert_eq!(code, CloseCode::SlowConsumer.code());
                return (offsets, resume.expect("a goodbye with a position"));
            }
            Heard::End => panic!("no close frame after {offsets:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_slow_consumer_is_closed_with_its_resume_point_and_harms_nobody() {
    let world = World::with(|config| {
        config.hub.outbox_bytes = 256 * 1_024;
        config.hub.outbox_soft_bytes = 64 * 1_024;
        config.hub.close_timeout_ms = 60_000;
    });
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    for codec in BOTH {
        let head = writer.subscribe(topic, None).await.head;
        writer.expect_caught_up().await;
        let mut slow = Peer::connect_narrow(world.address(), codec).await;
        slow.identify(&people[1].token).await;
        slow.follow(topic).await;
        let closed = world.metric("plenum_closed_total");
        for _ in 0..COUNT {
            writer.say(topic, &"x".repeat(16 * 1_024)).await;
            writer.expect_message().await;
        }
        eventually("the slow one is closed", || (world.metric("plenum_closed_total") > closed).then_some(())).await;
        let (first, position) = read_all(&mut slow, topic).await;
        assert_eq!(first, (head + 1..=position).collect::<Vec<_>>(), "what was handed over before the goodbye");
        assert!(position < head + COUNT);
        drop(slow);
        let mut back = world.peer(codec, &people[1]).await;
        back.subscribe(topic, Some(position)).await;
        let (gaps, rest, _) = back.expect_caught_up().await;
        assert_eq!((gaps.len(), rest), (0, (position + 1..=head + COUNT).collect::<Vec<_>>()));
    }
}
