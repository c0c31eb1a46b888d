//! Narrow places: small outboxes, rounds half done, rights that change meanwhile.

use super::*;

#[test]
fn catching_up_closes_nobody_however_small_the_outbox_is() {
    for room in [PLENTY, 100] {
        let mut world = World::new(HubConfig { outbox_bytes: 700, outbox_soft_bytes: 700, ..HubConfig::default() });
        world.append(40);
        let peer = world.peer(room, Dialect::NativeJson);
        world.core.subscribe(peer.key, TOPIC, 0, 40);
        world.settle();
        for _ in 0..200 {
            peer.sink.make_room(300);
            world.core.writable(peer.key);
            world.settle();
        }
        assert_eq!(offsets(&peer.sink.text()), (1..=40).collect::<Vec<_>>());
        assert!(goodbye(&peer.sink.text()).is_none());
    }
}

#[test]
fn a_round_that_is_larger_than_an_outbox_reaches_whoever_has_nothing_waiting() {
    let mut world = World::new(HubConfig { outbox_bytes: 1_000, outbox_soft_bytes: 500, ..HubConfig::default() });
    let peer = world.live(PLENTY);
    world.publish(40);
    world.run();
    assert_eq!(offsets(&peer.sink.text()).len(), 40);
    assert!(goodbye(&peer.sink.text()).is_none());
}

#[test]
fn whoever_is_closed_in_the_middle_of_a_round_is_told_exactly_what_it_has_got() {
    let mut world = World::new(HubConfig { slice_connections: 1, ..HubConfig::default() });
    let peers: Vec<_> = (0..4).map(|_| world.live(PLENTY)).collect();
    world.publish(3);
    world.core.slice();
    world.core.slice();
    peers.iter().for_each(|peer| world.core.close(peer.key, CloseCode::Draining, Some(0)));
    world.run();
    let got: Vec<_> = peers.iter().map(|peer| offsets(&peer.sink.text()).last().copied().unwrap_or(0)).collect();
    assert!(got.contains(&0) && got.contains(&3), "{got:?}");
    for (peer, got) in peers.iter().zip(got) {
        assert_eq!(goodbye(&peer.sink.text()).unwrap().positions.get(&TOPIC), Some(&got));
    }
}

#[test]
fn whoever_was_removed_while_the_right_to_the_topic_was_checked_gets_nothing_after_the_removal() {
    for stays in [false, true] {
        let mut world = World::new(HubConfig::default());
        let witness = stays.then(|| world.live(PLENTY));
        let late = world.peer(PLENTY, Dialect::NativeJson);
        world.publish(1);
        world.settle();
        let removed = MemberRemoved { user: world.core.identity(late.key).unwrap().user, by: user(1), now: None };
        let event = Event::Conversation(ConversationEvent::MemberRemoved(removed));
        let publication = Publication::event(TOPIC, 2, 0, event);
        world.log.push(publication.clone());
        world.core.publish(&[publication]);
        world.settle();
        world.core.subscribe(late.key, TOPIC, 0, 1);
        world.settle();
        world.publish(2);
        world.settle();
        let got = offsets(&late.sink.text());
        assert!(got == [1, 2] || (got == [1] && !stays), "{got:?}");
        assert!(!world.core.is_subscribed(late.key, TOPIC));
        drop(witness);
    }
}

#[test]
fn whoever_was_removed_and_added_again_before_gets_everything() {
    let mut world = World::new(HubConfig::default());
    let back = world.peer(PLENTY, Dialect::NativeJson);
    let removed = MemberRemoved { user: world.core.identity(back.key).unwrap().user, by: user(1), now: None };
    world.log.push(Publication::event(TOPIC, 1, 0, Event::Conversation(ConversationEvent::MemberRemoved(removed))));
    world.append(3);
    world.core.subscribe(back.key, TOPIC, 0, 4);
    world.settle();
    world.publish(1);
    world.settle();
    assert_eq!(offsets(&back.sink.text()), [1, 2, 3, 4, 5]);
}

fn removal(world: &mut World, key: ConnectionKey, offset: u64) -> Arc<Publication> {
    let removed = MemberRemoved { user: world.core.identity(key).unwrap().user, by: user(1), now: None };
    let event = Event::Conversation(ConversationEvent::MemberRemoved(removed));
    let publication = Publication::event(TOPIC, offset, 0, event);
    world.log.push(publication.clone());
    publication
}

#[test]
fn whoever_comes_back_while_the_round_of_their_removal_still_runs_stays_subscribed() {
    let mut world = World::new(HubConfig { slice_connections: 1, ..HubConfig::default() });
    let _others: Vec<_> = (0..4).map(|_| world.live(PLENTY)).collect();
    let back = world.peer(PLENTY, Dialect::NativeJson);
    let removed = removal(&mut world, back.key, 1);
    world.core.publish(&[removed]);
    // The round has begun and is not through when the person is added again (offset 2) and subscribes.
    world.core.slice();
    world.append(1);
    world.core.subscribe(back.key, TOPIC, 2, 2);
    world.settle();
    assert!(world.core.is_subscribed(back.key, TOPIC));
    world.publish(1);
    world.settle();
    assert_eq!(offsets(&back.sink.text()), [3]);
}

#[test]
fn a_removal_counts_also_for_whoever_is_sent_back_to_the_log_in_the_middle_of_its_round() {
    let mut world = World::new(HubConfig { slice_connections: 1, ..HubConfig::default() });
    let gone = world.live(PLENTY);
    let _others: Vec<_> = (0..4).map(|_| world.live(PLENTY)).collect();
    let removed = removal(&mut world, gone.key, 1);
    world.core.publish(&[removed]);
    world.core.slice();
    // Retention was faster than a repair: everybody follows the log from here, those the round has reached too.
    world.append(9);
    world.first = 8;
    world.core.announce(TOPIC, 10);
    world.settle();
    assert!(!world.core.is_subscribed(gone.key, TOPIC));
    assert!(offsets(&gone.sink.text()).iter().all(|offset| *offset <= 1), "nothing after the removal");
}

#[test]
fn a_connection_whose_session_ended_while_its_token_was_checked_is_closed() {
    let mut world = World::new(HubConfig::default());
    let peer = world.live(PLENTY);
    let mut identity = world.core.identity(peer.key).unwrap();
    identity.session = plenum_schema::SessionId(Uuid::from_u128(4_711));
    world.core.end_sessions(&[identity.session]);
    world.core.identify(peer.key, identity);
    world.run();
    assert!(peer.sink.text().ends_with("CLOSE 4502\n"));
    assert!(!world.core.is_open(peer.key));
}
