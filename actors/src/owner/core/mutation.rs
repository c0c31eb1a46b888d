//! Ways to break the core on purpose. Nothing but tests sets one: they show that the simulation notices each.

/// A rule that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutation {
    /// Ids of recent entries are not remembered.
    ForgetRecentIds,
    /// The log's index is never asked for older ids.
    SkipFind,
    /// An unknown outcome counts as a failure: the same commands are appended again under new ids.
    UnknownIsFailure,
    /// An unknown outcome counts as success.
    UnknownIsSuccess,
    /// After a conflict the same entries are appended at the new head, unread.
    AppendBlindly,
    /// Commands are answered when their append is sent.
    AckBeforeAppend,
    /// A batch is published newest first.
    PublishBackwards,
    /// Events are published when their append is sent.
    PublishBeforeAppend,
    /// What others wrote is not published when it is caught up with.
    SwallowCatchUp,
    /// Ids are forgotten when a snapshot is sent, not when it is safe.
    ForgetUnsaved,
    /// Ids are forgotten while the outcome of an append is open.
    ForgetOpenBatch,
    /// Commands are decided against the durable state alone, not counting the batch before them.
    DecideOnOldState,
    /// An owner that wins against another one goes on at once, as if it were alone. It breaks no promise of the log, only fairness.
    NeverYield,
}

impl Mutation {
    /// Every one that breaks a promise.
    pub const ALL: [Self; 12] = [
        Self::ForgetRecentIds,
        Self::SkipFind,
        Self::UnknownIsFailure,
        Self::UnknownIsSuccess,
        Self::AppendBlindly,
        Self::AckBeforeAppend,
        Self::PublishBackwards,
        Self::PublishBeforeAppend,
        Self::SwallowCatchUp,
        Self::ForgetUnsaved,
        Self::ForgetOpenBatch,
        Self::DecideOnOldState,
    ];
}
