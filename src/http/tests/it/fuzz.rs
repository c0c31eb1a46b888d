//! What HTTP brings from strangers, broken in a thousand ways: bodies of JSON and of forms, and the headers in which proxies say for
//! whom they speak. Nothing panics, nothing is taken that a second reading would not take, and no stranger can name an address.

use crate::fixture::layer;
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{FromRequest, HttpRequest};
use plenum_http::{
    Block, Body, FileUpload, ForwardedHeader, HttpConfig, Problem, TrustedProxies, Wanted, has_ignored_members,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

const SEED: u64 = 0x5EED_0007;

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
fn chosen(name: &str, usual: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return usual };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

/// xorshift64*: enough to choose where to break something, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        Self(chosen("PLENUM_FUZZ_SEED", SEED).max(1))
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides.max(1)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }

    /// Breaks bytes in up to three places; `telling` are those that a grammar listens to.
    fn broken(&mut self, original: &[u8], others: &[&[u8]], telling: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for _ in 0..self.roll(4) {
            let at = self.roll(bytes.len() + 1);
            match self.roll(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, *self.pick(telling)),
                2 => drop(bytes.drain(at..bytes.len().min(at + 3))),
                3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
                _ => {
                    let other = *self.pick(others);
                    let (from, length) = (self.roll(other.len() + 1), self.roll(40));
                    let part = &other[from..other.len().min(from + length)];
                    drop(bytes.splice(at..at, part.iter().copied()));
                }
            }
        }
        bytes
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wish {
    text: String,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    inner: Option<Box<Wish>>,
    #[serde(default)]
    by_name: BTreeMap<String, i64>,
}

const DEPTH: usize = 8;

