//! Answers and pongs of one connection: what may wait of them, and that whoever reads is not slow.

use super::eventually;
use super::peer::{BOTH, Heard, Peer};
use super::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::content::Content;
use plenum_schema::wire::{AckResult, CloseCode, Command, Edit, History};
use plenum_schema::{Offset, RefusalCode, Topic};
use plenum_websocket::Opcode;
use plenum_websocket::client::put_frame;

const LONGEST: usize = 16 * 1_024;

fn newest(topic: Topic) -> Command {
    Command::History(History { topic, before: None, after: None, limit: Some(200) })
}

async fn page(peer: &mut Peer, topic: Topic, before: Option<Offset>, after: Option<Offset>) -> (Vec<Offset>, u64, u64) {
    let page = peer.history(History { topic, before, after, limit: Some(200) }).await;
    (page.events.iter().map(|event| event.offset).collect(), page.head, page.first)
}

#[tokio::test]
async fn a_page_of_messages_that_were_edited_to_the_longest_text_is_cut_and_read_whole_in_pages() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut writer = world.peer(Codec::MessagePack, &people[0]).await;
    for _ in 0..80 {
        let target = writer.say(topic, "short").await.offset;
        let content = Content::text("x".repeat(LONGEST));
        let id = writer.push(Command::Edit(Edit { topic, target, client_ref: None, content })).await;
        assert!(matches!(writer.expect_ack(id).await, AckResult::Changed(_)));
    }
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let (offsets, head, _) = page(&mut peer, topic, None, Some(seen.last().copied().unwrap_or(0))).await;
            seen.extend(offsets);
            pages += 1;
            if seen.last() == Some(&head) {
                break;
            }
        }
        assert_eq!(seen, (1..=161).collect::<Vec<Offset>>(), "the group's beginning, messages and edits");
        // 160 texts of 16 KiB in pages of 256 KiB.
        assert!(pages >= 10, "{pages} pages");
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let (offsets, _, first) = page(&mut peer, topic, before, None).await;
            before = offsets.first().copied();
            seen.splice(0..0, offsets);
            if before == Some(first) {
                break;
            }
        }
        assert_eq!(seen, (1..=161).collect::<Vec<Offset>>(), "backwards, too");
    }
}

#[tokio::test]
async fn twenty_pages_of_control_characters_at_once_are_answered_or_refused_as_busy_and_end_nothing() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut writer = world.peer(Codec::MessagePack, &people[0]).await;
    // Six bytes each in JSON.
    let bells = "\u{7}".repeat(LONGEST);
    for _ in 0..20 {
        writer.say(topic, &bells).await;
    }
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        let (mut packet, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..20 {
            let (id, bytes) = peer.framed(newest(topic));
            packet.extend(bytes);
            ids.push(id);
        }
        peer.write(&packet).await.unwrap();
        let (mut pages, mut busy) = (0, 0);
        for id in ids {
            match peer.answer(id).await {
                Ok(AckResult::Page(page)) => {
                    assert!(!page.events.is_empty() && page.events.last().map(|event| event.offset) == Some(page.head));
                    pages += 1;
                }
                Err(refusal) => {
                    assert_eq!(refusal.code, RefusalCode::Busy, "{refusal}");
                    assert!(refusal.retry_after_ms.is_some());
                    busy += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(pages >= 1 && pages + busy == 20, "{pages} pages, {busy} refused");
        peer.history(History { topic, before: None, after: None, limit: Some(200) }).await;
    }
    assert_eq!(world.metric_with("plenum_closed_total", "slow consumer"), 0);
}

#[tokio::test]
async fn pages_that_are_asked_for_and_not_read_are_refused_as_busy_and_the_rest_is_answered_when_they_are() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    for _ in 0..20 {
        writer.say(topic, &"x".repeat(LONGEST)).await;
    }
    let mut peer = Peer::connect_narrow(world.address(), Codec::Json).await;
    peer.identify(&people[0].token).await;
    let (mut packet, mut ids) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let (id, bytes) = peer.framed(newest(topic));
        packet.extend(bytes);
        ids.push(id);
    }
    peer.write(&packet).await.unwrap();
    let refused = || world.metric_with("plenum_commands_refused_total", "code=\"busy\"");
    eventually("pages are refused", || (refused() > 0).then_some(())).await;
    assert!(world.metric("plenum_outbox_bytes") <= 1 << 20);
    let mut outcomes = Vec::new();
    for id in ids {
        outcomes.push(peer.answer(id).await.map_err(|refusal| refusal.code));
    }
    assert!(outcomes.iter().any(Result::is_ok) && outcomes.contains(&Err(RefusalCode::Busy)));
    peer.history(History { topic, before: None, after: None, limit: Some(200) }).await;
}

#[tokio::test]
async fn pings_of_somebody_who_does_not_read_and_does_not_identify_pile_up_nowhere() {
    let world = World::start();
    let mut peer = Peer::connect_narrow(world.address(), Codec::Json).await;
    let mut pings = Vec::new();
    for number in 0_u32..1_000 {
        put_frame(&mut pings, true, Opcode::Ping, [1, 2, 3, 4], format!("{number:0>120}").as_bytes());
    }
    let ignored = || world.metric("plenum_control_frames_ignored_total");
    while peer.write(&pings).await.is_ok() && ignored() < 1_200 {
        let waiting = world.metric("plenum_outbox_bytes");
        assert!(waiting < 16 * 1_024, "{waiting} bytes wait");
    }
    eventually("it is closed", || (world.metric_with("plenum_closed_total", "too many commands") == 1).then_some(()))
        .await;
    assert_eq!(peer.expect_close().await.code, CloseCode::Flood.code());
}

#[tokio::test]
async fn every_ping_of_somebody_who_reads_has_its_pong_in_order() {
    let world = World::start();
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let mut pings = Vec::new();
    (0_u8..20).for_each(|number| put_frame(&mut pings, true, Opcode::Ping, [1, 2, 3, 4], &[number]));
    peer.write(&pings).await.unwrap();
    for number in 0_u8..20 {
        let pong = |heard: &Heard| if let Heard::Pong(bytes) = heard { Some(bytes.clone()) } else { None };
        assert_eq!(peer.find("a pong", pong).await, [number]);
    }
}
