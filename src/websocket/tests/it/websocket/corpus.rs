//! A saved corpus of tricky streams, replayed as it is and mutated. Each file is the raw bytes of one client after the
//! handshake. Random from a fixed seed, so that a failure repeats.

use std::{fs, path::Path};

use plenum_websocket::Limits;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{
    model,
    support::{hear, hear_chunks, hear_with_breaks},
};

/// Small enough that mutated streams run into every limit.
const LIMITS: Limits = Limits { max_message_bytes: 1000, max_fragments: 8 };
const SEED: u64 = 0x6455;
const MUTATIONS: u64 = 50_000;

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
pub fn chosen(name: &str, usual: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return usual };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus/websocket");
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The decoder agrees with the model however the stream is cut, and keeps its bound on memory (checked by the listener).
fn check(name: &str, bytes: &[u8], random: &mut StdRng) {
    let expected = model::hear(LIMITS, bytes);
    assert_eq!(hear(LIMITS, &[bytes]), expected, "{name} in one read: {bytes:02x?}");
    let mut rest = bytes;
    let mut reads = Vec::new();
    while !rest.is_empty() {
        let (read, behind) = rest.split_at(random.random_range(1..=rest.len().min(40)));
        reads.push(read);
        rest = behind;
    }
    assert_eq!(hear(LIMITS, &reads), expected, "{name} in {} reads: {bytes:02x?}", reads.len());
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut StdRng) {
    const TELLING: [u8; 16] = [0, 1, 2, 8, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0xbf, 0xce, 0xf4, 0xfe, 0xff];
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.random()),
        2 => drop(bytes.drain(at..bytes.len().min(at + 3))),
        3 => drop(bytes.splice(at..at, other.iter().copied())),
        4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.random_range(0..8)),
        _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = *TELLING.choose(random).unwrap()),
    }
}

#[test]
fn the_corpus_is_there() {
    assert!(corpus().len() >= 30);
}

#[test]
fn every_stream_of_the_corpus_is_heard_like_the_model_hears_it() {
    let mut random = StdRng::seed_from_u64(SEED);
    for (name, bytes) in corpus() {
        check(&name, &bytes, &mut random);
        let expected = model::hear(LIMITS, &bytes);
        assert_eq!(hear_chunks(LIMITS, &bytes, 1), expected, "{name} byte by byte");
        assert_eq!(hear_with_breaks(LIMITS, &bytes), expected, "{name} with breaks");
    }
}

#[test]
fn mutated_streams_are_heard_like_the_model_hears_them() {
    let corpus = corpus();
    let mut random = StdRng::seed_from_u64(chosen("PLENUM_FUZZ_SEED", SEED));
    for _ in 0..chosen("PLENUM_FUZZ_CASES", MUTATIONS) {
        let (name, bytes) = corpus.choose(&mut random).unwrap();
        let (_, other) = corpus.choose(&mut random).unwrap();
        let mut bytes = bytes.clone();
        for _ in 0..random.random_range(1..5) {
            mutate(&mut bytes, other, &mut random);
        }
        check(name, &bytes, &mut random);
    }
}
