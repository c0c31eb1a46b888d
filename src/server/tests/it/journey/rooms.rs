//! A rush for the places of rooms, over HTTP: never one too many, also when the server is killed in the middle.

use super::market::{ask, kill_in_the_rush, rush};
use crate::socket::program::Program;
use crate::socket::world::{Person, World};
use plenum_schema::UserId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const PEOPLE: usize = 2_000;
const PLACES: [usize; 2] = [50, 30];
const SETTINGS: &[&str] = &["http.address_rate.per_second=0.0", "http.caller_rate.per_second=0.0"];

/// Rooms with so many places, one of which is their owner's.
fn make_rooms(at: SocketAddr, owner: &Person) -> Vec<String> {
    let make = |places: usize| {
        let body = json!({ "name": format!("{places} places"), "roomType": "public", "maxParticipants": places });
        let (status, made) = ask(at, owner, "POST", "/api/rooms", "", &body).unwrap();
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    PLACES.map(make).to_vec()
}

fn join(at: SocketAddr, who: &Person, room: &str) -> Option<(u16, Value)> {
    ask(at, who, "POST", &format!("/api/rooms/{room}/join"), "", &json!({}))
}

fn members(at: SocketAddr, owner: &Person, room: &str) -> BTreeSet<UserId> {
    let path = format!("/api/rooms/{room}/members?limit=100");
    let (status, page) = ask(at, owner, "GET", &path, "", &Value::Null).unwrap();
    assert_eq!((status, &page["nextCursor"]), (200, &Value::Null), "{page}");
    page["items"].as_array().unwrap().iter().map(|one| one["user"]["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// Each room is full to the last place, of its owner and of those who were told so, and of nobody else.
fn expect_exact(at: SocketAddr, owner: &Person, people: &[Person], rooms: &[String], joined: &[BTreeSet<UserId>]) {
    for ((room, places), told) in rooms.iter().zip(PLACES).zip(joined) {
        let mut wanted = told.clone();
        wanted.insert(owner.user);
        let found = members(at, owner, room);
        assert_eq!((found.len(), &found), (places, &wanted));
        let (_, seen) = ask(at, owner, "GET", &format!("/api/rooms/{room}"), "", &Value::Null).unwrap();
        assert_eq!(seen["memberCount"], json!(places), "{seen}");
    }
    // Who was sent away has nothing of it in the own list.
    let is_out = |one: &&Person| joined.iter().all(|told| !told.contains(&one.user));
    for one in people.iter().filter(is_out).take(20) {
        let (_, list) = ask(at, one, "GET", "/api/conversations", "", &Value::Null).unwrap();
        assert_eq!(list["items"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_who_want_the_fifty_and_thirty_places_of_two_rooms_fill_them_exactly() {
    let free = |config: &mut plenum_server::config::Config| config.http.surface.address_rate.per_second = 0.0;
    let world = World::with(free);
    let mut people = world.people(PEOPLE + 1).await;
    let owner = people.remove(0);
    let at = world.address();
    let rooms = make_rooms(at, &owner);
    let joined: [Mutex<BTreeSet<UserId>>; 2] = Default::default();
    rush(2 * PEOPLE, |number| {
        // Half of them begin with the one, half with the other.
        let (who, which) = (&people[number % PEOPLE], (number / PEOPLE + number) % 2);
        match join(at, who, &rooms[which]).unwrap() {
            (200, _) => drop(joined[which].lock().unwrap().insert(who.user)),
            (409, problem) => assert_eq!(problem["errors"][0]["field"], "maxParticipants", "{problem}"),
            other => panic!("{other:?}"),
        }
    });
    let joined = joined.map(|told| told.into_inner().unwrap());
    expect_exact(at, &owner, &people, &rooms, &joined);
    let world = world.restarted(free).await;
    expect_exact(world.address(), &owner, &people, &rooms, &joined);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_rooms_fill_up_has_let_nobody_in_too_many_and_forgotten_nobody() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let mut people = world.people(PEOPLE + 1).await;
    let owner = people.remove(0);
    let rooms = make_rooms(world.address(), &owner);
    world.end().await;
    let joined: [Mutex<BTreeSet<UserId>>; 2] = Default::default();
    let enter = |at: SocketAddr, number: usize| {
        let (who, which) = (&people[number % PEOPLE], number % 2);
        let answer = join(at, who, &rooms[which])?;
        if answer.0 == 200 {
            joined[which].lock().unwrap().insert(who.user);
        }
        Some(answer)
    };
    // Each round goes on behind those who were answered before.
    kill_in_the_rush(data.path(), SETTINGS, 300, &enter);
    let program = Program::start(data.path(), SETTINGS);
    let (at, deadline) = (program.address, Instant::now() + Duration::from_secs(120));
    rush(PEOPLE, |number| {
        loop {
            assert!(Instant::now() < deadline, "no answer for good");
            match enter(at, number) {
                Some((200 | 409, _)) => return,
                Some((503, _)) | None => std::thread::yield_now(),
                Some(other) => panic!("{other:?}"),
            }
        }
    });
    expect_exact(at, &owner, &people, &rooms, &joined.map(|told| told.into_inner().unwrap()));
    program.terminate();
}
