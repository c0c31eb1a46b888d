//! Writes on their way to the writer, and their answers on the way back.

use bytes::Bytes;
use plenum_actors::store::{Appended, Conditional, Entry, Snapshot, StoreError};
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::{Table, Value};
use tokio::sync::oneshot;

/// Where an answer goes. The receiver may be gone: the write happens all the same.
pub(crate) struct Reply<T>(oneshot::Sender<Result<T, StoreError>>);

impl<T> Reply<T> {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    pub(crate) fn send(self, answer: Result<T, StoreError>) {
        let _ = self.0.send(answer);
    }
}

/// A write. Row keys and rows come checked and encoded: the writer thread is the one place where time is short.
pub(crate) enum Write {
    Append {
        log: LogId,
        expected: Offset,
        entries: Vec<Entry>,
        digest: Option<Bytes>,
        reply: Reply<Appended>,
    },
    Snapshot {
        log: LogId,
        snapshot: Snapshot,
        reply: Reply<()>,
    },
    /// One step; answers whether the trim is complete.
    Trim {
        log: LogId,
        upto: Offset,
        reply: Reply<bool>,
    },
    Rows {
        changes: Vec<RowChange>,
        reply: Reply<()>,
    },
    Insert {
        table: &'static Table,
        row: EncodedRow,
        reply: Reply<Conditional>,
    },
    Replace {
        table: &'static Table,
        row: EncodedRow,
        column: usize,
        expected: Value,
        reply: Reply<Conditional>,
    },
}

/// A row ready to be stored.
pub(crate) struct EncodedRow {
    pub(crate) key: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
}

/// A row's key, with its bytes or without when it goes.
pub(crate) struct RowChange {
    pub(crate) key: Vec<u8>,
    pub(crate) row: Option<Vec<u8>>,
}

impl Write {
    /// Refuses it: nothing was written.
    pub(crate) fn refuse(self, error: StoreError) {
        match self {
            Self::Append { reply, .. } => reply.send(Err(error)),
            Self::Snapshot { reply, .. } | Self::Rows { reply, .. } => reply.send(Err(error)),
            Self::Trim { reply, .. } => reply.send(Err(error)),
            Self::Insert { reply, .. } | Self::Replace { reply, .. } => reply.send(Err(error)),
        }
    }
}

/// How a batch ended.
pub(crate) enum Outcome {
    /// On disk.
    Durable,
    /// Certainly not written.
    NotWritten(StoreError),
    /// Perhaps written.
    Unknown(String),
}

/// A decided write that waits for its batch.
pub(crate) enum Pending {
    Append(Reply<Appended>, Appended),
    Conditional(Reply<Conditional>, Conditional),
    Done(Reply<()>),
    Trim(Reply<bool>, bool),
}

impl Pending {
    /// Answers when the batch's outcome is known.
    pub(crate) fn settle(self, outcome: &Outcome) {
        match self {
            Self::Append(reply, appended) => reply.send(match (outcome, appended) {
                (Outcome::Unknown(_), Appended::Done(_)) => Ok(Appended::Unknown),
                _ => Self::answer(outcome, appended, matches!(appended, Appended::Done(_))),
            }),
            Self::Conditional(reply, conditional) => {
                let wrote = conditional == Conditional::Applied;
                reply.send(Self::answer(outcome, conditional, wrote));
            }
            Self::Done(reply) => reply.send(Self::answer(outcome, (), true)),
            Self::Trim(reply, complete) => reply.send(Self::answer(outcome, complete, true)),
        }
    }

    /// A refusal was decided on the batch's own earlier writes, so it is no more certain than they are.
    fn answer<T>(outcome: &Outcome, value: T, wrote: bool) -> Result<T, StoreError> {
        match outcome {
            Outcome::Durable => Ok(value),
            Outcome::NotWritten(error) => Err(error.clone()),
            Outcome::Unknown(reason) if wrote => Err(StoreError::Unknown(reason.clone())),
            Outcome::Unknown(reason) => Err(StoreError::Unavailable(reason.clone())),
        }
    }
}
