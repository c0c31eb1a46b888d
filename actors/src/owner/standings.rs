//! The newest signals about live aggregates whose logs are private, for whoever subscribes between two of them.

use crate::publication::{Body, Publication};
use dashmap::DashMap;
use plenum_schema::Topic;
use plenum_schema::wire::Signal;
use std::sync::Arc;

/// Signals of all live owners of this process. Its size is bounded by the owners' own limit.
#[derive(Debug, Default)]
pub struct Standings {
    newest: DashMap<Topic, Arc<Publication>>,
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

    /// The owner that kept it ends; what a successor has kept stays.
    pub(crate) fn forget(&self, signal: &Arc<Publication>) {
        self.newest.remove_if(&signal.topic, |_, present| Arc::ptr_eq(present, signal));
    }
}
