//! What tests make happen to the hubs of a node: one fails in the middle of its work, or takes no mail for a while.

use parking_lot::Mutex;
use plenum_schema::Topic;
use std::sync::atomic::{AtomicBool, Ordering};

/// Faults to come. Outside of tests there are none.
#[derive(Debug, Default)]
pub struct HubFaults {
    failing: Mutex<Option<Topic>>,
    is_holding: AtomicBool,
}

impl HubFaults {
    /// The next round of the topic ends in a panic, after it has begun and before anybody has got anything of it.
    pub fn fail_in_round_of(&self, topic: Topic) {
        *self.failing.lock() = Some(topic);
    }

    /// Whether publications stay in the mailboxes from now on, as if the hubs had no time for them.
    pub fn hold_mail(&self, holding: bool) {
        self.is_holding.store(holding, Ordering::SeqCst);
    }

    pub(super) fn holds_mail(&self) -> bool {
        self.is_holding.load(Ordering::SeqCst)
    }

    /// Fails if it was told to.
    #[expect(clippy::panic, reason = "only when a test has asked for it")]
    pub(super) fn strike(&self, topic: Topic) {
        let is_meant = self.failing.lock().take_if(|meant| *meant == topic).is_some();
        if is_meant {
            panic!("a test lets the round of {topic} fail");
        }
    }
}
