//! Looks whether publications were missed: how far do the topics reach, in the log, that somebody listens to here? Asked when the
//! connection comes back, for a topic that has just been subscribed to, now and then, and again and again while the bus is away:
//! then this is how anything from other nodes is delivered at all.

use super::bus::{Node, Shared};
use super::standing;
use futures_util::StreamExt;
use futures_util::stream;
use parking_lot::Mutex;
use plenum_actors::placement::SharedPlacement;
use plenum_actors::publication::Publisher;
use plenum_schema::Topic;
use rand::seq::SliceRandom;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Topics to be looked at.
#[derive(Debug, Default)]
pub struct Heads {
    /// Each once: no more than there are topics that somebody listens to.
    due: Mutex<HashSet<Topic>>,
    /// All that somebody listens to.
    all: AtomicBool,
    notify: Notify,
}

impl Heads {
    /// Looks at a topic soon.
    pub fn look_at(&self, topic: Topic) {
        if is_looked_at(topic) {
            self.due.lock().insert(topic);
            self.notify.notify_one();
        }
    }

    /// Looks at all topics soon: a node has gone, perhaps between an append and its publication.
    pub fn look_at_all(&self) {
        self.all.store(true, Ordering::Release);
        self.notify.notify_one();
    }
}

/// Whether what may be missing can be asked for.
fn is_looked_at(topic: Topic) -> bool {
    topic.log().is_some() || standing::source(topic).is_some()
}

pub fn start(shared: &Arc<Shared>, node: &Node) -> Arc<Heads> {
    let heads = Arc::new(Heads::default());
    shared.spawn(run(shared.clone(), node.clone(), heads.clone()));
    heads
}

async fn run(shared: Arc<Shared>, node: Node, heads: Arc<Heads>) {
    let (mut connected, mut woken) = (shared.connected.clone(), shared.woken.subscribe());
    loop {
        let every = if shared.is_connected() { shared.config.check_every_ms } else { shared.config.check_alone_ms };
        let is_all = tokio::select! {
            () = heads.notify.notified() => heads.all.swap(false, Ordering::AcqRel),
            () = tokio::time::sleep(Duration::from_millis(every)) => true,
            changed = connected.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
            _woken = woken.changed() => true,
        };
        let mut topics: Vec<Topic> = std::mem::take(&mut *heads.due.lock()).into_iter().collect();
        if is_all {
            topics = node.hubs.wanted().into_iter().filter(|topic| is_looked_at(*topic)).collect();
            // All nodes do this at the same time after an interruption.
            topics.shuffle(&mut rand::rng());
        }
        look(&shared, &node, topics).await;
    }
}

async fn look(shared: &Shared, node: &Node, topics: Vec<Topic>) {
    let placement: SharedPlacement = shared.members.clone();
    let looks = topics.into_iter().map(|topic| {
        let placement = &placement;
        async move {
            shared.metrics.checks.inc();
            let Some(log) = topic.log() else { return standing::look(node, placement, topic).await };
            // A store that does not answer is asked again with the next look.
            if let Ok(head) = node.store.head(log).await
                && head.offset > 0
            {
                node.hubs.announce(topic, head.offset);
            }
        }
    });
    stream::iter(looks).buffer_unordered(shared.config.check_reads).collect::<()>().await;
}
