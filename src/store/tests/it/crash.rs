//! Killing the process at any instant loses nothing acknowledged.

use crate::place::{quick, run, whole};
use crate::{child, place::Place};
use bytes::Bytes;
use plenum_actors::store::{Appended, Entry, Snapshot, Store};
use plenum_schema::EntryId;
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_store::Embedded;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::sync::Arc;
use uuid::Uuid;

const KILLS: u32 = 20;
const LOGS: u128 = 4;
const TASKS_EACH: usize = 6;

fn log(number: u128) -> LogId {
    LogId { kind: AggregateKind::Conversation, id: Uuid::from_u128(number) }
}

/// The content an entry must have, of varying length.
fn content(id: EntryId) -> Bytes {
    let length = 1 + id.0.as_u128() as usize % 40;
    Bytes::from(format!("{id} ").repeat(length))
}

/// Appends for ever, beside others on the same log, and reports each acknowledgement.
async fn append_for_ever(store: Arc<Embedded>, number: u128) {
    let mut head = 0;
    loop {
        let id = EntryId(Uuid::new_v4());
        loop {
            let entry = Entry { id, payload: content(id) };
            match store.append(log(number), head, vec![entry], Some(Bytes::from(head.to_string()))).await.unwrap() {
                Appended::Done(offset) => {
                    println!("ACK {number} {offset} {}", id.0);
                    head = offset;
                    break;
                }
                Appended::Conflict(actual) => head = actual,
                Appended::Unknown => unreachable!("nothing fails here"),
            }
        }
    }
}

#[test]
#[ignore = "the child process of the crash test"]
fn child_appends_until_it_is_killed() {
    let Some(directory) = child::directory() else { return };
    let store = Embedded::open(quick(directory)).unwrap();
    println!("OPEN");
    run(async {
        let tasks = (1..=LOGS).flat_map(|number| (0..TASKS_EACH).map(move |_| number));
        futures_util::future::join_all(tasks.map(|number| append_for_ever(store.clone(), number))).await;
    });
}

/// Starts a child, kills it after this many acknowledgements, and notes everything it reported.
fn crash_after(directory: &std::path::Path, acks: u32, noted: &mut HashMap<(u128, Offset), EntryId>) {
    let mut child = child::command("crash::child_appends_until_it_is_killed", directory).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut left = acks;
    for line in lines.map_while(Result::ok) {
        if line == "OPEN" && left == 0 {
            child.kill().unwrap();
        }
        let Some(rest) = line.strip_prefix("ACK ") else { continue };
        let words: Vec<_> = rest.split(' ').collect();
        // The last line may be cut off.
        let [number, offset, id] = words[..] else { continue };
        let Ok(id) = Uuid::parse_str(id) else { continue };
        noted.insert((number.parse().unwrap(), offset.parse().unwrap()), EntryId(id));
        left = left.saturating_sub(1);
        if left == 0 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
}

#[test]
fn twenty_kills_at_random_instants_lose_nothing_acknowledged() {
    let place = Place::new();
    let directory = place.config().path;
    let seed = Uuid::new_v4().as_u128();
    println!("seed {seed}");
    let mut noted = HashMap::new();
    for kill in 0..KILLS {
        let acks = (seed >> (kill * 5)) as u32 % 1_500;
        crash_after(&directory, if kill % 7 == 3 { 0 } else { acks }, &mut noted);
        let store = Embedded::open(quick(directory.clone())).unwrap();
        let logs: HashMap<_, _> = (1..=LOGS).map(|number| (number, whole(&store, log(number)))).collect();
        for ((number, offset), id) in &noted {
            let (stored, payload) = &logs[number][usize::try_from(*offset).unwrap() - 1];
            assert_eq!((stored, payload), (id, &content(*id)), "log {number} offset {offset} after kill {kill}");
        }
        for (number, entries) in &logs {
            let head = run(store.head(log(*number))).unwrap();
            assert_eq!(head.offset, entries.len() as u64);
            assert!(entries.iter().all(|(id, payload)| *payload == content(*id)));
            let ids: Vec<_> = entries.iter().map(|(id, _)| *id).collect();
            let snapshot = Snapshot { offset: head.offset, state: Bytes::new() };
            run(store.save_snapshot(log(*number), snapshot)).unwrap();
            let places = run(store.find(log(*number), ids)).unwrap();
            assert!(places.iter().zip(1..).all(|(place, offset)| *place == Some(offset)));
        }
    }
    println!("{} acknowledged entries checked", noted.len());
    assert!(noted.len() > 1_000);
}
