//! Power failures: what an fsync that did not return may leave on disk.

use crate::place::{Place, append, entry, log, whole};
use bytes::Bytes;
use plenum_actors::store::{Appended, Entry};
use plenum_schema::EntryId;
use plenum_schema::log::LogId;
use plenum_store::{Embedded, OpenError};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use uuid::Uuid;

/// What a device writes at once: a lost piece of a batch reads as zeros.
const SECTOR: usize = 512;

/// A closed store with one journal, of which every batch is known by where it ends.
struct Torn {
    place: Place,
    log: LogId,
    entries: Vec<(EntryId, Bytes)>,
    journal: PathBuf,
    /// The journal up to its last byte that is not zero.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

fn used(path: &PathBuf) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(end);
    bytes
}

impl Torn {
    /// Each append is a batch of its own.
    fn new(bodies: &[&[u8]]) -> Self {
        let (place, log) = (Place::new(), log());
        let store = place.open();
        let database = place.config().path.join("db");
        let mut files = std::fs::read_dir(&database).unwrap().map(|file| file.unwrap().path());
        let journal = files.find(|path| path.extension().is_some_and(|kind| kind == "jnl")).unwrap();
        let (mut entries, mut ends) = (Vec::new(), Vec::new());
        for (body, head) in bodies.iter().zip(0..) {
            let entry = Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::copy_from_slice(body) };
            entries.push((entry.id, entry.payload.clone()));
            assert_eq!(append(&store, log, head, entry), Ok(Appended::Done(head + 1)));
            ends.push(used(&journal).len());
        }
        drop(store);
        let bytes = used(&journal);
        assert_eq!(ends.last(), Some(&bytes.len()));
        Self { place, log, entries, journal, bytes, ends }
    }

    /// Puts a journal in place, with room behind it as the engine leaves it.
    fn place(&self, bytes: &[u8]) {
        let file = std::fs::OpenOptions::new().write(true).open(&self.journal).unwrap();
        file.set_len(0).unwrap();
        file.set_len(bytes.len() as u64 + 100_000).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }

    /// Opens and reads everything.
    fn opened(&self, bytes: &[u8]) -> Vec<(EntryId, Bytes)> {
        self.place(bytes);
        whole(&self.place.open(), self.log)
    }

    fn refused(&self, bytes: &[u8]) -> String {
        self.place(bytes);
        let error = Embedded::open(self.place.config()).map(drop).expect_err("must not open");
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        error.to_string()
    }

    /// Where the last batch begins.
    fn last(&self) -> usize {
        self.ends[self.ends.len() - 2]
    }
}

#[test]
fn a_last_batch_that_is_torn_at_any_byte_is_cut_off_and_nothing_before_it() {
    let torn = Torn::new(&[b"one", b"two", b"the last one"]);
    let acknowledged = &torn.entries[..2];
    for at in torn.last()..torn.bytes.len() {
        let mut ends_here = torn.bytes.clone();
        ends_here.truncate(at);
        assert_eq!(torn.opened(&ends_here), acknowledged, "ends at {at}");
        let mut hole = torn.bytes.clone();
        hole[at..].iter_mut().take(8).for_each(|byte| *byte = 0);
        let seen = torn.opened(&hole);
        assert!(seen == acknowledged || seen == torn.entries, "zeros at {at}");
        let mut wrong = torn.bytes.clone();
        wrong[at] ^= 0xFF;
        let seen = torn.opened(&wrong);
        assert!(seen == acknowledged || seen == torn.entries, "another byte at {at}");
    }
    assert_eq!(torn.opened(&torn.bytes), torn.entries);
}

#[test]
fn a_last_batch_that_lost_any_of_its_sectors_is_cut_off_and_writing_goes_on() {
    let long = vec![b'x'; 8 * SECTOR];
    let torn = Torn::new(&[b"one", b"two", &long]);
    let last = torn.last();
    for sector in last / SECTOR..torn.bytes.len().div_ceil(SECTOR) {
        let mut hole = torn.bytes.clone();
        let (from, to) = ((sector * SECTOR).max(last), ((sector + 1) * SECTOR).min(hole.len()));
        hole[from..to].fill(0);
        torn.place(&hole);
        let store = torn.place.open();
        assert_eq!(whole(&store, torn.log), &torn.entries[..2], "sector {sector}");
        let next = entry("after the failure");
        assert_eq!(append(&store, torn.log, 2, next.clone()), Ok(Appended::Done(3)));
        drop(store);
        assert_eq!(whole(&torn.place.open(), torn.log)[2].0, next.id);
    }
}

#[test]
fn damage_with_acknowledged_writes_behind_it_is_refused_in_one_sentence_and_left_alone() {
    let torn = Torn::new(&[b"one", b"two", b"three"]);
    let (from, to) = (torn.ends[0], torn.ends[1]);
    for at in (from..to).step_by(7) {
        for wrong in [0xFF, torn.bytes[at]] {
            // The number in the head of a batch is under no checksum.
            if wrong == 0 || (from + 5..from + 13).contains(&at) {
                continue;
            }
            let mut damaged = torn.bytes.clone();
            damaged[at] ^= wrong;
            let text = torn.refused(&damaged);
            let wanted = format!("does not read at byte {from}, and acknowledged writes follow");
            assert!(text.contains(&wanted) && text.contains("restore a backup") && !text.contains('\n'), "{text}");
            assert_eq!(used(&torn.journal), damaged, "nothing is changed");
        }
    }
    assert_eq!(torn.opened(&torn.bytes), torn.entries);
}

#[test]
fn a_message_that_looks_like_a_batch_does_not_keep_a_torn_store_from_opening() {
    let other = Torn::new(&[b"one", b"two"]);
    // A real batch as what somebody sends; its number, under no checksum, is not the next one.
    let mut fake = other.bytes[other.last()..].to_vec();
    fake[5..13].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    let torn = Torn::new(&[b"one", &fake]);
    let mut hole = torn.bytes.clone();
    hole[torn.last()] = 0;
    assert_eq!(torn.opened(&hole), &torn.entries[..1]);
}
