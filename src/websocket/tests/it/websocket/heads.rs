//! Upgrade requests from strangers: a saved corpus of heads, as it is and broken. Nothing panics; what is accepted keeps every rule of
//! the handshake and comes from a page that may, judged here by a second reading of the same bytes.

use super::corpus::chosen;
use plenum_websocket::{
    handshake::{HandshakeError, HandshakePolicy, accept_key, check, put_refusal, put_switching_protocols},
    origin::{OriginPolicy, OriginVerdict},
    request::UpgradeRequest,
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::{fs, path::Path};

const SEED: u64 = 0x0419;
const MUTATIONS: u64 = 30_000;
const PROTOCOLS: &[&str] = &["plenum.v1.json", "plenum.v1.msgpack"];

/// A head in bytes, as a parser of HTTP that lets everything through would hand it on.
#[derive(Debug)]
struct Head {
    method: String,
    is_http_11: bool,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Head {
    fn read(bytes: &[u8]) -> Self {
        let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let field = |line: &[u8]| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((line[..colon].to_ascii_lowercase(), line[colon + 1..].to_vec()))
        };
        Self {
            method: first.split(' ').next().unwrap_or_default().to_owned(),
            is_http_11: first.ends_with("HTTP/1.1"),
            fields: lines.filter_map(field).collect(),
        }
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        let of_name = self.fields.iter().filter(|(field, _)| field == name.as_bytes());
        of_name.map(|(_, value)| value.trim_ascii()).collect()
    }
}

impl UpgradeRequest for Head {
    fn method(&self) -> &str {
        &self.method
    }

    fn is_http_11(&self) -> bool {
        self.is_http_11
    }

    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz-corpus/handshake");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()));
    let mut files: Vec<_> = named.collect();
    files.sort();
    assert!(files.len() > 20, "the corpus is there");
    files
}

fn origins() -> OriginPolicy {
    OriginPolicy { allowed: vec!["https://other.example.org".into()], allow_absent: true, allow_same_host: true }
}

/// Judges a head, and holds the judgement against what its bytes say.
fn judge(bytes: &[u8]) -> Result<(), HandshakeError> {
    let (head, origins) = (Head::read(bytes), origins());
    let policy = HandshakePolicy { origins: &origins, protocols: PROTOCOLS, protocol_required: true };
    let judged = check(&head, &policy);
    let mut answer = Vec::new();
    match &judged {
        Ok(accepted) => {
            let [key] = head.values("sec-websocket-key")[..] else { panic!("no key, or several: {head:?}") };
            assert_eq!(Some(accepted.accept), accept_key(key));
            assert!(head.method == "GET" && head.is_http_11, "{head:?}");
            assert_eq!(head.values("sec-websocket-version"), [b"13"]);
            assert!(head.values("transfer-encoding").is_empty());
            match head.values("origin")[..] {
                [] => {}
                [page] => assert!(may_connect(page, &head), "{head:?}"),
                _ => panic!("several origins: {head:?}"),
            }
            put_switching_protocols(&mut answer, accepted);
            assert_eq!(answer.split(|byte| *byte == b'\n').count(), 7, "nothing of the request is in the answer");
        }
        Err(refused) => {
            put_refusal(&mut answer, *refused);
            let text = String::from_utf8(answer).unwrap();
            assert!(text.starts_with(&format!("HTTP/1.1 {} ", refused.status())), "{text}");
        }
    }
    judged.map(drop)
}

/// A second reading of `Origin`: the listed page, or scheme and authority as `Host` says it, the default port or none.
fn may_connect(page: &[u8], head: &Head) -> bool {
    let [page, other] = [page, b"https://other.example.org"].map(|text| String::from_utf8_lossy(text).to_lowercase());
    if page == other {
        return true;
    }
    let [host] = head.values("host")[..] else { return false };
    let host = String::from_utf8_lossy(host).to_lowercase();
    [("http://", "80"), ("https://", "443")].into_iter().any(|(scheme, port)| {
        let full = |authority: &str| match authority.rsplit_once(':') {
            Some((name, given)) if !given.contains(']') => {
                (name.to_owned(), if given.is_empty() { port } else { given }.to_owned())
            }
            _ => (authority.to_owned(), port.to_owned()),
        };
        page.strip_prefix(scheme).is_some_and(|authority| !authority.is_empty() && full(authority) == full(&host))
    })
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut StdRng) {
    const TELLING: &[u8] = b"\0\t\r\n ,:;=/[]@.13Aa\x7f\x80\xff";
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, *TELLING.choose(random).unwrap()),
        2 => drop(bytes.drain(at..bytes.len().min(at + 3))),
        3 => {
            let from = random.random_range(0..=other.len());
            let end = (from + random.random_range(0..40)).min(other.len());
            drop(bytes.splice(at..at, other[from..end].iter().copied()));
        }
        4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x20),
        _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.random()),
    }
}

#[test]
fn saved_heads_are_judged_as_their_names_say() {
    for (name, bytes) in corpus() {
        let judged = judge(&bytes);
        assert_eq!(judged.is_ok(), name.starts_with("good-"), "{name}: {judged:?}");
        let is_of_origin = matches!(judged, Err(HandshakeError::OriginRefused));
        assert_eq!(is_of_origin, name.starts_with("bad-page") || name == "bad-two-pages", "{name}: {judged:?}");
    }
}

#[test]
fn broken_heads_of_the_fuzz_corpus_are_refused_or_keep_every_rule() {
    let (files, mut random) = (corpus(), StdRng::seed_from_u64(chosen("PLENUM_FUZZ_SEED", SEED)));
    let (mut accepted, mut refused) = (0_u64, 0_u64);
    let cases = chosen("PLENUM_FUZZ_CASES", MUTATIONS);
    for _ in 0..cases {
        let mut bytes = files.choose(&mut random).unwrap().1.clone();
        for _ in 0..random.random_range(1..4) {
            mutate(&mut bytes, &files.choose(&mut random).unwrap().1, &mut random);
        }
        match judge(&bytes) {
            Ok(_) => accepted += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(cases < MUTATIONS || (accepted > 500 && refused > 500), "both sides are reached: {accepted}, {refused}");
}

/// The strictest policy: one page, and nobody without.
#[test]
fn no_broken_origin_of_the_fuzz_corpus_passes_for_the_only_page_that_may() {
    let policy =
        OriginPolicy { allowed: vec!["https://chat.example.org".into()], allow_absent: false, allow_same_host: false };
    let mut random = StdRng::seed_from_u64(chosen("PLENUM_FUZZ_SEED", SEED));
    for _ in 0..chosen("PLENUM_FUZZ_CASES", MUTATIONS) {
        let mut page = b"https://chat.example.org".to_vec();
        for _ in 0..random.random_range(0..3) {
            mutate(&mut page, b"http://evil.net:443/@null", &mut random);
        }
        let is_it = page.trim_ascii().eq_ignore_ascii_case(b"https://chat.example.org");
        let head = Head { method: "GET".into(), is_http_11: true, fields: vec![(b"origin".to_vec(), page)] };
        let expected = if is_it { OriginVerdict::Allowed } else { OriginVerdict::Foreign };
        assert_eq!(policy.judge(&head), expected, "{head:?}");
    }
}
