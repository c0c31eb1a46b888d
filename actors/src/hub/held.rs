//! Signals that are held back from a hub under load: of each the newest, which takes the place of an older one.

use super::ladder::{Ladder, Shed};
use crate::clock::MonoMillis;
use crate::publication::{Class, Publication};
use plenum_schema::Topic;
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Held {
    signals: HashMap<(Topic, u64), Arc<Publication>>,
    /// When the oldest of them was first seen waiting.
    since: Option<MonoMillis>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.signals.is_empty()
    }

    /// Keeps of a batch what is held back at this step, drops what is dropped, and answers what is to be delivered. `is_full`: there is
    /// no room for anything.
    pub(super) fn sift(
        &mut self,
        ladder: &Ladder,
        (step, is_full): (u8, bool),
        batch: &Arc<[Arc<Publication>]>,
    ) -> Option<Arc<[Arc<Publication>]>> {
        let mut rest = Vec::with_capacity(batch.len());
        for publication in batch.iter() {
            let shed = Shed::of(publication).filter(|shed| Ladder::is_shed(step, *shed));
            match (publication.class, shed) {
                (Class::Droppable, Some(shed)) => ladder.count(shed),
                (Class::Conflated(key), shed) if shed.is_some() || is_full => {
                    if self.hold((publication.topic, key), publication, ladder.config().held_signals) {
                        // What is held only because there is no room at all stands on no step.
                        shed.into_iter().for_each(|shed| ladder.count(shed));
                    } else {
                        rest.push(publication.clone());
                    }
                }
                (Class::Conflated(key), _) => {
                    // Newer than what was held back of it: that must not come after this.
                    self.signals.remove(&(publication.topic, key));
                    rest.push(publication.clone());
                }
                _ => rest.push(publication.clone()),
            }
        }
        if rest.len() == batch.len() {
            return Some(batch.clone());
        }
        (!rest.is_empty()).then(|| rest.into())
    }

    /// Answers whether there was a place for it.
    fn hold(&mut self, key: (Topic, u64), publication: &Arc<Publication>, most: usize) -> bool {
        let has_place = self.signals.len() < most || self.signals.contains_key(&key);
        if has_place {
            self.signals.insert(key, publication.clone());
        }
        has_place
    }

    /// What is due: everything, when it has waited for `hold_ms`; before that what is not shed any more at this step.
    pub(super) fn release(&mut self, step: u8, now: MonoMillis, hold_ms: u64) -> Vec<Arc<Publication>> {
        if self.signals.is_empty() {
            self.since = None;
            return Vec::new();
        }
        let since = *self.since.get_or_insert(now);
        let is_due = now >= since.saturating_add(hold_ms);
        let due = |publication: &Publication| {
            is_due || !Shed::of(publication).is_some_and(|shed| Ladder::is_shed(step, shed))
        };
        let released = self.signals.extract_if(|_, publication| due(publication)).map(|(_, one)| one).collect();
        if is_due || self.signals.is_empty() {
            self.since = None;
        }
        released
    }
}
