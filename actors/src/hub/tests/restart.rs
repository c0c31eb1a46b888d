//! A panic inside a hub: its clients come back, and nothing else is lost.

use super::mailbox::{Place, SOON};
use super::*;
use crate::publication::Publisher;

const OTHER: Topic = Topic::Conversation(ConversationId(Uuid::from_u128(2)));

fn elsewhere(offset: u64) -> Arc<Publication> {
    let changed = TitleChanged { title: format!("elsewhere {offset}"), by: user(1), now: None };
    Publication::event(OTHER, offset, 0, Event::Conversation(ConversationEvent::TitleChanged(changed)))
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(SOON, waiting).await.is_ok(), "{what}: not in time");
}

#[actix::test]
async fn a_hub_that_panics_sends_its_clients_away_with_positions_and_begins_again_empty() {
    let place = Place::with_room_for(100);
    let (_, second) = place.follower(2, TOPIC, 0);
    let (_, beside) = place.follower(3, OTHER, 0);
    place.publish(2);
    place.expect_events(2).await;
    place.hubs.publish(vec![elsewhere(1)]);
    until("the other topic is live", || offsets(&beside.text()) == [1]).await;
    place.faults.fail_in_round_of(TOPIC);
    place.publish(1);
    until("everybody is told", || [&place.sink, &second, &beside].iter().all(|one| one.text().contains("CLOSE"))).await;
    assert_eq!(place.metrics.panics.get(), 1);
    let mut delays = Vec::new();
    for (sink, positions) in [(&place.sink, vec![]), (&second, vec![]), (&beside, vec![(OTHER, 1)])] {
        let goodbye = goodbye(&sink.text()).unwrap();
        assert_eq!(goodbye.code, CloseCode::Draining.code());
        delays.extend(goodbye.retry_after_ms);
        // Nobody knows how far the round has come that failed: of its topic clients keep their own positions.
        assert_eq!(goodbye.positions.into_iter().collect::<Vec<_>>(), positions);
        assert!(sink.text().ends_with("CLOSE 4000\n"), "{}", sink.text());
        assert_eq!(sink.shut.get(), Some(Shut::AwaitPeer));
    }
    delays.dedup();
    assert_eq!(delays.len(), 3, "spread over a time: {delays:?}");
    assert_eq!(offsets(&second.text()), [1, 2], "nothing of the round that failed");
    let gauges = [&place.metrics.topics, &place.metrics.subscriptions, &place.metrics.outbox_bytes];
    assert_eq!(gauges.map(|gauge| gauge.get()), [0; 3]);
    assert!(!place.hubs.is_wanted(TOPIC) && !place.hubs.is_wanted(OTHER));
    // They come back, and nothing is missing.
    let (_, back) = place.follower(4, TOPIC, 2);
    until("what was missed comes", || offsets(&back.text()) == [3]).await;
    place.publish(1);
    until("and what is new", || offsets(&back.text()) == [3, 4]).await;
    assert_eq!(place.metrics.panics.get(), 1);
}

#[actix::test]
async fn who_is_closed_by_a_panic_is_looked_after_until_the_end() {
    let place = Place::with_room_for(100);
    let (key, sink) = place.follower(2, TOPIC, 0);
    sink.make_room(0);
    place.faults.fail_in_round_of(TOPIC);
    place.publish(1);
    until("the hub has begun again", || place.metrics.panics.get() == 1).await;
    assert_eq!(sink.text().matches("CLOSE").count(), 0);
    sink.make_room(PLENTY);
    place.hub.writable(key);
    until("the rest goes out when there is room", || sink.text().ends_with("CLOSE 4000\n")).await;
    place.clock.advance(60_000);
    until("a peer that does not answer is cut off", || sink.shut.get() == Some(Shut::Now)).await;
    place.hub.with(|core| core.leave(key));
}

#[actix::test]
async fn a_panic_in_any_call_is_contained_and_the_hub_can_be_used_at_once() {
    let place = Place::with_room_for(100);
    let answer: usize = place.hub.with(|_| panic!("a bug"));
    assert_eq!((answer, place.metrics.panics.get()), (0, 1));
    let goodbye = goodbye(&{
        until("everybody is told", || place.sink.text().contains("CLOSE")).await;
        place.sink.text()
    });
    assert_eq!(goodbye.unwrap().positions.len(), 0, "nobody knows what was worked on");
    let (_, back) = place.follower(2, TOPIC, 0);
    place.publish(1);
    until("it delivers", || offsets(&back.text()) == [1]).await;
}

#[actix::test]
async fn a_session_that_ended_before_a_panic_is_not_let_in_after_it() {
    let place = Place::with_room_for(100);
    let identity = identity(9);
    place.hub.with(|core| core.end_sessions(&[identity.session]));
    place.hub.with(|_| -> () { panic!("a bug") });
    let (_, sink) = place.follower(9, TOPIC, 0);
    until("it is closed", || sink.text().contains("CLOSE 4502")).await;
}
