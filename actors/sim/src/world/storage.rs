//! The store's side: what becomes of an operation, when it takes effect, when its answer arrives.

use super::events::{Event, Operation};
use super::{World, trace};
use crate::node::Address;
use crate::store::Fate;
use plenum_actors::aggregates::conversation::Conversation;
use plenum_actors::owner::core::Input;
use plenum_actors::store::{Appended, StoreError};

type Answer = Input<Conversation>;

fn down<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("simulated".into()))
}

impl World {
    pub(super) fn store_delay(&mut self) -> u64 {
        self.rng.between(0, self.faults.store_delay)
    }

    /// An owner asks the store.
    pub(super) fn ask_store(&mut self, sender: Address, operation: Operation) {
        let fate = self.fate(sender.node, &operation);
        if fate != Fate::Done {
            trace!(self, "store: {fate:?} for node {}: {}", sender.node, name(&operation));
        }
        let conversation = sender.conversation;
        let delay = self.store_delay();
        let timeout = self.now + self.faults.timeout;
        let silent = |operation| Event::Store { conversation, sender: None, operation };
        match fate {
            Fate::Done => {
                let event = Event::Store { conversation, sender: Some(sender), operation };
                self.queue.push(self.now + delay, event);
            }
            Fate::Unavailable => {
                let input = refused(&operation);
                self.queue.push(self.now + delay, Event::Input { to: sender, input });
            }
            Fate::Lost => {
                let input = unknown(&operation);
                self.queue.push(timeout, Event::Input { to: sender, input });
            }
            Fate::LostApplied => {
                let input = unknown(&operation);
                self.queue.push((self.now + delay).min(timeout), silent(operation));
                self.queue.push(timeout, Event::Input { to: sender, input });
            }
            Fate::Late => {
                let input = unknown(&operation);
                let late = timeout + self.rng.between(0, 400);
                self.queue.push(late, silent(operation));
                self.queue.push(timeout, Event::Input { to: sender, input });
            }
        }
    }

    fn fate(&mut self, node: usize, operation: &Operation) -> Fate {
        let is_unwell = self.nodes.get(node).is_some_and(|node| node.unwell_until > self.now);
        if is_unwell || self.rng.chance(self.faults.unavailable) {
            return Fate::Unavailable;
        }
        match operation {
            Operation::Append { .. } => {
                let kinds = [
                    (self.faults.lost, Fate::Lost),
                    (self.faults.lost_applied, Fate::LostApplied),
                    (self.faults.late, Fate::Late),
                ];
                kinds.into_iter().find(|(chance, _)| self.rng.chance(*chance)).map_or(Fate::Done, |(_, fate)| fate)
            }
            Operation::Save { .. } if self.rng.chance(self.faults.snapshots) => {
                *[Fate::Unavailable, Fate::Lost, Fate::LostApplied, Fate::Late]
                    .get(self.rng.index(4))
                    .unwrap_or(&Fate::Lost)
            }
            _ => Fate::Done,
        }
    }

    /// The operation takes effect.
    pub(super) fn store(&mut self, conversation: usize, sender: Option<Address>, operation: Operation) {
        let Some(log) = self.logs.get_mut(conversation) else { return };
        let input = match operation {
            Operation::Load { number } => {
                Input::Loaded { number, snapshot: Ok(log.snapshot()), head: Ok(log.head_record()) }
            }
            Operation::Tail { number, after, limit } => Input::Tail { number, result: Ok(log.read(after, limit)) },
            Operation::Find { number, ids } => Input::Found { number, result: Ok(log.find(&ids)) },
            Operation::Append { number, expected, entries, with_digest } => {
                let count = entries.len();
                let result = log.append(expected, entries, with_digest);
                trace!(
                    self,
                    "store: append of {count} at {expected}: {result:?}{}",
                    if sender.is_some() { "" } else { " (nobody hears)" }
                );
                Input::Appended { number, result: Ok(result) }
            }
            Operation::Save { number, snapshot } => {
                log.save(snapshot);
                Input::Saved { number, result: Ok(()) }
            }
            Operation::Trim { upto } => {
                log.trim(upto);
                Input::Trimmed { upto, result: Ok(()) }
            }
        };
        if let Some(to) = sender {
            let at = self.now + self.store_delay();
            self.queue.push(at, Event::Input { to, input });
        }
    }
}

fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Load { .. } => "load",
        Operation::Tail { .. } => "read",
        Operation::Find { .. } => "find",
        Operation::Append { .. } => "append",
        Operation::Save { .. } => "snapshot",
        Operation::Trim { .. } => "trim",
    }
}

fn refused(operation: &Operation) -> Answer {
    match operation {
        Operation::Load { number } => Input::Loaded { number: *number, snapshot: down(), head: down() },
        Operation::Tail { number, .. } => Input::Tail { number: *number, result: down() },
        Operation::Find { number, .. } => Input::Found { number: *number, result: down() },
        Operation::Append { number, .. } => Input::Appended { number: *number, result: down() },
        Operation::Save { number, .. } => Input::Saved { number: *number, result: down() },
        Operation::Trim { upto } => Input::Trimmed { upto: *upto, result: down() },
    }
}

fn unknown(operation: &Operation) -> Answer {
    match operation {
        Operation::Append { number, .. } => Input::Appended { number: *number, result: Ok(Appended::Unknown) },
        Operation::Save { number, .. } => {
            Input::Saved { number: *number, result: Err(StoreError::Unknown("simulated".into())) }
        }
        other => refused(other),
    }
}
