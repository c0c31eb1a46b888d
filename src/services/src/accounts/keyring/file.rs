//! The key file: written whole or not at all, and for its owner only.

use super::{KeyError, Stored};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

fn dir(data_dir: &Path) -> PathBuf {
    data_dir.join("keys")
}

fn ring(data_dir: &Path) -> PathBuf {
    dir(data_dir).join("ring.json")
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Io { path, source }
}

pub(super) fn damaged(data_dir: &Path, reason: &'static str) -> KeyError {
    KeyError::Damaged { path: ring(data_dir), reason }
}

/// Refuses a file or directory that others may read, write or enter.
fn private(path: &Path, wanted: u32) -> Result<(), KeyError> {
    let mode = path.metadata().map_err(failed(path))?.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::Permissions { path: path.to_owned(), mode, wanted }) }
}

fn sync_dir(data_dir: &Path) -> Result<(), KeyError> {
    let dir = dir(data_dir);
    File::open(&dir).and_then(|handle| handle.sync_all()).map_err(failed(&dir))
}

/// Writes a new file beside the ring, on disk before it returns.
fn write_beside(data_dir: &Path, stored: &Stored) -> Result<PathBuf, KeyError> {
    let path = dir(data_dir).join("ring.json.new");
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&path)(error)),
        _ => {}
    }
    let text = serde_json::to_vec_pretty(stored).map(Zeroizing::new);
    let text = text.map_err(|_| damaged(data_dir, "the keys cannot be written down"))?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path).map_err(failed(&path))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed(&path))?;
    Ok(path)
}

/// Replaces the ring in one step.
pub(super) fn replace(data_dir: &Path, stored: &Stored) -> Result<(), KeyError> {
    let beside = write_beside(data_dir, stored)?;
    std::fs::rename(&beside, ring(data_dir)).map_err(failed(&beside))?;
    sync_dir(data_dir)
}

fn create(data_dir: &Path, stored: &Stored) -> Result<(), KeyError> {
    let beside = write_beside(data_dir, stored)?;
    // A link, unlike a rename, does not replace a ring that another process has made meanwhile.
    match std::fs::hard_link(&beside, ring(data_dir)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(&beside)(error)),
        _ => std::fs::remove_file(&beside).map_err(failed(&beside))?,
    }
    sync_dir(data_dir)
}

/// Reads the ring where there is one.
pub(super) fn present(data_dir: &Path) -> Result<Option<Stored>, KeyError> {
    let ring = ring(data_dir);
    if !ring.try_exists().map_err(failed(&ring))? {
        return Ok(None);
    }
    private(&dir(data_dir), DIR_MODE)?;
    read(data_dir).map(Some)
}

fn read(data_dir: &Path) -> Result<Stored, KeyError> {
    let ring = ring(data_dir);
    private(&ring, FILE_MODE)?;
    let text = Zeroizing::new(std::fs::read(&ring).map_err(failed(&ring))?);
    serde_json::from_slice(&text).map_err(|_| damaged(data_dir, "not a key ring of this version"))
}

/// Reads the ring; makes it first where there is none.
pub(super) fn open(data_dir: &Path, fresh: impl FnOnce() -> Result<Stored, KeyError>) -> Result<Stored, KeyError> {
    let (dir, ring) = (dir(data_dir), ring(data_dir));
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(&dir).map_err(failed(&dir))?;
    private(&dir, DIR_MODE)?;
    if !ring.try_exists().map_err(failed(&ring))? {
        create(data_dir, &fresh()?)?;
    }
    read(data_dir)
}
