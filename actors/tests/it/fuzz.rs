//! Stored bytes, broken: every event, snapshot and digest of which a fixture is kept. What can still be read is written again as the
//! same, and can be folded; nothing panics, because a damaged disk must not take a server down.

use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::board::Board;
use plenum_actors::aggregates::conference::{self, Conference};
use plenum_actors::aggregates::conversation::{self, Conversation};
use plenum_actors::aggregates::poll::Poll;
use plenum_schema::conversation::Stored;
use plenum_schema::{EntryId, codec};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::path::Path;
use uuid::Uuid;

const SEED: u64 = 0x5EED_0013;
const ID: Uuid = Uuid::from_u128(9);

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
fn chosen(name: &str, usual: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return usual };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

/// The fixtures of an aggregate whose names begin with one of these words, or (`is_other`) with none of them.
fn fixtures(folder: &str, words: &[&str], is_other: bool) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        words.iter().any(|word| name.starts_with(word)) != is_other
    });
    paths.sort();
    assert!(!paths.is_empty());
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Breaks some bytes; not the first too often, which names the format.
fn broken(saved: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = saved.choose(random).unwrap().clone();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.random()),
            2 => drop(bytes.drain(at..bytes.len().min(at + 3))),
            3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.random_range(0..8)),
            // Lengths and numbers at their ends.
            4 => bytes.iter_mut().skip(at.max(1)).take(8).for_each(|byte| *byte = 0xff),
            _ => {
                let other = saved.choose(random).unwrap();
                let from = random.random_range(0..=other.len());
                let end = (from + random.random_range(0..32)).min(other.len());
                drop(bytes.splice(at..at, other[from..end].iter().copied()));
            }
        }
    }
    bytes
}

/// Feeds broken bytes to a reader that says whether it could read them.
fn feed(saved: &[Vec<u8>], mut read: impl FnMut(&[u8]) -> bool) {
    let mut random = StdRng::seed_from_u64(chosen("PLENUM_FUZZ_SEED", SEED));
    assert!(saved.iter().all(|bytes| read(bytes)), "what is kept is read");
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    let cases = chosen("PLENUM_FUZZ_CASES", 5_000);
    for _ in 0..cases {
        if read(&broken(saved, &mut random)) {
            accepted += 1;
        } else {
            refused += 1;
        }
    }
    assert!(cases < 5_000 || (accepted > 100 && refused > 100), "both sides are reached: {accepted}, {refused}");
}

fn events_of<A: Aggregate>(folder: &str) {
    let formats = [A::EVENT_FORMAT];
    feed(&fixtures(folder, &["snapshot", "digest"], true), |bytes| {
        let Ok(stored) = codec::restore::<Stored<A::Event>>(&formats, bytes) else { return false };
        let again = codec::store(A::EVENT_FORMAT, &stored).unwrap();
        assert_eq!(codec::restore::<Stored<A::Event>>(&formats, &again).unwrap().event, stored.event);
        let mut state = A::empty(ID);
        state.apply(1, EntryId(ID), stored.at, &stored.event);
        state.apply(2, EntryId(ID), stored.at, &stored.event);
        drop((state.digest(), codec::store(A::SNAPSHOT_FORMAT, &state.save()).unwrap()));
        true
    });
}

fn snapshots_of<A: Aggregate>(folder: &str) {
    let formats = [A::SNAPSHOT_FORMAT];
    feed(&fixtures(folder, &["snapshot"], false), |bytes| {
        let Ok(saved) = codec::restore::<A::Saved>(&formats, bytes) else { return false };
        let state = A::restore(ID, saved);
        drop(state.digest());
        let again = codec::store(A::SNAPSHOT_FORMAT, &state.save()).unwrap();
        assert!(codec::restore::<A::Saved>(&formats, &again).is_ok(), "what is saved is read");
        true
    });
}

#[test]
fn broken_events_of_every_kind_are_refused_or_read_back_as_they_are_then() {
    events_of::<Conversation>("conversation-v1");
    events_of::<Conference>("conference-v1");
    events_of::<Poll>("poll-v1");
    events_of::<Board>("board-v1");
}

#[test]
fn broken_snapshots_of_every_kind_are_refused_or_go_on() {
    snapshots_of::<Conversation>("conversation-v1");
    snapshots_of::<Conference>("conference-v1");
    snapshots_of::<Poll>("poll-v1");
    snapshots_of::<Board>("board-v1");
}

#[test]
fn broken_digests_are_refused_or_read() {
    feed(&fixtures("conversation-v1", &["digest"], false), |bytes| conversation::read_digest(bytes).is_ok());
    feed(&fixtures("conference-v1", &["digest"], false), |bytes| conference::read_digest(bytes).is_some());
}