fn request(kind: &str, body: Vec<u8>) -> (HttpRequest, Payload) {
    let config = HttpConfig { json_depth: DEPTH, ..HttpConfig::default() };
    let layer = layer(config);
    TestRequest::post().app_data(layer).insert_header(("Content-Type", kind)).set_payload(body).to_http_parts()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(all) => 1 + all.iter().map(depth).max().unwrap_or(0),
        Value::Object(all) => 1 + all.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[actix_web::test]
async fn a_broken_body_is_refused_or_means_what_a_second_fuzz_reading_says() {
    let deep = format!("{{\"text\":\"a\",\"x\":{}{}}}", "[".repeat(20), "]".repeat(20));
    let saved: [&[u8]; 9] = [
        br#"{"text":"hello","count":7,"tags":["a","b"],"inner":{"text":"x","tags":[]},"byName":{}}"#,
        br#"{"text":"\u00e9\ud83d\ude00\\\"[{","count":4294967295,"by_name":{"a":-1,"b":9223372036854775807}}"#,
        "{\"text\":\"ça va 你好 👋\",\"role\":\"admin\",\"inner\":{\"text\":\"y\",\"inner\":{\"text\":\"z\"}}}"
            .as_bytes(),
        br#"  {"text" : "" , "count" : null }  "#,
        br#"{"text":1}"#,
        br#"["a",1,[],null,{}]"#,
        br#"{"text":"a","text":"b"}"#,
        br#"{"text":"a","count":1e3,"tags":{"0":"a"},"inner":["x",1,[],null,{}]}"#,
        deep.as_bytes(),
    ];
    let mut dice = Dice::new();
    let (mut taken, mut refused) = (0_u64, 0_u64);
    let cases = chosen("PLENUM_FUZZ_CASES", 6_000);
    for _ in 0..cases {
        let original = *dice.pick(&saved);
        let bytes = dice.broken(original, &saved, b"{}[]\",:\\0e-. \n\x00\x7f\xc3\xff");
        let (request, mut payload) = request("application/json", bytes.clone());
        match Body::<Wish>::from_request(&request, &mut payload).await {
            Ok(body) => {
                taken += 1;
                assert_eq!(body.raw, bytes);
                assert!(serde_json::from_slice::<IgnoredAny>(&bytes).is_ok(), "what is taken is JSON");
                // Members that nobody asked for may hold numbers that no type of ours can.
                let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { continue };
                assert!(value.is_object() && depth(&value) <= DEPTH, "{value}");
                let again: Wish = serde_json::from_value(value.clone()).expect("what is taken is a wish");
                assert_eq!(again, body.value, "{value}");
                let known = ["text", "count", "tags", "inner", "by_name"];
                let strange = value.as_object().is_some_and(|all| all.keys().any(|key| !known.contains(&key.as_str())));
                assert!(!strange || has_ignored_members(&request), "what is ignored is named: {value}");
            }
            Err(problem) => {
                refused += 1;
                let text = problem.to_string();
                assert!(text.starts_with("malformed: ") || text.starts_with("invalid: "), "{text}");
            }
        }
    }
    assert!(cases < 6_000 || (taken > 300 && refused > 300), "both sides are reached: {taken}, {refused}");
}

const BOUNDARY: &str = "----plenum7MA4YWxk";

fn form(parts: &[(&str, &str)]) -> Vec<u8> {
    let part = |(head, body): &(&str, &str)| format!("--{BOUNDARY}\r\n{head}\r\n\r\n{body}\r\n");
    let mut text: String = parts.iter().map(part).collect();
    text.push_str(&format!("--{BOUNDARY}--\r\n"));
    text.into_bytes()
}

#[actix_web::test]
async fn a_broken_form_is_refused_or_its_file_is_a_part_of_the_fuzz_body() {
    const WANTED: Wanted =
        Wanted { members: &["file", "avatar"], bytes: 256, within: Duration::from_secs(5), telling: 8 };
    let file = "Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png";
    let extended = "Content-Disposition: form-data; name=avatar; filename*=UTF-8''%e2%82%ac%20rates\r\nContent-Type: image/png; x=y";
    let other = "Content-Disposition: form-data; name=\"note\"";
    let many: Vec<(&str, &str)> = vec![(other, "n"); 20];
    let saved = [
        form(&[(file, "0123456789abcdef")]),
        form(&[(other, "a note"), (extended, "short")]),
        form(&[(file, &"x".repeat(300))]),
        form(&[(file, "one"), (file, "two")]),
        form(&[("Content-Disposition: attachment", "0"), (file, "")]),
        form(&[(file, "----plenum7MA4YWx\r\n--")]),
        form(&many),
    ];
    let others: Vec<&[u8]> = saved.iter().map(Vec::as_slice).collect();
    let mut dice = Dice::new();
    let (mut taken, mut refused) = (0_u64, 0_u64);
    let cases = chosen("PLENUM_FUZZ_CASES", 4_000);
    for _ in 0..cases {
        let original = *dice.pick(&others);
        let bytes = dice.broken(original, &others, b"\r\n-:;=\"'%*\\ \0\xff");
        let mut kind = format!("multipart/form-data; boundary={BOUNDARY}").into_bytes();
        if dice.roll(8) == 0 {
            kind = dice.broken(&kind, &[b"boundary=\"", b"; charset"], b";=\"/ a");
        }
        let Ok(kind) = HeaderValue::from_bytes(&kind) else { continue };
        let parts = TestRequest::post().insert_header(("Content-Type", kind)).set_payload(bytes.clone());
        let (request, mut payload) = parts.to_http_parts();
        let upload = FileUpload::from_request(&request, &mut payload).await.expect("nothing is looked at yet");
        let mut asked = 0;
        let result: Result<(String, _), Problem> = upload
            .file(WANTED, |head, beginning| {
                asked += 1;
                assert!(beginning.len() <= WANTED.bytes, "no more than is wanted");
                assert!(head.name.len() <= 1_024);
                Ok(head.name.clone())
            })
            .await;
        assert!(asked <= 1, "asked once");
        match result {
            Ok((_, file)) => {
                taken += 1;
                assert!(file.len() <= WANTED.bytes);
                let is_inside = file.is_empty() || bytes.windows(file.len()).any(|part| part == file);
                assert!(is_inside, "{file:?}");
            }
            Err(_) => refused += 1,
        }
    }
    assert!(cases < 4_000 || (taken > 200 && refused > 200), "both sides are reached: {taken}, {refused}");
}

fn headers(name: &'static str, values: &[Vec<u8>]) -> HeaderMap {
    let mut map = HeaderMap::new();
    // What is no header value never gets through a parser of HTTP.
    let values = values.iter().filter_map(|value| HeaderValue::from_bytes(value).ok());
    values.for_each(|value| map.append(HeaderName::from_static(name), value));
    map.insert(HeaderName::from_static("x-forwarded-proto"), HeaderValue::from_static("https"));
    map
}

#[test]
fn whatever_a_stranger_writes_in_front_names_no_other_fuzz_address() {
    let saved: [&[u8]; 8] = [
        b"203.0.113.9, 10.0.0.2",
        b"for=203.0.113.9;proto=https, for=\"10.1.1.1:4711\"",
        b"For=\"[2001:db8:cafe::17]:4711\", for=unknown",
        b"2001:db8::7, [2001:db8::8]:80, 10.9.9.9",
        b"unknown, 10.0.0.1, ::ffff:10.0.0.3",
        b"for=_hidden;by=203.0.113.43;host=\"a,b\"",
        b",,, ,",
        b"999.1.1.1:70000, [::1, 127.0.0.1]",
    ];
    let ours: Block = "10.0.0.0/8".parse().expect("a block");
    let peers: [IpAddr; 3] = ["10.0.0.1", "198.51.100.7", "::ffff:10.2.3.4"].map(|text| text.parse().expect("one"));
    let kinds = [(ForwardedHeader::XForwardedFor, "x-forwarded-for"), (ForwardedHeader::Forwarded, "forwarded")];
    let mut dice = Dice::new();
    let mut settled = 0_u64;
    let cases = chosen("PLENUM_FUZZ_CASES", 20_000);
    for _ in 0..cases {
        let (kind, name) = *dice.pick(&kinds);
        let proxies = TrustedProxies::new(&["10.0.0.0/8".to_owned()], kind).expect("a block");
        let telling = b",;=\":[]. f0\t\x80\xff";
        let lines: Vec<Vec<u8>> = (0..1 + dice.roll(2))
            .map(|_| {
                let original = *dice.pick(&saved);
                dice.broken(original, &saved, telling)
            })
            .collect();
        let peer = *dice.pick(&peers);
        let origin = proxies.origin(peer, &headers(name, &lines));
        assert_eq!(origin.address, origin.address.to_canonical());
        if !ours.contains(peer.to_canonical()) {
            assert_eq!((origin.address, origin.is_tls), (peer, false), "only proxies are believed");
            continue;
        }
        if ours.contains(origin.address) {
            continue;
        }
        settled += 1;
        // The nearest hop that is not ours decides. What stands before it, whoever wrote it, changes nothing.
        let forged = dice.broken(saved[0], &saved, telling);
        let with_forged: Vec<Vec<u8>> = std::iter::once(forged).chain(lines.iter().cloned()).collect();
        assert_eq!(proxies.origin(peer, &headers(name, &with_forged)).address, origin.address, "{with_forged:?}");
    }
    assert!(cases < 20_000 || settled > 1_000, "{settled}");
}
