//! The decoders against bytes from outside: a saved corpus, seeded mutations of it, random bytes, and random values that both
//! codecs must judge alike. The same inputs in every run; bounded, so that it belongs into the test command. (What is stored is broken
//! in `actors/tests/it/fuzz.rs`, where the bytes of every kind are kept.)

use crate::documents::{Example, examples};
use plenum_schema::codec::{Codec, DecodeError, decode, encode};
use plenum_schema::wire::{ClientFrame, ServerFrame};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use std::path::Path;

/// Mutations of each saved input.
const MUTATIONS: u64 = 400;
/// Where broken copies begin.
const SEED: u64 = 0x5EED_0001;

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES` (cases of each test).
fn chosen(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// The saved inputs of a codec: name and bytes. Names that begin with `good-` must decode, all others must not.
fn corpus(codec: Codec) -> Vec<(String, Vec<u8>)> {
    let folder = match codec {
        Codec::Json => "json",
        Codec::MessagePack => "msgpack",
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus").join(folder);
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries.map(|entry| (name_of(&entry), std::fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

fn name_of(entry: &std::fs::DirEntry) -> String {
    entry.file_name().into_string().unwrap()
}

/// Decodes; what decodes must come back the same from both codecs.
fn feed(codec: Codec, bytes: &[u8]) -> Result<ClientFrame, DecodeError> {
    let result = decode::<ClientFrame>(codec, bytes);
    if let Ok(frame) = &result {
        for codec in [Codec::Json, Codec::MessagePack] {
            assert_eq!(decode::<ClientFrame>(codec, &encode(codec, frame).unwrap()).as_ref(), Ok(frame), "{codec:?}");
        }
    }
    // Clients of ours use the same decoder for what the server says.
    if let Ok(frame) = decode::<ServerFrame>(codec, bytes) {
        assert_eq!(decode(codec, &encode(codec, &frame).unwrap()), Ok(frame));
    }
    result
}

/// xorshift64*: enough to choose where to break something, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % sides.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }

    /// Breaks an input in one to four places.
    fn mutate(&mut self, bytes: &mut Vec<u8>, others: &[(String, Vec<u8>)]) {
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len());
            match self.roll(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.roll(8),
                1 if !bytes.is_empty() => bytes[at] = self.byte(),
                2 => bytes.truncate(at),
                3 => bytes.insert(at, self.byte()),
                4 if !bytes.is_empty() => {
                    let end = (at + 1 + self.roll(8)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let (_, other) = &others[self.roll(others.len())];
                    let from = self.roll(other.len());
                    let end = (from + self.roll(32)).min(other.len());
                    bytes.splice(at..at, other[from..end].iter().copied());
                }
            }
        }
    }
}

#[test]
fn saved_inputs_are_judged_as_their_names_say() {
    for codec in [Codec::Json, Codec::MessagePack] {
        let files = corpus(codec);
        assert!(files.len() > 20, "{codec:?}: the corpus is there");
        for (name, bytes) in files {
            let result = feed(codec, &bytes);
            assert_eq!(result.is_ok(), name.starts_with("good-"), "{codec:?} {name}: {result:?}");
        }
    }
}

#[test]
fn broken_copies_of_saved_inputs_never_make_a_decoder_panic() {
    for codec in [Codec::Json, Codec::MessagePack] {
        let files = corpus(codec);
        let mut dice = Dice(chosen("PLENUM_FUZZ_SEED").unwrap_or(SEED).max(1));
        let mutations = chosen("PLENUM_FUZZ_CASES").map_or(MUTATIONS, |cases| cases.div_ceil(files.len() as u64));
        let (mut accepted, mut refused) = (0_u64, 0_u64);
        for (_, saved) in &files {
            for _ in 0..mutations {
                let mut bytes = saved.clone();
                dice.mutate(&mut bytes, &files);
                match feed(codec, &bytes) {
                    Ok(_) => accepted += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        let usual = mutations >= MUTATIONS;
        assert!(
            !usual || (accepted > 50 && refused > 1_000),
            "{codec:?}: both sides are reached: {accepted}, {refused}"
        );
    }
}

/// The same cases in every run but a long one, and no file of failures: a failure is fixed and its input saved in the corpus.
fn runner(cases: u32) -> TestRunner {
    let cases = chosen("PLENUM_FUZZ_CASES").map_or(cases, |cases| u32::try_from(cases).unwrap_or(u32::MAX));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = match chosen("PLENUM_FUZZ_SEED") {
        None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        Some(seed) => {
            let seed = [seed.to_le_bytes(); 4].concat();
            TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
        }
    };
    TestRunner::new_with_rng(config, random)
}

/// Every frame of the server that the protocol's document shows, which is every one there is.
fn server_frames(codec: Codec) -> Vec<(String, Vec<u8>)> {
    let examples = examples().into_iter().filter(|example| example.label.starts_with("server "));
    let frame = |example: Example| {
        let frame: ServerFrame = decode(Codec::Json, example.json.as_bytes()).unwrap();
        (example.label, encode(codec, &frame).unwrap())
    };
    examples.map(frame).collect()
}

#[test]
fn broken_server_frames_are_refused_or_mean_the_same_in_both_codecs() {
    for codec in [Codec::Json, Codec::MessagePack] {
        let frames = server_frames(codec);
        assert!(frames.len() > 30, "{codec:?}: the document shows frames of the server");
        let mut dice = Dice(chosen("PLENUM_FUZZ_SEED").unwrap_or(SEED).max(1));
        let mutations = chosen("PLENUM_FUZZ_CASES").map_or(MUTATIONS, |cases| cases.div_ceil(frames.len() as u64));
        let (mut accepted, mut refused) = (0_u64, 0_u64);
        for (label, saved) in &frames {
            assert!(decode::<ServerFrame>(codec, saved).is_ok(), "{codec:?} {label}");
            for _ in 0..mutations {
                let mut bytes = saved.clone();
                dice.mutate(&mut bytes, &frames);
                let Ok(frame) = decode::<ServerFrame>(codec, &bytes) else {
                    refused += 1;
                    continue;
                };
                accepted += 1;
                for codec in [Codec::Json, Codec::MessagePack] {
                    let again = decode::<ServerFrame>(codec, &encode(codec, &frame).unwrap());
                    assert_eq!(again.as_ref(), Ok(&frame), "{label}, again as {codec:?}");
                }
            }
        }
        let usual = mutations >= MUTATIONS;
        let both = accepted > 50 && refused > 1_000;
        assert!(!usual || both, "{codec:?}: both sides are reached: {accepted}, {refused}");
    }
}

#[test]
fn random_bytes_never_make_a_decoder_panic() {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let run = runner(4_000).run(&bytes, |bytes| {
        for codec in [Codec::Json, Codec::MessagePack] {
            prop_assert!(feed(codec, &bytes).is_err(), "random bytes are no frame");
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn a_messagepack_length_beyond_the_input_is_always_refused() {
    let cases =
        (prop::sample::select(vec![0xdd_u8, 0xdf, 0xdb, 0xc6]), 200_u32.., prop::collection::vec(any::<u8>(), 0..190));
    let run = runner(1_000).run(&cases, |(marker, length, rest)| {
        let bytes = [&[marker][..], &length.to_be_bytes(), &rest].concat();
        prop_assert!(feed(Codec::MessagePack, &bytes).is_err());
        Ok(())
    });
    run.unwrap();
}

fn any_value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec!["id", "command", "ping", "topic", "text", "", "zz", "conversation:x"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e6_f64..1e6).prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..4).prop_map(|members| Value::Object(
                members.into_iter().map(|(name, value)| (name.into(), value)).collect()
            )),
        ]
    })
}

/// Puts `new` in the place that `at` chooses: over a member, beside the members, or over the whole.
fn graft(value: &mut Value, mut at: usize, new: Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let choice = at % (members.len() + 1);
            at /= members.len() + 1;
            match members.values_mut().nth(choice) {
                Some(member) => graft(member, at, new),
                None => drop(members.insert("zz".into(), new)),
            }
        }
        place => *place = new,
    }
}

#[test]
fn both_codecs_judge_the_same_value_alike() {
    let frames: Vec<Value> = corpus(Codec::Json)
        .into_iter()
        .filter(|(name, _)| name.starts_with("good-"))
        .map(|(_, bytes)| serde_json::from_slice(&bytes).unwrap())
        .collect();
    let cases = (prop::sample::select(frames), any::<usize>(), any_value());
    let run = runner(6_000).run(&cases, |(mut value, at, new)| {
        graft(&mut value, at, new);
        let text = feed(Codec::Json, value.to_string().as_bytes());
        let packed = feed(Codec::MessagePack, &rmp_serde::to_vec(&value).unwrap());
        prop_assert_eq!(text.ok(), packed.ok(), "{}", value);
        Ok(())
    });
    run.unwrap();
}
