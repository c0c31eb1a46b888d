//! Why the store does not open, and how errors of the engine below read to a caller.

use plenum_actors::store::StoreError;
use std::path::PathBuf;

/// Why the data directory could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The configuration cannot work.
    #[error("the store's configuration is wrong: {}", .0.join("; "))]
    Config(Vec<String>),
    /// The path names something that is not a directory.
    #[error("{path} is not a directory: name another path for the store, or move that file away")]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// This user may not write there.
    #[error(
        "{path} cannot be written ({source}): make it writable for the user that runs the server, or name another path"
    )]
    NotWritable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use by {holder}: stop that server first, or name another path")]
    Locked {
        /// The path.
        path: PathBuf,
        /// "process N", or "another process" when it left no number.
        holder: String,
    },
    /// It was written by a newer version.
    #[error("{path} has data format {found}, this version reads up to {known}: use the newer version that wrote it")]
    Newer {
        /// The path.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The directory holds something else.
    #[error("{path} is not empty and holds no Plenum store: name an empty or missing directory")]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// No space is left to open it.
    #[error("no space is left for {path} ({reason}): free some and start again; nothing stored is lost")]
    Full {
        /// The path.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// What is stored does not read back.
    #[error("the data in {path} is damaged ({reason}): restore a backup, or move the directory away to start empty")]
    Damaged {
        /// The path.
        path: PathBuf,
        /// What does not read.
        reason: String,
    },
    /// The system refused something else.
    #[error(
        "{path} could not be opened ({source}): look at the disk and the system's log, then start again; or name another path"
    )]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Sorts an input/output error of opening by what the operator has to do.
pub(crate) fn opening(path: &std::path::Path, source: std::io::Error) -> OpenError {
    use std::io::ErrorKind;
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => OpenError::NotADirectory { path },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::NotWritable { path, source },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OpenError::Full { path, reason: source.to_string() },
        _ => OpenError::Io { path, source },
    }
}

/// The input/output error inside an engine error, if that is what it is.
fn as_io(error: fjall::Error) -> Result<std::io::Error, fjall::Error> {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => Ok(io),
        other => Err(other),
    }
}

/// An engine error of opening.
pub(crate) fn opening_engine(path: &std::path::Path, error: fjall::Error) -> OpenError {
    match as_io(error) {
        Ok(io) => opening(path, io),
        Err(fjall::Error::Locked) => OpenError::Locked { path: path.to_owned(), holder: "another process".to_owned() },
        Err(other) => OpenError::Damaged { path: path.to_owned(), reason: other.to_string() },
    }
}

/// An engine error of a read.
pub(crate) fn reading(error: fjall::Error) -> StoreError {
    match as_io(error) {
        Ok(io) => StoreError::Unavailable(format!("a read failed: {io}")),
        Err(fjall::Error::Poisoned) => StoreError::Unavailable("the engine stopped after a failed write".to_owned()),
        Err(other) => StoreError::Damaged(other.to_string()),
    }
}
