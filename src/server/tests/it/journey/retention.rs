//! Where the operator lets the log forget, everybody is told.

use crate::program::run;
use crate::socket::SOON;
use crate::socket::peer::{BOTH, Delivery, Peer};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{EventFrame, Gap, GapReason, History, ServerFrame};
use plenum_schema::{Offset, Topic};
use std::time::Instant;

/// Writes until the log has begun to forget; answers the oldest offset that is left.
async fn forget_some(writer: &mut Peer, topic: Topic) -> Offset {
    let deadline = Instant::now() + SOON;
    loop {
        for _ in 0..20 {
            writer.say(topic, "soon forgotten").await;
        }
        let page = writer.history(History { topic, before: None, after: Some(0), limit: Some(1) }).await;
        if page.first > 10 {
            // The log may forget more between the read of its events and that of its first offset, never the other way.
            assert!(page.events[0].offset <= page.first);
            return page.first;
        }
        assert!(Instant::now() < deadline, "nothing is forgotten");
    }
}

#[tokio::test]
async fn whoever_resumes_from_before_what_is_left_gets_one_gap_and_then_everything_else() {
    let world = World::with(|config| {
        config.owner.retain_entries = 20;
        config.owner.snapshot_every = 10;
        config.owner.recent_entries = 4;
        config.hub.ring_events = 4;
    });
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    forget_some(&mut writer, topic).await;
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        let subscribed = peer.subscribe(topic, Some(3)).await;
        let Delivery::Gap(gap) = peer.expect_delivery().await else { panic!("no gap") };
        assert_eq!(gap, Gap { topic, from: 4, to: gap.to, reason: GapReason::Retention });
        let (gaps, offsets, position) = peer.expect_caught_up().await;
        assert_eq!((gaps, position), (Vec::new(), subscribed.head));
        assert_eq!(offsets, (gap.to + 1..=subscribed.head).collect::<Vec<_>>());
        let live = writer.say(topic, "live").await.offset;
        assert_eq!(peer.expect_event().await.offset, live);
    }
}

#[tokio::test]
async fn a_repetition_is_recognised_also_when_the_first_one_has_been_forgotten() {
    let world = World::with(|config| {
        config.owner.retain_entries = 20;
        config.owner.snapshot_every = 10;
    });
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    let first = writer.send(topic, Some("old"), "hello").await;
    assert!(forget_some(&mut writer, topic).await > first.offset);
    drop(writer);
    let world = world.restarted(|_| {}).await;
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    let again = writer.send(topic, Some("old"), "hello").await;
    assert_eq!((again.offset, again.message, again.duplicate), (first.offset, first.message, true));
}

/// What an export says: the gap in front, and the offsets of the events.
fn exported(arguments: &[&str]) -> (Gap, Vec<Offset>) {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let ServerFrame::Gap(gap) = serde_json::from_str(lines.next().unwrap()).unwrap() else { panic!("no gap: {text}") };
    (gap, lines.map(|line| serde_json::from_str::<EventFrame>(line).unwrap().offset).collect())
}

#[tokio::test]
async fn an_export_says_what_is_gone_also_from_a_data_directory() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |config| {
        config.owner.retain_entries = 20;
        config.owner.snapshot_every = 10;
        config.owner.recent_entries = 4;
    });
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    let first = forget_some(&mut writer, topic).await;
    let head = writer.say(topic, "the last one").await.offset;
    drop(writer);
    let (name, url, token) = (topic.to_string(), format!("ws://{}", world.address()), people[0].token.clone());
    let online = exported(&["export", &name, "--url", &url, "--token", &token]);
    world.end().await;
    let offline = exported(&["--data", data.path().to_str().unwrap(), "export", &name]);
    for (gap, offsets) in [online, offline] {
        assert_eq!(gap, Gap { topic, from: 1, to: gap.to, reason: GapReason::Retention });
        assert!(gap.to + 1 >= first, "what was gone before does not come back");
        assert_eq!(offsets, (gap.to + 1..=head).collect::<Vec<_>>());
    }
}
