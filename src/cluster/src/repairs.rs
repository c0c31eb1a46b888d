//! Reads of the log by hubs that have missed publications. All hubs of a node miss the same ones, so they share one read; and since
//! all nodes may have missed them, each waits for a random moment first, in which what is only late may still arrive.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use plenum_actors::hub::{LogPage, LogReader, PageFuture};
use plenum_schema::{Offset, Refusal, Topic};
use prometheus::IntCounter;
use rand::Rng;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

type Read = Shared<BoxFuture<'static, Result<LogPage, Refusal>>>;
type UnderWay = Arc<Mutex<HashMap<(Topic, Offset), Read>>>;

/// A reader whose repairs are shared and spread.
pub struct SharedRepairs {
    reader: Arc<dyn LogReader>,
    /// At most one for each topic and hub.
    under_way: UnderWay,
    jitter_ms: u64,
    shared: IntCounter,
}

impl SharedRepairs {
    /// Spreads repairs over `jitter_ms`; `shared` counts those that joined another's read.
    #[must_use]
    pub fn new(reader: Arc<dyn LogReader>, jitter_ms: u64, shared: IntCounter) -> Self {
        Self { reader, under_way: UnderWay::default(), jitter_ms, shared }
    }

    fn begin(&self, topic: Topic, after: Offset, known: Offset, events: usize, bytes: usize) -> Read {
        let wait = Duration::from_millis(rand::rng().random_range(0..=self.jitter_ms));
        let (reader, under_way) = (Arc::clone(&self.reader), Arc::clone(&self.under_way));
        let read = async move {
            tokio::time::sleep(wait).await;
            let page = reader.read(topic, after, known, events, bytes).await;
            under_way.lock().remove(&(topic, after));
            page
        };
        read.boxed().shared()
    }
}

impl LogReader for SharedRepairs {
    fn read(&self, topic: Topic, after: Offset, known: Offset, events: usize, bytes: usize) -> PageFuture {
        self.reader.read(topic, after, known, events, bytes)
    }

    fn repair(&self, topic: Topic, after: Offset, known: Offset, events: usize, bytes: usize) -> PageFuture {
        let mut under_way = self.under_way.lock();
        if let Some(read) = under_way.get(&(topic, after)) {
            self.shared.inc();
            return Box::pin(read.clone());
        }
        let read = self.begin(topic, after, known, events, bytes);
        under_way.insert((topic, after), read.clone());
        Box::pin(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::ConversationId;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use uuid::Uuid;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl LogReader for Counting {
        fn read(&self, _: Topic, _: Offset, _: Offset, _: usize, _: usize) -> PageFuture {
            self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Ok(LogPage { events: Vec::new(), first: 1 }) })
        }
    }

    fn repairs() -> (Arc<Counting>, SharedRepairs) {
        let reader = Arc::new(Counting::default());
        let shared = IntCounter::new("shared", "shared").unwrap();
        (Arc::clone(&reader), SharedRepairs::new(reader, 5, shared))
    }

    #[tokio::test]
    async fn hubs_that_miss_the_same_publications_share_one_read() {
        let (reader, repairs) = repairs();
        let topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
        let (one, two) = (repairs.repair(topic, 4, 7, 100, 1_000), repairs.repair(topic, 4, 9, 100, 1_000));
        let (one, two) = tokio::join!(one, two);
        assert!(one.is_ok() && two.is_ok());
        assert_eq!((reader.0.load(Ordering::SeqCst), repairs.shared.get()), (1, 1));
    }

    #[tokio::test]
    async fn a_later_repair_reads_again() {
        let (reader, repairs) = repairs();
        let topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
        for _ in 0..2 {
            assert!(repairs.repair(topic, 4, 7, 100, 1_000).await.is_ok());
        }
        assert_eq!(reader.0.load(Ordering::SeqCst), 2);
        assert!(repairs.under_way.lock().is_empty());
    }
}
