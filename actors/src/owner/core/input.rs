//! What goes into the core and what comes out.

use crate::aggregate::Aggregate;
use crate::clock::{MonoMillis, WallMillis};
use crate::owner::recent::Weighed;
use crate::store::{Appended, Entry, Head, Snapshot, StoreError, StoredEntry};
use bytes::Bytes;
use plenum_schema::wire::Signal;
use plenum_schema::{EntryId, Offset, Refusal, Topic};

/// Names a command until it is answered.
pub type Ticket = u64;

/// The time of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// For stamps on events.
    pub wall: WallMillis,
    /// For waiting.
    pub mono: MonoMillis,
}

/// What the shell tells the core. Numbers are those of the wishes that are answered; late answers to forgotten wishes are ignored.
#[derive(Debug)]
pub enum Input<A: Aggregate> {
    /// Somebody asks for something.
    Command {
        /// Comes back with the answer.
        ticket: Ticket,
        /// What.
        command: A::Command,
        /// A fresh id, used as the entry's when the command derives none.
        fresh: EntryId,
        /// The command may have been carried out already under this id, on another node.
        again: bool,
    },
    /// Answers [`Wish::Load`].
    Loaded {
        /// Of the wish.
        number: u64,
        /// The newest snapshot.
        snapshot: Result<Option<Snapshot>, StoreError>,
        /// The head, read after the snapshot.
        head: Result<Head, StoreError>,
    },
    /// Answers [`Wish::ReadTail`].
    Tail {
        /// Of the wish.
        number: u64,
        /// Entries in order; empty: there are no more.
        result: Result<Vec<StoredEntry>, StoreError>,
    },
    /// Answers [`Wish::Find`].
    Found {
        /// Of the wish.
        number: u64,
        /// Places in the order asked.
        result: Result<Vec<Option<Offset>>, StoreError>,
    },
    /// Answers [`Wish::Append`].
    Appended {
        /// Of the wish.
        number: u64,
        /// What it did.
        result: Result<Appended, StoreError>,
    },
    /// Answers [`Wish::SaveSnapshot`].
    Saved {
        /// Of the wish.
        number: u64,
        /// Whether it is safe.
        result: Result<(), StoreError>,
    },
    /// Answers [`Wish::Trim`].
    Trimmed {
        /// Of the wish.
        upto: Offset,
        /// Whether it was done.
        result: Result<(), StoreError>,
    },
    /// The time of [`super::Core::wake_at`] has come.
    Tick,
    /// Finish everything, save, end.
    Drain,
    /// Save and end soon, unless commands come.
    Rest,
}

/// What the core wants done.
#[derive(Debug)]
pub enum Wish<A: Aggregate> {
    /// Load the newest snapshot, then the head.
    Load {
        /// For the answer.
        number: u64,
    },
    /// Read the log forward.
    ReadTail {
        /// For the answer.
        number: u64,
        /// Entries above this offset.
        after: Offset,
        /// At most so many.
        limit: usize,
        /// About so many bytes.
        max_bytes: usize,
    },
    /// Look entry ids up in the log's index.
    Find {
        /// For the answer.
        number: u64,
        /// Which.
        ids: Vec<EntryId>,
    },
    /// Append.
    Append {
        /// For the answer.
        number: u64,
        /// The head the log must have.
        expected: Offset,
        /// What to append.
        entries: Vec<Entry>,
        /// The summary after it, when it is to be stored now.
        digest: Option<Bytes>,
    },
    /// Answer a command.
    Answer {
        /// Which.
        ticket: Ticket,
        /// How.
        result: Result<A::Answer, Refusal>,
        /// It was a repetition.
        duplicate: bool,
    },
    /// Hand durable events to subscribers: each offset once, in order, by one owner.
    Publish(Vec<Weighed>),
    /// The owner is ready: the log ends at `head`. Events before it are not published again.
    Announce {
        /// The newest offset.
        head: Offset,
        /// The oldest that exists.
        first: Offset,
        /// The newest entries, for readers.
        recent: Vec<Weighed>,
    },
    /// Keep these signals for whoever subscribes, and hand them to those who have.
    Signal(Vec<(Topic, Signal)>),
    /// Save a snapshot.
    SaveSnapshot {
        /// For the answer.
        number: u64,
        /// What.
        snapshot: Snapshot,
    },
    /// Remove entries up to this offset.
    Trim {
        /// The last one to go.
        upto: Offset,
    },
    /// End the owner, if no command is on its way to it.
    Passivate,
    /// For metrics and logs.
    Report(Report),
}

/// What happened, for metrics and logs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// Somebody else had appended.
    Conflict,
    /// The outcome of an append is unknown.
    Unknown,
    /// The outcome stayed unknown, or the store refused: the batch's commands were answered `unavailable`.
    GaveUp(String),
    /// A command was recognised as a repetition.
    Duplicate,
    /// A command was refused because too many wait.
    Busy,
    /// A command was refused as `unavailable` because it could not be placed in the log in time.
    Late,
    /// The owner leaves the log to another one for a moment: both append to it again and again.
    Yielded,
    /// A snapshot could not be used and the log is folded from the start.
    SnapshotIgnored(String),
    /// A snapshot could not be saved.
    SnapshotFailed(String),
    /// The log could not be read or makes no sense: the owner is down for a while.
    Failed(String),
}
