//! The data directory: one process at a time, a format number that is checked before anything is touched.
//!
//! ```text
//! lock      held with flock while the store is open; contains the number of the process
//! format    "plenum-store 1"
//! db/       the engine's files
//! ```

use super::error::{OpenError, opening};
use parking_lot::Mutex;
use std::fs::DirBuilder;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The data format written by this version.
pub const FORMAT: u32 = 1;

const FORMAT_WORD: &str = "plenum-store";
const REWRITE_BYTES: usize = 256 * 1024;

/// A locked data directory; the lock goes with it.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Closing the file gives the lock back, also when the process is killed.
    lock: Mutex<Option<File>>,
}

impl Directory {
    /// Makes the directory if it is missing, locks it and checks its format.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let wrap = |source| opening(path, source);
        // People's messages: for the server's own account only. A directory that exists keeps the mode its operator gave it.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(wrap)?;
        refuse_foreign(path)?;
        let lock = lock(path)?;
        match std::fs::read_to_string(path.join("format")) {
            Ok(text) => check_format(path, &text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => write_format(path).map_err(wrap)?,
            Err(error) => return Err(wrap(error)),
        }
        Ok(Self { path: path.to_owned(), lock: Mutex::new(Some(lock)) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the engine's files are.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("db")
    }

    /// Gives the lock back.
    pub(crate) fn release(&self) {
        self.lock.lock().take();
    }

    /// Free bytes for this user.
    pub(crate) fn free_bytes(&self) -> std::io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Writes the journals over themselves and syncs them, before they are read again after a failed write.
    ///
    /// When an fsync fails, Linux marks the pages clean: they read well from memory, though the disk never got them, and
    /// the next fsync says "done". Reading such a journal and appending to it would build on sand; rewriting makes the
    /// pages dirty again, so that the fsync means something. Nothing is allocated: it works on a full disk.
    pub(crate) fn rewrite_journals(&self) -> std::io::Result<()> {
        for item in std::fs::read_dir(self.database())? {
            let path = item?.path();
            if path.extension().is_some_and(|extension| extension == "jnl") {
                rewrite(&OpenOptions::new().read(true).write(true).open(path)?)?;
            }
        }
        File::open(self.database())?.sync_all()
    }
}

fn rewrite(file: &File) -> std::io::Result<()> {
    let mut buffer = vec![0; REWRITE_BYTES];
    let mut position = 0;
    loop {
        let count = file.read_at(&mut buffer, position)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            return file.sync_all();
        };
        // The unused end of a journal is a hole; writing zeros there would take space.
        if read.iter().any(|byte| *byte != 0) {
            file.write_all_at(read, position)?;
        }
        position += count as u64;
    }
}

/// Refuses a directory with other things in it, before anything is written there.
pub(super) fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    let mut foreign = false;
    for item in std::fs::read_dir(path).map_err(|source| opening(path, source))? {
        match item.map_err(|source| opening(path, source))?.file_name().to_str() {
            Some("format") => return Ok(()),
            // A start that was killed before it wrote the format leaves these.
            Some("lock" | "format.new") => {}
            _ => foreign = true,
        }
    }
    if foreign { Err(OpenError::Foreign { path: path.to_owned() }) } else { Ok(()) }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let wrap = |source| opening(path, source);
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(path.join("lock")).map_err(wrap)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(OpenError::Locked { path: path.to_owned(), holder: holder(&file) });
        }
        Err(TryLockError::Error(source)) => return Err(wrap(source)),
    }
    // The number only helps a person; a full disk must not keep the store from opening.
    let _ = file.set_len(0).and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
    Ok(file)
}

/// Who has a lock file, in words.
pub(super) fn holder(lock: &File) -> String {
    let mut number = String::new();
    let _ = lock.take(20).read_to_string(&mut number);
    match number.trim().parse::<u32>() {
        Ok(number) => format!("process {number}"),
        Err(_) => "another process".to_owned(),
    }
}

pub(super) fn check_format(path: &Path, text: &str) -> Result<(), OpenError> {
    let number = text.strip_prefix(FORMAT_WORD).and_then(|rest| rest.trim().parse::<u32>().ok());
    match number {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT }),
        _ => Err(OpenError::Damaged { path: path.to_owned(), reason: "the file \"format\" does not read".to_owned() }),
    }
}

fn write_format(path: &Path) -> std::io::Result<()> {
    let new = path.join("format.new");
    let mut file = File::create(&new)?;
    file.write_all(format!("{FORMAT_WORD} {FORMAT}\n").as_bytes())?;
    file.sync_all()?;
    std::fs::rename(new, path.join("format"))?;
    File::open(path)?.sync_all()
}
