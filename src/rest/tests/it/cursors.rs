//! Cursors that no list has given out, to every list that takes one: refused or a place in the list, and nothing else ever. What a cursor
//! looks like is each list's own; here they are taken as they come, broken by dice, and handed to the others too.

use crate::roles::things::{Cast, ROLES, Things};
use crate::world::World;
use serde_json::Value;
use std::collections::BTreeMap;

/// Broken cursors for each list.
const CASES: u64 = 30;
const SEED: u64 = 0x5EED_0003;

/// Those that a reader of numbers, ids, places and base64 could stumble over.
const SAVED: [&str; 24] = [
    "",
    "0",
    "1",
    "-1",
    "+1",
    "00",
    "1e9",
    "a0",
    "a8",
    "b3",
    "a18446744073709551615",
    "b18446744073709551616",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    ".",
    "5.0190b5a0-0000-7000-8000-000000000001",
    "-9223372036854775808.ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0190b5a0-0000-7000-8000-000000000001",
    "0190b5a0000070008000000000000001",
    "AQAAAYvP5Xt7AAAAAAAAAAAAAAAAAAAATQ",
    "AX__________________________________",
    "é\u{0}\u{1f600}",
];

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
fn chosen(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

/// xorshift64*: enough to choose where to break something, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides.max(1)
    }

    /// Any character, mostly one that cursors are made of.
    fn letter(&mut self) -> char {
        const USUAL: &[u8] = b"0123456789abcdefxyzABCDEFXYZ.-_+=/% ";
        match self.roll(8) {
            0 => char::from_u32(u32::try_from(self.roll(0x11_0000)).expect("21 bits")).unwrap_or('\u{fffd}'),
            _ => char::from(USUAL[self.roll(USUAL.len())]),
        }
    }

    /// A cursor, broken in one to four places.
    fn broken(&mut self, given: &[String]) -> String {
        let mut text: Vec<char> = given[self.roll(given.len())].chars().collect();
        for _ in 0..=self.roll(4) {
            let at = self.roll(text.len() + 1);
            match self.roll(5) {
                0 if at < text.len() => text[at] = self.letter(),
                1 => text.truncate(at),
                2 if at < text.len() => drop(text.remove(at)),
                3 => {
                    let other = &given[self.roll(given.len())];
                    text.splice(at..at, other.chars());
                }
                _ => text.insert(at, self.letter()),
            }
        }
        text.into_iter().collect()
    }
}

/// The paths of all lists that take a cursor, as the document tells.
fn lists() -> Vec<String> {
    let document = serde_json::to_value(plenum_rest::document()).expect("a document");
    let paths = document["paths"].as_object().expect("paths").clone();
    let takes_cursor = |path: &Value| {
        let parameters = path["get"]["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|parameter| parameter["name"] == "cursor")
    };
    paths.into_iter().filter(|(_, path)| takes_cursor(path)).map(|(path, _)| path).collect()
}

/// The query of a cursor, whatever is in it.
fn query(path: &str, cursor: Option<&str>) -> String {
    let encoded = |cursor: &str| cursor.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let search = if path == "/search/messages" { "&q=hello" } else { "" };
    let cursor = cursor.map_or(String::new(), |cursor| format!("&cursor={}", encoded(cursor)));
    format!("{path}?limit=1{search}{cursor}")
}

/// Somebody who may see a list, and the list that they see.
async fn reader(world: &World, cast: &Cast, things: &Things, path: &str) -> (&'static str, Value) {
    for role in ROLES.into_iter().filter(|role| *role != "anonymous") {
        let seen = world.ask(cast.request(role, things, "GET", &query(path, None))).await;
        if seen.status == 200 {
            return (role, seen.json());
        }
    }
    panic!("nobody may see {path}");
}

#[actix_web::test]
async fn broken_cursors_are_refused_or_a_place_in_the_list_and_break_none() {
    let world = World::new();
    let cast = Cast::gather(&world).await;
    let mut dice = Dice(chosen("PLENUM_FUZZ_SEED").unwrap_or(SEED).max(1));
    let mut readers = BTreeMap::new();
    let mut given: Vec<String> = SAVED.map(str::to_owned).to_vec();
    for path in lists() {
        let things = Things::make(&world, &cast, &path).await;
        let (role, page) = reader(&world, &cast, &things, &path).await;
        given.extend(page["nextCursor"].as_str().map(str::to_owned));
        readers.insert(path, (role, things));
    }
    assert!(readers.len() > 25 && given.len() > SAVED.len(), "lists are found, and some of them have cursors");
    let cases = chosen("PLENUM_FUZZ_CASES").map_or(CASES, |cases| cases.div_ceil(readers.len() as u64));
    let (mut accepted, mut refused) = (0, 0);
    for (path, (role, things)) in &readers {
        let broken: Vec<String> = (0..cases).map(|_| dice.broken(&given)).collect();
        for cursor in given.iter().chain(&broken) {
            let seen = world.ask(cast.request(role, things, "GET", &query(path, Some(cursor)))).await;
            match seen.status {
                200 => accepted += 1,
                422 => {
                    refused += 1;
                    assert_eq!(seen.json()["errors"][0]["field"], "cursor", "{path} {cursor:?}");
                }
                status => panic!("{path} {cursor:?}: {status} {}", String::from_utf8_lossy(&seen.body)),
            }
        }
    }
    assert!(accepted > 100 && refused > 1_000, "both sides are reached: {accepted}, {refused}");
}
