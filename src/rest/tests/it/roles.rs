//! Every route for every kind of caller, about things that are theirs and things that are not: what stands in `roles/table.txt`.
//!
//! A route without a row fails, and so does a row without a route. `UPDATE=1` writes the table as the routes answer: read the difference
//! before you believe it. The things are the owner's: for the owner they are own, for all others foreign; the member was let into them.
//!
//! | sign | answer |
//! |---|---|
//! | `+` | done, or refused for another reason than who asks (409, 410, 412) |
//! | `1` | 401: who asks is not known |
//! | `3` | 403: who asks may not |
//! | `4` | 404: who asks may not know that it is there |
//! | `!` | 400, 415, 422: something else is wrong first |

pub mod things;

use crate::world::{Seen, World};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use things::{Cast, ROLES, Things};

fn table_file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "it", "roles", "table.txt"].iter().collect()
}

/// Method and path → one sign for each role.
fn table() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(table_file()).unwrap_or_default();
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    rows.map(|line| {
        let mut words = line.split_whitespace();
        let route = [words.next(), words.next()].map(Option::unwrap_or_default).join(" ");
        (route, words.collect::<Vec<_>>().join(" "))
    })
    .collect()
}

fn sign(seen: &Seen) -> char {
    match seen.status {
        401 => '1',
        403 => '3',
        404 => '4',
        400 | 415 | 422 => '!',
        200..=399 | 409 | 410 | 412 => '+',
        other => panic!("{other}: {}", String::from_utf8_lossy(&seen.body)),
    }
}

/// The answers of one route to every role, each about things that nobody has changed before.
async fn answers(world: &World, cast: &Cast, method: &str, path: &str) -> String {
    let mut things: Option<Things> = None;
    let mut signs = Vec::new();
    for role in ROLES {
        let about = match things.take() {
            Some(things) => things,
            None => Things::make(world, cast, path).await,
        };
        if path.contains("verify") {
            // All of them try a code at the same door, which is open to so many in a time.
            world.clock.advance(2);
        }
        let seen = world.ask(cast.request(role, &about, method, path)).await;
        let sign = sign(&seen);
        let text = String::from_utf8_lossy(&seen.body);
        assert!(sign == '+' || !text.contains(things::SECRET), "{method} {path} tells {role}: {text}");
        if sign != '+' || method == "GET" {
            things = Some(about);
        }
        signs.push(sign.to_string());
    }
    signs.join(" ")
}

#[actix_web::test]
async fn every_route_answers_every_kind_of_caller_as_the_table_says() {
    let world = World::new();
    let cast = Cast::gather(&world).await;
    let (wanted, mut found, mut wrong) = (table(), BTreeMap::new(), String::new());
    for route in plenum_rest::listed() {
        let name = format!("{} {}", route.method, route.path);
        let ends_something = ["/auth/logout", "/auth/change-password"].contains(&route.path.as_str());
        let doomed = if ends_something { Some(Cast::gather(&world).await) } else { None };
        let answered = answers(&world, doomed.as_ref().unwrap_or(&cast), route.method, &route.path).await;
        if wanted.get(&name) != Some(&answered) {
            let expected = wanted.get(&name).map_or("no row", String::as_str);
            let _written = writeln!(wrong, "{name}: {answered}, the table says: {expected}");
        }
        found.insert(name, answered);
    }
    if std::env::var_os("UPDATE").is_some() {
        write_table(&found);
        return;
    }
    assert!(wrong.is_empty(), "{}\n{wrong}", ROLES.join(" "));
    let routes: BTreeSet<&String> = found.keys().collect();
    let stale: Vec<&String> = wanted.keys().filter(|row| !routes.contains(row)).collect();
    assert!(stale.is_empty(), "rows without a route: {stale:?}");
}

fn write_table(found: &BTreeMap<String, String>) {
    let mut text = format!("# What each route answers to: {}. See roles.rs.\n", ROLES.join(", "));
    for (name, signs) in found {
        let (method, path) = name.split_once(' ').expect("two words");
        let _written = writeln!(text, "{method:<6} {path:<62} {signs}");
    }
    std::fs::write(table_file(), text).expect("the table");
}

#[test]
fn nobody_without_a_token_gets_past_a_route_that_needs_one_in_the_table() {
    let table = table();
    // They are open, and take another token in their bodies.
    let refreshing = |path: &str| path.starts_with("/auth/refresh");
    for route in plenum_rest::listed().into_iter().filter(|one| !refreshing(&one.path)) {
        let row = &table[&format!("{} {}", route.method, route.path)];
        let anonymous = row.split(' ').next();
        assert_eq!(anonymous == Some("1"), route.needs_token, "{} {}: {row}", route.method, route.path);
    }
}
