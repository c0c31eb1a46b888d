//! What may wait for a topic's next round, and what one round may hand to a receiver.

use super::*;

/// One publication more than the bound may wait: no event of these tests takes as much as this.
const ONE_MORE: usize = 4_096;

fn titled(offset: u64, title: String) -> Arc<Publication> {
    let changed = TitleChanged { title, by: user(1), now: None };
    Publication::event(TOPIC, offset, 0, Event::Conversation(ConversationEvent::TitleChanged(changed)))
}

fn signals(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("{\"signal\"")).collect()
}

fn pending(world: &World, bytes: usize) -> bool {
    world.core.topics.iter().any(|(_, state)| state.pending.is_full(bytes))
}

#[test]
fn a_topic_with_too_much_to_deliver_reads_the_rest_from_its_log_and_nobody_misses_anything() {
    const BOUND: usize = 8_000;
    let mut world = World::new(HubConfig { pending_bytes: BOUND, slice_connections: 1, ..HubConfig::default() });
    let peers: Vec<_> = (0..3).map(|_| world.live(PLENTY)).collect();
    world.publish(200);
    assert!(pending(&world, BOUND), "the bound is not reached");
    assert!(world.core.metrics.pending_full.get() > 100);
    loop {
        assert!(!pending(&world, BOUND + ONE_MORE), "more than the bound waits");
        let more = world.core.slice();
        let wishes = world.core.take_wishes();
        // Pages of the log that are larger than the bound, too.
        wishes.iter().for_each(|wish| world.answer(wish, 50));
        if !more && wishes.is_empty() {
            break;
        }
    }
    for peer in &peers {
        assert_eq!(offsets(&peer.sink.text()), (1..=200).collect::<Vec<_>>());
        assert!(goodbye(&peer.sink.text()).is_none());
    }
    let full = world.core.metrics.pending_full.get();
    world.publish(1);
    world.settle();
    assert_eq!(offsets(&peers[0].sink.text()).last(), Some(&201));
    assert_eq!(world.core.metrics.pending_full.get(), full, "there is room again");
}

#[test]
fn a_log_that_cannot_be_read_is_tried_again_by_the_sweep_and_not_by_every_round() {
    let mut world = World::new(HubConfig { pending_bytes: 1, ..HubConfig::default() });
    let peer = world.live(PLENTY);
    world.publish(3);
    world.run();
    let wishes = world.core.take_wishes();
    assert!(matches!(wishes[..], [Wish::Repair { after: 1, known: 3, .. }]), "{wishes:?}");
    world.core.repaired(TOPIC, None);
    for number in 0..5 {
        world.core.publish(&[typing(number, Class::Droppable)]);
        world.run();
    }
    assert!(world.core.take_wishes().is_empty());
    world.core.sweep(1_000);
    world.settle();
    assert_eq!(offsets(&peer.sink.text()), [1, 2, 3]);
}

#[test]
fn without_room_typing_is_dropped_and_the_newest_of_each_conflated_signal_waits() {
    let mut world = World::new(HubConfig { pending_bytes: 1, ..HubConfig::default() });
    let peer = world.live(PLENTY);
    world.publish(1);
    world.core.publish(&[
        typing(6, Class::Droppable),
        typing(7, Class::Conflated(1)),
        typing(8, Class::Conflated(2)),
        typing(9, Class::Conflated(1)),
    ]);
    world.settle();
    let text = peer.sink.text();
    assert_eq!(offsets(&text), [1]);
    let heard = signals(&text);
    assert_eq!(heard.len(), 2, "{text}");
    assert!(heard[0].contains(&user(9).to_string()) && heard[1].contains(&user(8).to_string()), "{text}");
}

#[test]
fn a_round_hands_a_receiver_half_an_outbox_at_most_and_the_next_one_the_rest() {
    let mut world = World::new(HubConfig { outbox_bytes: 4_000, outbox_soft_bytes: 4_000, ..HubConfig::default() });
    let (reader, deaf) = (world.live(PLENTY), world.live(0));
    world.publish(60);
    world.core.slice();
    let first = reader.sink.text();
    assert!((1..60).contains(&offsets(&first).len()) && first.len() <= 2_000, "{} bytes", first.len());
    world.run();
    assert_eq!(offsets(&reader.sink.text()), (1..=60).collect::<Vec<_>>());
    assert!(!world.core.is_open(deaf.key), "nobody keeps more than an outbox for whoever does not read");
}

#[test]
fn an_event_that_is_larger_than_an_outbox_goes_alone_and_whole() {
    let mut world = World::new(HubConfig { outbox_bytes: 1_000, outbox_soft_bytes: 500, ..HubConfig::default() });
    let peer = world.live(PLENTY);
    let batch = [event(1), titled(2, "x".repeat(3_000)), event(3)];
    world.log.extend(batch.iter().cloned());
    world.core.publish(&batch);
    world.settle();
    assert_eq!(offsets(&peer.sink.text()), [1, 2, 3]);
    assert!(goodbye(&peer.sink.text()).is_none());
}

#[test]
fn large_events_are_kept_for_catch_up_within_a_bound_of_bytes_and_the_log_has_the_rest() {
    let mut world = World::new(HubConfig::default());
    let _peer = world.live(PLENTY);
    world.publish(20);
    world.run();
    let kept =
        |world: &World| world.core.topics.iter().map(|(_, state)| (state.ring.len(), state.ring_bytes)).next().unwrap();
    let (events, bytes) = kept(&world);
    assert_eq!(events, 20);
    let mut small = World::new(HubConfig { ring_bytes: bytes / 4, ..HubConfig::default() });
    let peer = small.live(PLENTY);
    small.publish(20);
    small.run();
    let (events, kept) = kept(&small);
    assert!((4..=5).contains(&events) && kept <= bytes / 4, "{events} events, {kept} bytes");
    assert_eq!(offsets(&peer.sink.text()), (1..=20).collect::<Vec<_>>());
}
