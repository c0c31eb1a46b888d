//! Looking up ids that are too old to be remembered.

use super::batch::{Checked, Pending};
use super::{Core, Mutation, Wish};
use crate::aggregate::Aggregate;
use crate::store::StoreError;
use plenum_schema::{EntryId, Offset};
use std::collections::HashMap;

/// A look-up under way.
#[derive(Debug)]
pub(super) struct Finding {
    number: u64,
    ids: Vec<EntryId>,
    floor: Offset,
}

impl<A: Aggregate> Core<A> {
    /// Whether the log may hold the command's entry below what is remembered, and nobody has looked there yet.
    pub(super) fn needs_find(&self, pending: &Pending<A>) -> bool {
        let floor = self.seen.floor();
        let looked = pending.checked.is_some_and(|checked| checked.place.is_some() || checked.floor >= floor);
        pending.derived
            && !looked
            && self.seen.may_be_older(pending.entry)
            && self.seen.get(pending.entry).is_none()
            && !self.is_broken(Mutation::SkipFind)
    }

    /// What is certain about a new command without asking anybody: that its entry is not below what is remembered. Nobody has to ask
    /// again until more is forgotten.
    pub(super) fn check(&self, entry: EntryId) -> Option<Checked> {
        let is_new = self.is_loaded() && !self.seen.may_be_older(entry);
        is_new.then(|| Checked { floor: self.seen.floor(), place: None })
    }

    /// Asks for the ids of all commands that wait, also while an append is under way.
    pub(super) fn look_up(&mut self) {
        if self.finding.is_some() || !self.is_loaded() {
            return;
        }
        let waiting = self.queue.iter().take(self.config.batch_entries);
        let ids: Vec<EntryId> =
            waiting.filter(|pending| self.needs_find(pending)).map(|pending| pending.entry).collect();
        if ids.is_empty() {
            return;
        }
        let number = self.number();
        self.wishes.push(Wish::Find { number, ids: ids.clone() });
        self.finding = Some(Finding { number, ids, floor: self.seen.floor() });
    }

    pub(super) fn found(&mut self, number: u64, result: Result<Vec<Option<Offset>>, StoreError>) {
        let Some(finding) = self.finding.take_if(|finding| finding.number == number) else { return };
        match result {
            Ok(places) if places.len() == finding.ids.len() => {
                let places: HashMap<EntryId, Option<Offset>> = finding.ids.into_iter().zip(places).collect();
                for pending in &mut self.queue {
                    if let Some(place) = places.get(&pending.entry) {
                        // A place beyond the head belongs to somebody else's append: the conflict will show it.
                        let place = place.filter(|place| *place <= self.head);
                        pending.checked = Some(Checked { floor: finding.floor, place });
                    }
                }
            }
            Ok(_) | Err(_) => self.refuse_unfound(&finding.ids),
        }
    }

    /// Without the index nobody can tell whether these commands are repetitions.
    fn refuse_unfound(&mut self, ids: &[EntryId]) {
        let refusal = self.unavailable(self.config.unavailable_retry_ms);
        for pending in std::mem::take(&mut self.queue) {
            if ids.contains(&pending.entry) && self.needs_find(&pending) {
                self.answer(pending, Err(refusal.clone()), false);
            } else {
                self.queue.push_back(pending);
            }
        }
    }
}
