//! What comes in for topics: publications in order, and reads of the log for what did not come.

use super::core::{Core, Wish};
use super::mutation::Mutation;
use crate::publication::{Class, Publication};
use plenum_schema::{Offset, Topic};
use std::sync::Arc;

impl Core {
    /// Publications of topics, from an owner: in offset order for each topic.
    pub fn publish(&mut self, batch: &[Arc<Publication>]) {
        for publication in batch {
            if let Some(&index) = self.by_topic.get(&publication.topic) {
                self.accept(index, publication);
            }
        }
    }

    /// The topic's log reaches to `head`: whatever is missing here is read from it.
    pub fn announce(&mut self, topic: Topic, head: Offset) {
        let Some(&index) = self.by_topic.get(&topic) else { return };
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        state.known = state.known.max(head);
        self.repair(index);
    }

    fn accept(&mut self, index: u32, publication: &Arc<Publication>) {
        let drops_repairs = self.is_broken(Mutation::DropRepair);
        let (now, encoder) = (self.clock.micros(), self.framing.encode);
        let ring = (self.config.ring_events, self.config.ring_bytes);
        let limit = self.config.pending_bytes;
        let most = self.config.conflated_keys;
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        let is_full = state.pending.is_full(limit);
        if let Some(offset) = publication.offset() {
            if offset <= state.top {
                return;
            }
            state.known = state.known.max(offset);
            if is_full {
                // Read from the log when the next round has made room.
                return self.metrics.pending_full.inc();
            }
            if offset > state.top + 1 && !drops_repairs {
                return self.repair(index);
            }
            state.top = offset;
        }
        // In the dialect of somebody who gets it: those bytes are made anyway, and kept.
        let bytes = publication.bytes(state.spoken(), encoder).len();
        if publication.offset().is_some() {
            state.remember(publication, bytes, ring);
        }
        match publication.class {
            Class::Conflated(key) if is_full => state.pending.hold((key, most), publication.clone(), bytes, now),
            Class::Droppable if is_full => {}
            _ => state.pending.push(publication.clone(), bytes, now),
        }
        if is_full {
            self.metrics.pending_full.inc();
        }
        if !state.queued {
            state.queued = true;
            self.active.push_back(index);
        }
    }

    /// Reads what a topic lacks, unless there is no room for it: then the round that makes room does.
    pub(super) fn repair(&mut self, index: u32) {
        let limit = self.config.pending_bytes;
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        let is_whole = state.known <= state.top || state.topic.log().is_none();
        if is_whole || state.repairing || state.pending.is_full(limit) {
            return;
        }
        state.repairing = true;
        self.metrics.repairs.inc();
        self.wishes.push(Wish::Repair { topic: state.topic, after: state.top, known: state.known });
    }

    /// What the log holds beyond a repaired topic's top; `None`: it could not be read now.
    pub fn repaired(&mut self, topic: Topic, page: Option<(&[Arc<Publication>], Offset)>) {
        let Some(&index) = self.by_topic.get(&topic) else { return };
        let (forgets, keeps_ring) = (self.is_broken(Mutation::ForgetTrimmed), self.is_broken(Mutation::KeepRing));
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        state.repairing = false;
        let Some((events, first)) = page else {
            // The sweep tries again; subscribers meanwhile stay where they are, in order.
            state.repair_attempts += 1;
            return;
        };
        state.repair_attempts = 0;
        if state.top + 1 < first {
            // Retention was faster than we: live subscribers become followers of the log, which tells them of the gap.
            state.top = first - 1;
            if !keeps_ring {
                state.forget_ring();
            }
            if !forgets {
                self.send_all_behind(index);
            }
        }
        for publication in events {
            self.accept(index, publication);
        }
        let progressed = !events.is_empty();
        if progressed {
            self.repair(index);
        }
    }
}
