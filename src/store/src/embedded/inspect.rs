//! Looking at a data directory without changing anything in it.

use super::directory::{check_format, holder, refuse_foreign};
use super::error::{OpenError, opening};
use rustix::fs::{Access, access};
use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::Path;

/// What stands at a path where a store is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// No store: opening would make a new one.
    Nothing,
    /// A store that can be opened.
    Store,
    /// A store that another process has open.
    InUse {
        /// "process N", or "another process" when it left no number.
        by: String,
    },
}

/// Looks whether a store is there, or could be made, and whether this user may write to it. Opening may still fail: what is
/// stored is not read.
///
/// # Errors
/// Every [`OpenError`] that shows without opening: not a directory, not writable, foreign, of a newer format.
pub fn inspect(path: &Path) -> Result<Found, OpenError> {
    let wrap = |source| opening(path, source);
    match path.metadata() {
        Ok(there) if !there.is_dir() => return Err(OpenError::NotADirectory { path: path.to_owned() }),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return parent_allows(path).map(|()| Found::Nothing),
        Err(error) => return Err(wrap(error)),
    }
    writable(path).map_err(wrap)?;
    refuse_foreign(path)?;
    match std::fs::read_to_string(path.join("format")) {
        Ok(text) => check_format(path, &text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(wrap(error)),
    }
    let lock = match File::open(path.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Store),
        Err(error) => return Err(wrap(error)),
    };
    // Shared, and given back at once: two that look do not see each other.
    match lock.try_lock_shared() {
        Ok(()) => Ok(Found::Store),
        Err(TryLockError::WouldBlock) => Ok(Found::InUse { by: holder(&lock) }),
        Err(TryLockError::Error(source)) => Err(wrap(source)),
    }
}

fn writable(path: &Path) -> Result<(), Error> {
    Ok(access(path, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Whether the directory could be made: the nearest one above it that exists must be a directory and writable.
fn parent_allows(path: &Path) -> Result<(), OpenError> {
    let above = path.ancestors().skip(1).map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
    let Some(nearest) = above.into_iter().find(|above| above.exists()) else {
        return Err(opening(path, Error::from(ErrorKind::NotFound)));
    };
    if !nearest.is_dir() {
        return Err(OpenError::NotADirectory { path: nearest.to_owned() });
    }
    writable(nearest).map_err(|source| opening(nearest, source))
}
