//! What an aggregate is: pure code, a fold over a log.

use plenum_schema::log::{AggregateKind, Offset};
use plenum_schema::{EntryId, Refusal, Topic, wire};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use uuid::Uuid;

use crate::clock::WallMillis;

/// What an aggregate decided about a command.
#[derive(Debug)]
pub enum Decision<A: Aggregate> {
    /// Append these events, then answer. Empty events: answer at once (a query, or nothing to change).
    Accept {
        /// What happened, in order; the first carries the command's entry id.
        events: Vec<A::Event>,
        /// The answer once the events are durable; offsets in it are filled by [`Aggregate::settle`].
        answer: A::Answer,
    },
    /// Refuse, with the reason.
    Refuse(Refusal),
}

/// An aggregate: state folded from events, and decisions about commands. No I/O, no clock, no randomness: time and ids come in.
pub trait Aggregate: Sized + Debug + Clone + Send + 'static {
    /// What can be asked of it; travels between nodes.
    type Command: Debug + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What happened; stored for ever.
    type Event: Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What an accepted command answers.
    type Answer: Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The saved form of the state.
    type Saved: Serialize + DeserializeOwned;
    /// Limits that the configuration sets; the same for every aggregate of the kind.
    type Rules: Debug + Clone + Default + Send + Sync + 'static;

    /// Its kind: names the log.
    const KIND: AggregateKind;
    /// The format byte of events it writes.
    const EVENT_FORMAT: u8;
    /// The format byte of snapshots it writes. A snapshot of an unknown format is ignored and the log folded from the start.
    const SNAPSHOT_FORMAT: u8;

    /// The state before the first event.
    fn empty(id: Uuid) -> Self;

    /// Decides. `entry` is the id the command's first event would have.
    fn decide(&self, rules: &Self::Rules, command: &Self::Command, entry: EntryId, now: WallMillis) -> Decision<Self>;

    /// Whether the command only asks. Queries never have events and are answered at once from the durable state, also while
    /// an append is under way.
    fn is_query(command: &Self::Command) -> bool;

    /// The newest offset that whoever sends this query has heard of; 0: of none. The answer is at least as new, if the log is.
    fn known(command: &Self::Command) -> Offset {
        let _ = command;
        0
    }

    /// The command's name in metrics and logs: one of a few fixed words.
    fn name(command: &Self::Command) -> &'static str;

    /// About how many bytes the command holds while it waits.
    fn weight(command: &Self::Command) -> usize;

    /// The entry id that makes a repetition of this command recognisable; `None`: it is never a repetition.
    fn entry_id(&self, command: &Self::Command) -> Option<EntryId>;

    /// Folds one event.
    fn apply(&mut self, offset: Offset, id: EntryId, at: WallMillis, event: &Self::Event);

    /// Completes an answer with where the command's first event stands.
    fn settle(answer: Self::Answer, offset: Offset, id: EntryId) -> Self::Answer;

    /// The answer for a command that was carried out before, at `offset`, under the same entry id — or a refusal when the caller
    /// may no longer know (left the conversation, say).
    fn repeat(
        &self,
        rules: &Self::Rules,
        command: &Self::Command,
        offset: Offset,
        id: EntryId,
    ) -> Result<Self::Answer, Refusal>;

    /// The event as subscribers get it. Of one aggregate either every event has one, because positions on a topic have no holes, or
    /// none has: then the log is private, and whoever follows the aggregate gets [`Self::signals`].
    fn publish(event: &Self::Event) -> Option<wire::Event>;

    /// How long the signals of a changing state wait at least for the next ones, milliseconds; `None`: it has none.
    fn signal_every(rules: &Self::Rules) -> Option<u64> {
        let _ = rules;
        None
    }

    /// How the state looks to those who follow it, each view on its topic. Sent when the owner starts and while the state changes,
    /// and kept for whoever subscribes in between.
    fn signals(&self, rules: &Self::Rules) -> Vec<(Topic, wire::Signal)> {
        let _ = rules;
        Vec::new()
    }

    /// Whether the signals after this event do not wait.
    fn is_urgent(event: &Self::Event) -> bool {
        let _ = event;
        false
    }

    /// Entries between snapshots, `usual` as configured: more where a snapshot grows with the state.
    fn snapshot_every(&self, usual: u64) -> u64 {
        usual
    }

    /// Entries up to here say what is not to be known any more: when a snapshot covers them they are removed from the log. 0: none.
    fn forgotten(&self) -> Offset {
        0
    }

    /// Whether readers who look only at the stored summary must see the event at once: the append that carries it carries the
    /// summary too.
    fn needs_digest(event: &Self::Event) -> bool {
        let _ = event;
        false
    }

    /// The summary stored beside the head, so that lists need not wake owners.
    fn digest(&self) -> Vec<u8>;

    /// For a snapshot.
    fn save(&self) -> Self::Saved;

    /// From a snapshot.
    fn restore(id: Uuid, saved: Self::Saved) -> Self;
}
