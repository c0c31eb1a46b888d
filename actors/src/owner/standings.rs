//! The newest signals about aggregates whose logs are private, for whoever subscribes between two of them: of the owners of this
//! process, and of other nodes' as long as somebody here listens.

use crate::publication::{Body, Publication};
use dashmap::DashMap;
use plenum_schema::Topic;
use plenum_schema::wire::Signal;
use std::sync::Arc;

/// Signals of all live owners of this process, and of topics that somebody here listens to. Its size is bounded by the limits of both.
#[derive(Debug, Default)]
pub struct Standings {
    newest: DashMap<Topic, Arc<Publication>>,
    /// Those that another node has sent.
    heard: DashMap<Topic, Arc<Publication>>,
}

impl Standings {
    /// The newest signal of a topic.
    #[must_use]
    pub fn get(&self, topic: Topic) -> Option<Signal> {
        match self.newest.get(&topic)?.body() {
            Body::Signal(signal) => Some(signal.clone()),
            Body::Event { .. } => None,
        }
    }

    /// This is the newest one of its topic.
    pub(crate) fn keep(&self, signal: &Arc<Publication>) {
        self.newest.insert(signal.topic, Arc::clone(signal));
    }

    /// An owner on another node has sent this one.
    pub fn hear(&self, signal: &Arc<Publication>) {
        self.heard.insert(signal.topic, Arc::clone(signal));
        self.newest.insert(signal.topic, Arc::clone(signal));
    }

    /// Nobody here listens any more, so what other nodes send is not known.
    pub fn unhear(&self, topic: Topic) {
        if let Some((_, signal)) = self.heard.remove(&topic) {
            self.forget(&signal);
        }
    }

    /// The owner that kept it ends; what a successor has kept stays.
    pub(crate) fn forget(&self, signal: &Arc<Publication>) {
        self.newest.remove_if(&signal.topic, |_, present| Arc::ptr_eq(present, signal));
    }
}
