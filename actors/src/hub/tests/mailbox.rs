//! What other threads send to a hub, when there is no room for it.

use super::*;
use crate::hub::{HubFaults, HubHandle, Hubs, LogPage, LogReader, PageFuture};
use crate::publication::Publisher;
use parking_lot::Mutex;
use plenum_schema::Offset;
use std::time::Duration;

/// How long a hub may take.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// A log that answers at once.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<Arc<Publication>>>);

impl Log {
    pub(super) fn append(&self) -> Arc<Publication> {
        let mut events = self.0.lock();
        let appended = event(events.len() as u64 + 1);
        events.push(appended.clone());
        appended
    }
}

impl LogReader for Log {
    fn read(&self, topic: Topic, after: Offset, _: Offset, events: usize, _: usize) -> PageFuture {
        let wanted = |event: &&Arc<Publication>| event.topic == topic && event.offset() > Some(after);
        let events = self.0.lock().iter().filter(wanted).take(events).cloned().collect();
        Box::pin(async move { Ok(LogPage { events, first: 1 }) })
    }
}

/// A hub on this thread whose mailbox has room for so many batches, with somebody who follows the topic.
pub(super) struct Place {
    pub hubs: Arc<Hubs>,
    pub hub: HubHandle,
    pub log: Arc<Log>,
    pub key: ConnectionKey,
    pub sink: Sink,
    pub metrics: HubMetrics,
    pub faults: Arc<HubFaults>,
    pub clock: Arc<ManualClock>,
}

impl Place {
    pub(super) fn with_room_for(batches: usize) -> Self {
        let (faults, clock) = (Arc::new(HubFaults::default()), Arc::new(ManualClock::default()));
        let metrics = HubMetrics::new(&prometheus::Registry::new()).unwrap();
        let config = HubConfig { mailbox_batches: batches, ..HubConfig::default() };
        let (hubs, log) = (Hubs::new(&config, metrics.clone(), Some(faults.clone())), Arc::new(Log::default()));
        let core = Core::new(config, FRAMING, clock.clone(), metrics.clone());
        let hub = HubHandle::start(core, log.clone(), &hubs);
        let (key, sink) = (ConnectionKey::default(), Sink::default());
        let mut place = Self { hubs, hub, log, key, sink, metrics, faults, clock };
        (place.key, place.sink) = place.follower(1, TOPIC, 0);
        place
    }

    /// Somebody who follows a topic from a position.
    pub(super) fn follower(&self, number: u128, topic: Topic, since: Offset) -> (ConnectionKey, Sink) {
        let sink = Sink::with_room(PLENTY);
        let (id, socket) = (ConnectionId(Uuid::from_u128(number)), Rc::new(sink.clone()));
        let key = self.hub.with(|core| core.join(NewConnection { id, socket, dialect: Dialect::NativeJson }));
        self.hub.with(|core| core.identify(key, identity(number)));
        self.hub.expect(topic);
        let head = self.log.0.lock().len() as u64;
        self.hub.with(|core| core.subscribe(key, topic, since, head));
        self.hub.with(|core| core.settle(topic));
        (key, sink)
    }

    /// Appends so many events and publishes each by itself.
    pub(super) fn publish(&self, events: usize) {
        for _ in 0..events {
            let appended = self.log.append();
            self.hubs.publish(vec![appended]);
        }
    }

    /// Waits until so many events have come, and asserts that they are the first ones, in order.
    pub(super) async fn expect_events(&self, count: u64) {
        let heard = async {
            while self.sink.text().matches("{\"event\"").count() < usize::try_from(count).unwrap() {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(SOON, heard).await;
        let heard = offsets(&self.sink.text());
        assert!(in_time.is_ok(), "{} of {count} have come, up to {:?}", heard.len(), heard.last());
        assert_eq!(heard, (1..=count).collect::<Vec<_>>());
    }
}

#[actix::test]
async fn what_found_no_room_is_read_from_the_log_though_nothing_is_published_after_it() {
    // No room at all is how a mailbox looks that is emptied between the look at it and the note.
    let place = Place::with_room_for(0);
    let appended = place.log.append();
    place.hubs.publish(vec![appended]);
    place.expect_events(1).await;
    let appended = place.log.append();
    place.hubs.publish(vec![appended]);
    place.expect_events(2).await;
    assert_eq!(place.metrics.mailbox_full.get(), 2);
}

#[actix::test]
async fn nothing_stays_behind_in_a_mailbox_with_room_for_one_batch() {
    const EVENTS: u64 = 2_000;
    let place = Place::with_room_for(1);
    let (hubs, log) = (place.hubs.clone(), place.log.clone());
    let owner = std::thread::spawn(move || {
        for _ in 0..EVENTS {
            let appended = log.append();
            hubs.publish(vec![appended]);
        }
    });
    place.expect_events(EVENTS).await;
    owner.join().unwrap();
    let emptied = async {
        while place.metrics.mailbox.get() > 0 {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(SOON, emptied).await.is_ok(), "{} batches wait", place.metrics.mailbox.get());
}
