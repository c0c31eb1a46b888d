//! Why the engine does not open, and what errors of the cluster mean.

use plenum_actors::store::StoreError;
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};

/// Why the CQL store could not be opened or migrated. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CqlError {
    /// The configuration cannot work.
    #[error("the store's configuration is wrong: {}", .0.join("; "))]
    Config(Vec<String>),
    /// No node could be reached, or none let us in.
    #[error(
        "no CQL node of {nodes} can be used ({reason}): check that the cluster runs, and the address, user and TLS settings"
    )]
    Connect {
        /// The contact points.
        nodes: String,
        /// What the driver said.
        reason: String,
    },
    /// A certificate or key cannot be used.
    #[error("TLS to the CQL cluster cannot be set up ({key}): {reason}")]
    Tls {
        /// The setting.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The schema is not there.
    #[error("keyspace {keyspace} holds no Plenum schema: run `plenum migrate`, then start again")]
    Missing {
        /// The keyspace.
        keyspace: String,
    },
    /// Steps are missing.
    #[error(
        "the schema of keyspace {keyspace} is at step {applied}, this version needs {needed}: run `plenum migrate` of this version, then start again"
    )]
    Behind {
        /// The keyspace.
        keyspace: String,
        /// The last step that was applied.
        applied: u32,
        /// The last step this version has.
        needed: u32,
    },
    /// A newer version was here.
    #[error(
        "the schema of keyspace {keyspace} has step {number} ({name}), which this version does not know: start the newer version that applied it"
    )]
    Newer {
        /// The keyspace.
        keyspace: String,
        /// The first unknown step.
        number: u32,
        /// Its name.
        name: String,
    },
    /// A migrator died.
    #[error(
        "step {number} ({name}) of the schema of keyspace {keyspace} was begun and not finished: run `plenum migrate`, then start again"
    )]
    Unfinished {
        /// The keyspace.
        keyspace: String,
        /// The step.
        number: u32,
        /// Its name.
        name: String,
    },
    /// What was applied is not what we have.
    #[error(
        "step {number} ({name}) of the schema of keyspace {keyspace} was applied with another text: this program and that keyspace come from different sources; use the release that made it"
    )]
    Changed {
        /// The keyspace.
        keyspace: String,
        /// The step.
        number: u32,
        /// Its name.
        name: String,
    },
    /// Another migrator is at work.
    #[error(
        "another migrator ({holder}) holds the lock of keyspace {keyspace}: wait until it is done; if it died, the lock is free {seconds} s after its last sign of life"
    )]
    Locked {
        /// The keyspace.
        keyspace: String,
        /// Whose lock it is.
        holder: String,
        /// The life of the lock.
        seconds: u32,
    },
    /// Our lock went to somebody else.
    #[error(
        "the lock was lost before step {number}: another migrator has taken over; run `plenum migrate` again to see that it is done"
    )]
    LockLost {
        /// The step that was not begun.
        number: u32,
    },
    /// A step failed.
    #[error(
        "step {number} ({name}) failed: {reason}; nothing else was changed, run `plenum migrate` again when the reason is gone"
    )]
    Step {
        /// The step.
        number: u32,
        /// Its name.
        name: String,
        /// What the server said.
        reason: String,
    },
    /// Nodes did not hear of a change.
    #[error(
        "after {seconds} s the nodes of the cluster still have different schemas ({versions}); the change itself was made: look after the nodes that differ, then run `plenum migrate` again"
    )]
    Disagreement {
        /// How long we waited.
        seconds: u64,
        /// Which node has which.
        versions: String,
    },
    /// The keyspace could never be written to.
    #[error(
        "{key} is {factor}, but {place} has {nodes} of the {quorum} nodes that a majority of the copies needs: lower it, or add nodes first"
    )]
    Copies {
        /// The setting.
        key: &'static str,
        /// Copies wanted.
        factor: u32,
        /// The cluster, or a datacentre of it.
        place: String,
        /// Nodes there.
        nodes: usize,
        /// Nodes needed.
        quorum: u32,
    },
    /// The cluster did not answer while the schema was read or changed.
    #[error("the CQL cluster refused or did not answer ({what}): {reason}")]
    Request {
        /// What was asked.
        what: &'static str,
        /// What the driver said.
        reason: String,
    },
    /// The keyspace is distributed in a way on which this version of the server does not agree on writes.
    #[error(
        "{server} does not run conditional writes in keyspaces with tablets, and keyspace {keyspace} has or wants them: use ScyllaDB 2025.4 or newer, or a keyspace made with replication.tablets = \"off\""
    )]
    Tablets {
        /// The keyspace.
        keyspace: String,
        /// What the server says it is.
        server: String,
    },
    /// Threads could not be started.
    #[error("the threads of the store did not start: {0}")]
    Threads(#[from] std::io::Error),
    /// A task of the engine ended early: a bug.
    #[error("opening the store was interrupted")]
    Interrupted,
}

/// What an error says about the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It broke a rule and was not carried out.
    Refused,
    /// It was not carried out.
    NotDone,
    /// It may have been carried out, or may still be.
    Uncertain,
}

/// What became of a request that failed in this way.
pub(crate) fn fate(error: &ExecutionError) -> Fate {
    match error {
        ExecutionError::BadQuery(_) => Fate::Refused,
        ExecutionError::EmptyPlan | ExecutionError::ConnectionPoolError(_) | ExecutionError::PrepareError(_) => {
            Fate::NotDone
        }
        ExecutionError::LastAttemptError(attempt) => fate_of_attempt(attempt),
        _ => Fate::Uncertain,
    }
}

fn fate_of_attempt(error: &RequestAttemptError) -> Fate {
    match error {
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => Fate::Refused,
        RequestAttemptError::UnableToAllocStreamId => Fate::NotDone,
        RequestAttemptError::DbError(DbError::SyntaxError | DbError::Invalid | DbError::ConfigError, _) => {
            Fate::Refused
        }
        RequestAttemptError::DbError(DbError::Unauthorized | DbError::IsBootstrapping, _) => Fate::NotDone,
        _ => Fate::Uncertain,
    }
}

/// Whether the server refused the request itself. It also does so while a table that another node made is on its way to it.
pub(crate) fn is_invalid(error: &ExecutionError) -> bool {
    matches!(error, ExecutionError::LastAttemptError(RequestAttemptError::DbError(DbError::Invalid, _)))
}

/// The error of a read, or of a write that can be repeated.
pub(crate) fn reading(error: &ExecutionError) -> StoreError {
    match fate(error) {
        Fate::Refused => StoreError::Invalid(error.to_string()),
        Fate::NotDone | Fate::Uncertain => StoreError::Unavailable(error.to_string()),
    }
}

/// The error of preparing a statement.
pub(crate) fn preparing(error: &PrepareError) -> StoreError {
    StoreError::Unavailable(format!("a statement could not be prepared: {error}"))
}

/// A result that is not what the statement gives.
pub(crate) fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("an answer of the cluster does not read: {error}"))
}
