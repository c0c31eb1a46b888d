//! What other threads send to a hub, when there is no room for it.

use super::*;
use crate::hub::{HubHandle, Hubs, LogPage, LogReader, PageFuture};
use crate::publication::Publisher;
use parking_lot::Mutex;
use plenum_schema::Offset;
use std::time::Duration;

/// How long a hub may take.
const SOON: Duration = Duration::from_secs(20);

/// A log that answers at once.
#[derive(Default)]
struct Log(Mutex<Vec<Arc<Publication>>>);

impl Log {
    fn append(&self) -> Arc<Publication> {
        let mut events = self.0.lock();
        let appended = event(events.len() as u64 + 1);
        events.push(appended.clone());
        appended
    }
}

impl LogReader for Log {
    fn read(&self, _: Topic, after: Offset, _: Offset, events: usize, _: usize) -> PageFuture {
        let wanted = |event: &&Arc<Publication>| event.offset() > Some(after);
        let events = self.0.lock().iter().filter(wanted).take(events).cloned().collect();
        Box::pin(async move { Ok(LogPage { events, first: 1 }) })
    }
}

/// A hub on this thread whose mailbox has room for so many batches, with somebody who follows the topic.
struct Place {
    hubs: Arc<Hubs>,
    log: Arc<Log>,
    sink: Sink,
    metrics: HubMetrics,
}

impl Place {
    fn with_room_for(batches: usize) -> Self {
        let metrics = HubMetrics::new(&prometheus::Registry::new()).unwrap();
        let (hubs, log) = (Hubs::new(batches, metrics.clone()), Arc::new(Log::default()));
        let core = Core::new(HubConfig::default(), FRAMING, Arc::new(ManualClock::default()), metrics.clone());
        let hub = HubHandle::start(core, log.clone(), &hubs);
        let sink = Sink::with_room(PLENTY);
        let id = ConnectionId(Uuid::from_u128(1));
        let socket = Rc::new(sink.clone());
        let key = hub.with(|core| core.join(NewConnection { id, socket, dialect: Dialect::NativeJson }));
        hub.with(|core| core.identify(key, identity(1)));
        hub.expect(TOPIC);
        hub.with(|core| core.subscribe(key, TOPIC, 0, 0));
        Self { hubs, log, sink, metrics }
    }

    /// Waits until so many events have come, and asserts that they are the first ones, in order.
    async fn expect_events(&self, count: u64) {
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
