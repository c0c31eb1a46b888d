//! The ladder at work: what a hub does not get while its mailbox is so full.

use super::mailbox::{Place, SOON};
use super::*;
use crate::hub::held::Held;
use crate::hub::ladder::Ladder;
use crate::hub::{LadderConfig, Shed};
use crate::publication::Publisher;
use plenum_schema::RefusalCode;
use plenum_schema::wire::{MarksSignal, RoomStats};

fn members(count: u32) -> Arc<Publication> {
    let stats = RoomStats { members: count, online: Some(count) };
    Publication::signal(TOPIC, Class::Conflated(1), Signal::RoomStats(stats))
}

fn marks(read: u64) -> Arc<Publication> {
    let signal =
        MarksSignal { user: user(1), delivered: read, read, delivered_message: None, read_message: None, at: 0 };
    Publication::signal(TOPIC, Class::Conflated(2), Signal::Marks(signal))
}

/// The signals that somebody has heard: how many people, how far read.
fn heard(text: &str) -> (Vec<u32>, Vec<u64>) {
    let (mut people, mut read) = (Vec::new(), Vec::new());
    for frame in frames(text) {
        let ServerFrame::Signal(frame) = frame else { continue };
        match frame.signal {
            Signal::RoomStats(stats) => people.extend(stats.online),
            Signal::Marks(marks) => read.push(marks.read),
            _ => {}
        }
    }
    (people, read)
}

impl Place {
    /// With room for a hundred batches, and somebody who gets signals.
    async fn live() -> Self {
        let place = Self::with_room_for(100);
        place.eventually("somebody is live", |place| place.sink.text().contains("caughtUp")).await;
        place
    }

    async fn eventually(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !is_so(self) {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(SOON, waiting).await;
        assert!(in_time.is_ok(), "{what}: not in time; heard {}", self.sink.text());
    }

    fn shed(&self, shed: Shed) -> u64 {
        self.metrics.shed[shed as usize - 1].get()
    }
}

#[actix::test]
async fn at_the_first_step_typing_is_dropped_and_everything_else_comes() {
    let place = Place::live().await;
    place.publish(24);
    assert_eq!(place.metrics.ladder_step.get(), 0);
    place.publish(1);
    assert_eq!(place.metrics.ladder_step.get(), 1);
    place.hubs.publish(vec![typing(7, Class::Droppable)]);
    place.hubs.publish(vec![members(3)]);
    place.hubs.publish(vec![marks(4)]);
    place.expect_events(25).await;
    place.eventually("the step ends", |place| place.metrics.ladder_step.get() == 0).await;
    place.eventually("signals come", |place| heard(&place.sink.text()) == (vec![3], vec![4])).await;
    assert!(!place.sink.text().contains("typing"), "{}", place.sink.text());
    assert_eq!((place.shed(Shed::Typing), place.shed(Shed::Presence)), (1, 0));
    place.hubs.publish(vec![typing(7, Class::Droppable)]);
    place.eventually("typing comes again", |place| place.sink.text().contains("typing")).await;
}

#[actix::test]
async fn presence_and_then_tallies_are_held_back_and_the_newest_of_each_comes_in_the_end() {
    let place = Place::live().await;
    place.faults.hold_mail(true);
    place.publish(40);
    place.hubs.publish(vec![members(1)]);
    place.hubs.publish(vec![marks(1)]);
    place.hubs.publish(vec![members(2)]);
    place.publish(15);
    assert_eq!(place.metrics.ladder_step.get(), 3);
    place.hubs.publish(vec![members(3)]);
    place.hubs.publish(vec![marks(2)]);
    place.hubs.publish(vec![marks(3)]);
    assert_eq!((place.shed(Shed::Presence), place.shed(Shed::Tallies), place.metrics.mailbox.get()), (3, 2, 56));
    place.faults.hold_mail(false);
    place.expect_events(55).await;
    place.eventually("the newest comes", |place| heard(&place.sink.text()) == (vec![3], vec![1, 3])).await;
    assert_eq!((place.metrics.ladder_step.get(), place.metrics.mailbox.get()), (0, 0));
}

#[actix::test]
async fn joins_and_then_sends_are_refused_with_the_time_to_come_back_and_events_are_never_shed() {
    let place = Place::live().await;
    place.faults.hold_mail(true);
    for (events, shed, next) in [(70, Shed::Joins, Some(Shed::Sends)), (15, Shed::Sends, None)] {
        place.publish(events);
        let refusal = place.hubs.admit(shed).unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::Busy, Some(1_000)));
        assert_eq!(next.map_or(Ok(()), |next| place.hubs.admit(next)), Ok(()));
    }
    // Beyond all steps, and beyond the mailbox itself: what was acknowledged comes from the log.
    place.publish(40);
    assert_eq!(place.metrics.mailbox_full.get(), 25);
    place.faults.hold_mail(false);
    place.expect_events(125).await;
    place.eventually("the node is well", |place| place.hubs.admit(Shed::Joins).is_ok()).await;
}

#[actix::test]
async fn while_a_step_lasts_what_is_held_back_comes_now_and_then() {
    let place = Place::live().await;
    place.faults.hold_mail(true);
    place.publish(60);
    place.hubs.publish(vec![members(1)]);
    place.hubs.publish(vec![members(2)]);
    assert_eq!(place.metrics.mailbox.get(), 60);
    // The hub looks at it four times a second of the machine's time; how long it has waited is the test's.
    let advancing = async {
        while place.metrics.mailbox.get() < 61 {
            place.clock.advance(1_000);
            place.hub.with(|core| core.heard(place.key));
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(SOON, advancing).await.is_ok(), "nothing comes");
    assert_eq!(place.metrics.ladder_step.get(), 3);
    place.faults.hold_mail(false);
    place.eventually("it came", |place| heard(&place.sink.text()).0 == [2]).await;
}

#[test]
fn what_was_held_back_never_comes_after_something_newer() {
    let metrics = HubMetrics::new(&prometheus::Registry::new()).unwrap();
    let ladder = Ladder::new(LadderConfig { held_signals: 1, ..LadderConfig::default() }, 100, metrics);
    let mut held = Held::default();
    let online = |batch: Option<Arc<[Arc<Publication>]>>| batch.map(|batch| batch[0].frame());
    assert_eq!(online(held.sift(&ladder, (2, false), &[members(1)].into())), None);
    assert_eq!(online(held.sift(&ladder, (2, false), &[members(2)].into())), None, "the same place");
    let none_left = online(held.sift(&ladder, (3, false), &[marks(1)].into()));
    assert_eq!(none_left, Some(marks(1).frame()), "without a place it is delivered as ever");
    let passed = online(held.sift(&ladder, (0, false), &[members(3)].into()));
    assert_eq!(passed, Some(members(3).frame()));
    assert!(held.is_empty(), "the newer one has taken its place");
    assert_eq!(online(held.sift(&ladder, (0, true), &[members(4)].into())), None, "there is no room at all");
    let released = held.release(0, 0, 1_000);
    assert_eq!(released.iter().map(|one| one.frame()).collect::<Vec<_>>(), [members(4).frame()]);
    let mixed: Arc<[_]> = [event(1), typing(1, Class::Droppable), event(2)].into();
    let rest = held.sift(&ladder, (1, false), &mixed).unwrap();
    assert_eq!(rest.iter().map(|one| one.offset()).collect::<Vec<_>>(), [Some(1), Some(2)]);
}
