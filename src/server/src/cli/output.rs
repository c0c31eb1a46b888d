//! Where a command writes what it was asked for: the standard output, or a file that is there only when everything is in it.

use super::Failure;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// See the module. A file that is not finished is taken away again.
pub(super) enum Output {
    Standard(io::Stdout),
    File(Unfinished),
}

/// A file beside the one that was asked for.
pub(super) struct Unfinished {
    file: File,
    at: PathBuf,
    wanted: PathBuf,
}

impl Output {
    /// The file at a path, which must not exist; without one, the standard output.
    ///
    /// # Errors
    /// When the file exists, or none can be made beside it.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(wanted) = path else { return Ok(Self::Standard(io::stdout())) };
        refuse_existing(wanted)?;
        let name = wanted.file_name().ok_or_else(|| format!("{}: not the name of a file", wanted.display()))?;
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.part", std::process::id()));
        let at = wanted.with_file_name(beside);
        let file = File::create_new(&at).map_err(|error| format!("{}: {error}", at.display()))?;
        Ok(Self::File(Unfinished { file, at, wanted: wanted.to_owned() }))
    }

    /// Everything has been written.
    ///
    /// # Errors
    /// When it cannot reach the disk, or somebody has made the file meanwhile.
    pub fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Standard(mut out) => Ok(out.flush()?),
            Self::File(unfinished) => {
                unfinished.file.sync_all()?;
                refuse_existing(&unfinished.wanted)?;
                Ok(fs::rename(&unfinished.at, &unfinished.wanted)?)
            }
        }
    }
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Err(format!("{} exists already: name another file or remove it", path.display()).into());
    }
    Ok(())
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // When it was finished there is nothing under this name any more.
        let _gone = fs::remove_file(&self.at);
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File(unfinished) => unfinished.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File(unfinished) => unfinished.file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        entries.map(|name| name.into_string().expect("text")).collect()
    }

    #[test]
    fn a_file_is_there_when_everything_is_in_it_and_nothing_is_left_of_one_that_fails() {
        let folder = tempfile::tempdir().expect("a folder");
        let wanted = folder.path().join("export.jsonl");
        let mut failed = Output::open(Some(&wanted)).expect("it opens");
        failed.write_all(b"half").expect("written");
        assert!(!wanted.exists());
        drop(failed);
        assert_eq!(names(folder.path()), [""; 0]);
        let mut whole = Output::open(Some(&wanted)).expect("it opens");
        whole.write_all(b"whole").expect("written");
        whole.finish().expect("finished");
        assert_eq!(
            (names(folder.path()), fs::read(&wanted).expect("read")),
            (vec!["export.jsonl".into()], b"whole".to_vec())
        );
    }

    #[test]
    fn a_file_that_exists_is_left_as_it_is_also_when_it_comes_last() {
        let folder = tempfile::tempdir().expect("a folder");
        let wanted = folder.path().join("export.jsonl");
        let late = Output::open(Some(&wanted)).expect("it opens");
        fs::write(&wanted, "somebody's").expect("written");
        assert!(late.finish().is_err() && Output::open(Some(&wanted)).is_err());
        assert_eq!((names(folder.path()).len(), fs::read(&wanted).expect("read")), (1, b"somebody's".to_vec()));
    }
}
