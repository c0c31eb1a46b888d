//! Looks through the engine's journals before the engine reads them.
//!
//! A power failure in the middle of an fsync may leave any part of the last batch on disk: its end without its middle, say. Such a
//! batch was never acknowledged. The engine below takes some of these remains for the end of the journal and refuses to open for
//! others; and where an *earlier* batch is damaged it may silently cut off all that follows, which was acknowledged. So the journals
//! are read here first: what does not read at the very end is cut off, what does not read with batches behind it is refused.
//!
//! The format (version 3 of the engine's files) is a sequence of batches, then zeros:
//!
//! ```text
//! 01  item count u32  sequence number u64
//! 02  kind u8  compression u8  table u64  key length u16  value length u32  stored length u32  key  stored value      (item)
//! 04  table u64                                                                                               (table cleared)
//! 03  xxh3 of all items u64  "FJL" 03
//! ```

use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Result, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: &[u8] = b"FJL\x03";
/// Bytes of an item before its key, the tag left out.
const ITEM_HEAD: usize = 1 + 1 + 8 + 2 + 4 + 4;
/// No store ever makes so many batches: a greater number is not one that was written.
const MOST_SEQUENCE: u64 = 1 << 48;
/// Batches are numbered one after the other, so one behind a damaged place has a number that is greater by what was lost there, at
/// most this. Bytes that people wrote into messages can look like a batch, but their authors do not know the number.
const NEAR: u64 = 4_096;
/// Tables have small numbers.
const MOST_TABLES: u64 = 1 << 16;
const BUFFER_BYTES: usize = 256 * 1024;

/// A journal in which something does not read although batches follow it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The file's name.
    pub journal: String,
    /// Where the first batch that does not read begins.
    pub at: u64,
}

/// Cuts off what is left of a batch that never reached the disk as a whole. Answers the damage that cannot be mended.
pub(crate) fn mend(database: &Path) -> Result<Option<Damage>> {
    let journals = journals(database)?;
    for (number, path) in journals.iter().enumerate() {
        let Some((at, last)) = first_unreadable(path)? else { continue };
        let is_active = number + 1 == journals.len();
        if !is_active || has_batch_behind(path, at, last)? {
            let journal = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Ok(Some(Damage { journal, at }));
        }
        let file = OpenOptions::new().write(true).open(path)?;
        tracing::warn!(journal = %path.display(), at, "a batch that was not written as a whole is cut off: it was not acknowledged");
        file.set_len(at)?;
        file.sync_all()?;
    }
    Ok(None)
}

/// The journals, oldest first. A file that is none is left to the engine.
fn journals(database: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    let files = match std::fs::read_dir(database) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    for file in files {
        let path = file?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Where the first batch that does not read begins, and the number of the one before. `None`: all of them read, and zeros follow.
fn first_unreadable(path: &Path) -> Result<Option<(u64, u64)>> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let (mut at, mut last, mut scratch) = (0, 0, Vec::new());
    while let Some(batch) = read_batch(&mut reader, &mut scratch)? {
        (at, last) = (at + batch.bytes, batch.sequence);
    }
    Ok((!is_zero(reader.get_ref(), at)?).then_some((at, last)))
}

/// Whether nothing but zeros follows. The room behind the last batch is a hole of the file, which is passed over.
fn is_zero(file: &File, mut at: u64) -> Result<bool> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
            Ok(data) => at = data,
            Err(rustix::io::Errno::NXIO) => return Ok(true),
            // A file system that does not know its holes: they are read.
            Err(_) => {}
        }
        let count = file.read_at(&mut buffer, at)?;
        match buffer.get(..count) {
            None | Some([]) => return Ok(true),
            Some(bytes) if bytes.iter().any(|byte| *byte != 0) => return Ok(false),
            Some(_) => at += count as u64,
        }
    }
}

/// Whether a whole batch stands anywhere behind a position.
fn has_batch_behind(path: &Path, at: u64, last: u64) -> Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    let mut scratch = Vec::new();
    let starts = (1..rest.len()).filter(|start| rest.get(*start) == Some(&START));
    for mut from in starts.filter_map(|start| rest.get(start..)) {
        let is_near = number(from.get(5..13)).is_some_and(|sequence| sequence > last && sequence - last <= NEAR);
        if is_near && read_batch(&mut from, &mut scratch)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn number(bytes: Option<&[u8]>) -> Option<u64> {
    bytes?.try_into().ok().map(u64::from_le_bytes)
}

/// A batch that reads.
struct Batch {
    sequence: u64,
    bytes: u64,
}

/// Reads one batch; `None` where there is none.
fn read_batch(reader: &mut impl Read, scratch: &mut Vec<u8>) -> Result<Option<Batch>> {
    let mut counted = Counted { reader, bytes: 0 };
    match batch(&mut counted, scratch) {
        Ok(Some(sequence)) => Ok(Some(Batch { sequence, bytes: counted.bytes })),
        Ok(None) => Ok(None),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn batch(reader: &mut impl Read, scratch: &mut Vec<u8>) -> Result<Option<u64>> {
    if u8::from_le_bytes(array(reader)?) != START {
        return Ok(None);
    }
    let (count, sequence) = (u32::from_le_bytes(array(reader)?), u64::from_le_bytes(array(reader)?));
    if sequence >= MOST_SEQUENCE {
        return Ok(None);
    }
    let mut hash = Xxh3::new();
    for _ in 0..count {
        if !item(reader, &mut hash, scratch)? {
            return Ok(None);
        }
    }
    let (tag, expected) = (u8::from_le_bytes(array(reader)?), u64::from_le_bytes(array(reader)?));
    let trailer: [u8; TRAILER.len()] = array(reader)?;
    Ok((tag == END && expected == hash.digest() && trailer == TRAILER).then_some(sequence))
}

/// Reads one item into the checksum; `false` when it is none.
fn item(reader: &mut impl Read, hash: &mut Xxh3, scratch: &mut Vec<u8>) -> Result<bool> {
    let tag: [u8; 1] = array(reader)?;
    hash.update(&tag);
    match tag {
        [CLEAR] => {
            let table: [u8; 8] = array(reader)?;
            hash.update(&table);
            Ok(u64::from_le_bytes(table) < MOST_TABLES)
        }
        [ITEM] => {
            let head: [u8; ITEM_HEAD] = array(reader)?;
            hash.update(&head);
            let [_, _, table @ .., k0, k1, _, _, _, _, s0, s1, s2, s3] = head;
            let rest = u64::from(u16::from_le_bytes([k0, k1])) + u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
            if u64::from_le_bytes(table) >= MOST_TABLES {
                return Ok(false);
            }
            scratch.clear();
            // As much as is there, whatever the length says.
            let is_whole = reader.take(rest).read_to_end(scratch)? as u64 == rest;
            hash.update(scratch);
            Ok(is_whole)
        }
        _ => Ok(false),
    }
}

fn array<const N: usize>(reader: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Counts what is read.
struct Counted<'r, R> {
    reader: &'r mut R,
    bytes: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}
