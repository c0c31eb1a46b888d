//! Copying a store: everything arrives, twice changes nothing, an interrupted copy goes on, and a difference is found.

use crate::socket::peer::{BOTH, send};
use crate::socket::world::World;
use bytes::Bytes;
use plenum_actors::store::{Appended, Direction, Entry, Mutation, SharedStore, Snapshot, StoreError};
use plenum_providers::{DepotConfig, Objects};
use plenum_schema::entities::{Image, KeyRingRow, Membership};
use plenum_schema::table::Entity;
use plenum_schema::{AggregateKind, ConversationId, EntryId, ImageId, LogId, Offset, RefusalCode, UserId};
use plenum_server::serve::Given;
use plenum_server::transfer::{
    Frozen, Patience, Pictures, Target, Totals, TransferError, Watch, begin, copy, copy_images, finish, first_content,
    start, totals, unfinished, verify,
};
use plenum_services::depot::Depot;
use plenum_store::{Embedded, EmbeddedConfig};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

fn open(path: &std::path::Path) -> SharedStore {
    Embedded::open(EmbeddedConfig { min_free_bytes: 1 << 20, ..EmbeddedConfig::at(path) }).unwrap()
}

fn log(number: u128) -> LogId {
    LogId { kind: AggregateKind::Conversation, id: Uuid::from_u128(number) }
}

fn entries(log: LogId, after: Offset, count: u64) -> Vec<Entry> {
    let one = |offset: u64| Entry {
        id: EntryId(Uuid::from_u128(log.id.as_u128() << 64 | u128::from(offset))),
        payload: Bytes::from(vec![7; 1 + (offset as usize * 37) % 900]),
    };
    (after + 1..=after + count).map(one).collect()
}

async fn append(store: &SharedStore, log: LogId, after: Offset, count: u64, digest: Option<&'static str>) {
    let answer = store.append(log, after, entries(log, after, count), digest.map(Bytes::from)).await;
    assert_eq!(answer, Ok(Appended::Done(after + count)));
}

/// Logs with and without a digest of their end, a snapshot, a trimmed one, an empty table and a full one.
async fn fill(store: &SharedStore) {
    for number in 1..=5 {
        let log = log(number);
        for after in (0..700).step_by(50) {
            append(store, log, after, 50, (after == 300).then_some("of 350")).await;
        }
    }
    append(store, log(1), 700, 3, Some("of the end")).await;
    store.save_snapshot(log(2), Snapshot { offset: 600, state: Bytes::from_static(b"state") }).await.unwrap();
    store.trim(log(3), 620).await.unwrap();
    for number in 1..=1_200 {
        let row = Membership {
            user_id: UserId(Uuid::from_u128(number % 7)),
            conversation_id: ConversationId(Uuid::from_u128(number)),
            since: 5,
        };
        store.write(Membership::TABLE, vec![Mutation::Put(row.to_row())]).await.unwrap();
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn everything_arrives_with_its_offsets_and_a_second_copy_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (open(&directory.path().join("from")), open(&directory.path().join("to")));
    run(async {
        fill(&from).await;
        let mut told = 0;
        let copied = copy(&from, &to, |_| told += 1, &Patience::none()).await.unwrap();
        assert_eq!((copied.logs, copied.rows), (5, 1_200));
        assert_eq!(copied.entries, 4 * 700 + 3 + 80);
        assert!(told >= 2);
        assert_eq!(verify(&from, &to, &Patience::none()).await.unwrap(), copied);
        for number in 1..=5 {
            assert_eq!(to.head(log(number)).await, from.head(log(number)).await);
        }
        let found = to.find(log(2), vec![entries(log(2), 0, 600)[599].id]).await.unwrap();
        assert_eq!(found, [Some(600)]);
        assert_eq!(copy(&from, &to, |_| {}, &Patience::none()).await.unwrap(), copied);
        assert_eq!(totals(&to, &Patience::none()).await.unwrap(), copied);
    });
}

#[test]
fn a_copy_that_was_interrupted_goes_on_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (open(&directory.path().join("from")), open(&directory.path().join("to")));
    run(async {
        fill(&from).await;
        append(&to, log(1), 0, 100, None).await;
        append(&to, log(4), 0, 1, None).await;
        copy(&from, &to, |_| {}, &Patience::none()).await.unwrap();
        verify(&from, &to, &Patience::none()).await.unwrap();
        let all = to.read(log(1), 0, Direction::Forward, 1_000, 1 << 30).await.unwrap();
        assert_eq!(all.len(), 703);
    });
}

#[test]
fn a_target_with_other_content_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (open(&directory.path().join("from")), open(&directory.path().join("to")));
    run(async {
        fill(&from).await;
        append(&to, log(9), 0, 1, None).await;
        copy(&from, &to, |_| {}, &Patience::none()).await.unwrap();
        assert!(matches!(verify(&from, &to, &Patience::none()).await, Err(TransferError::Unequal { .. })));
        append(&to, log(5), 700, 1, None).await;
        assert!(matches!(copy(&from, &to, |_| {}, &Patience::none()).await, Err(TransferError::Differs { .. })));
    });
}

#[test]
fn the_bytes_of_images_arrive_are_compared_with_their_hashes_and_what_is_nowhere_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("to"));
    let at = |name: &str| Objects::open(&DepotConfig::default(), &directory.path().join(name)).unwrap();
    let (from, to) = (at("source"), at("target"));
    run(async {
        for number in 1..=40 {
            let bytes = Bytes::from(vec![u8::try_from(number).unwrap(); 100]);
            let image = image(number, &bytes);
            // Of one there are no bytes at all; those of others are damaged, cut off, gone.
            let bytes = match number {
                7 => Bytes::from_static(&[0; 100]),
                8 => bytes.slice(..40),
                9 => Bytes::new(),
                _ => bytes,
            };
            if number != 3 {
                from.put(image.image_id.into(), bytes).await.unwrap();
            }
            store.write(Image::TABLE, vec![Mutation::Put(image.to_row())]).await.unwrap();
        }
        let none = Patience::none();
        let nothing = copy_images(&store, None, &to, &none).await.unwrap();
        assert_eq!((nothing.whole, nothing.lost), (0, 40), "nothing was copied yet");
        let copied = copy_images(&store, Some(&from), &to, &none).await.unwrap();
        assert_eq!(copied, Pictures { whole: 36, bytes: 3_600, lost: 4 });
        // One is cut off in the target: it is copied again.
        to.put(ImageId(Uuid::from_u128(1)).into(), Bytes::from_static(&[1; 30])).await.unwrap();
        assert_eq!(copy_images(&store, Some(&from), &to, &none).await.unwrap(), copied);
        // The target alone has them now: a second time there is nothing to do, also without the source.
        assert_eq!(copy_images(&store, None, &to, &none).await.unwrap(), copied);
    });
}

fn image(number: u128, bytes: &Bytes) -> Image {
    Image {
        image_id: ImageId(Uuid::from_u128(number)),
        owner: UserId(Uuid::from_u128(1)),
        purpose: "avatar".into(),
        subject: "1".into(),
        kind: "image/webp".into(),
        length: i64::try_from(bytes.len()).unwrap(),
        width: 1,
        height: 1,
        digest: Bytes::copy_from_slice(&Sha256::digest(bytes)),
        secret: Bytes::new(),
        created_at: 0,
    }
}

#[tokio::test]
async fn while_a_store_is_copied_its_people_read_and_are_told_to_send_later() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let world = World::at(source.path(), |_| {});
    let people = world.people(2).await;
    let topic = world.group(&people.iter().collect::<Vec<_>>());
    let mut peer = world.peer(BOTH[0], &people[0]).await;
    for number in 0..30 {
        peer.say(topic, &format!("text {number}")).await;
    }
    let before = peer.whole_history(topic).await;
    drop(peer);
    world.end().await;

    let (from, to) = (open(&source.path().join("store")), open(&target.path().join("store")));
    let world = World::on(Given { store: Some(Frozen::over(from.clone())), ..Given::default() }, source.path(), |_| {});
    let first = copy(&from, &to, |_| {}, &Patience::none()).await.unwrap();
    for (codec, person) in BOTH.into_iter().zip(&people) {
        let mut peer = world.peer(codec, person).await;
        assert_eq!(peer.whole_history(topic).await, before);
        peer.subscribe(topic, Some(1)).await;
        assert_eq!(peer.expect_caught_up().await.2, before.last().unwrap().offset);
        let id = peer.push(send(topic, Some("later"), "not now")).await;
        let refusal = peer.answer(id).await.unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Unavailable);
        assert!(refusal.retry_after_ms.is_some());
    }
    world.end().await;
    assert_eq!(verify(&from, &to, &Patience::none()).await.unwrap(), first, "nothing has changed in the source");
}

#[test]
fn a_target_that_is_reached_by_the_program_has_everything_when_the_program_ends() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(&source.path().join("store"));
    run(fill(&from));
    drop(from);
    let [from, to] = [source.path(), target.path()].map(|path| path.to_str().unwrap());
    let settings = ["--set", "http.listen=127.0.0.1:0", "--set", "operations.listen=127.0.0.1:0"];
    let arguments = [&["import", "--from", from, "--serve", "--data", to][..], &settings].concat();
    let output = crate::program::run(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("can be read meanwhile"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("verified: 5 logs"), "{output:?}");
    let (from, to) = (open(&source.path().join("store")), open(&target.path().join("store")));
    assert_eq!(run(totals(&from, &Patience::none())).unwrap(), run(totals(&to, &Patience::none())).unwrap());
}

#[test]
fn a_target_is_marked_until_the_copy_is_whole_and_one_with_content_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (open(&directory.path().join("from")), open(&directory.path().join("to")));
    run(async {
        fill(&from).await;
        let source = totals(&from, &Patience::none()).await.unwrap();
        assert_eq!(begin(&from, 7, &source).await, Ok(Target::Holds(log(1).to_string())), "it has content");
        assert_eq!(unfinished(&from).await, Ok(None));
        // A server has been there, which makes its signing keys at once.
        let ring = KeyRingRow { name: "tokens".to_owned(), ring: "{}".to_owned(), version: 1 };
        to.write(KeyRingRow::TABLE, vec![Mutation::Put(ring.to_row())]).await.unwrap();
        assert_eq!(begin(&to, 7, &source).await, Ok(Target::Begun { had_server: true }));
        assert!(to.sweep(KeyRingRow::TABLE, None, 1).await.unwrap().is_empty(), "keys that signed for nobody");
        // As if the import had been killed between its mark and the keys.
        to.write(KeyRingRow::TABLE, vec![Mutation::Put(ring.to_row())]).await.unwrap();
        let again = begin(&to, 9, &source).await;
        assert_eq!(again, Ok(Target::Begun { had_server: true }), "the server may still be there: it is waited for");
        assert!(to.sweep(KeyRingRow::TABLE, None, 1).await.unwrap().is_empty(), "and its keys are none");
        to.write(KeyRingRow::TABLE, vec![Mutation::Put(ring.to_row())]).await.unwrap();
        start(&to).await.unwrap();
        assert!(to.sweep(KeyRingRow::TABLE, None, 1).await.unwrap().is_empty(), "nor those that it made meanwhile");
        to.write(KeyRingRow::TABLE, vec![Mutation::Put(ring.to_row())]).await.unwrap();
        assert_eq!(begin(&to, 9, &source).await, Ok(Target::GoesOn));
        assert!(to.sweep(KeyRingRow::TABLE, None, 1).await.unwrap().is_empty(), "also when it goes on");
        assert_eq!(begin(&to, 9, &Totals::default()).await, Ok(Target::Other), "another source");
        assert_eq!(unfinished(&to).await, Ok(Some(7)));
        let copied = copy(&from, &to, |_| {}, &Patience::none()).await.unwrap();
        assert_eq!(verify(&from, &to, &Patience::none()).await.unwrap(), copied, "keys and marks are no content");
        finish(&to).await.unwrap();
        assert_eq!(unfinished(&to).await, Ok(None));
    });
}

#[test]
fn a_server_on_a_store_into_which_an_import_begins_writes_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let shared = open(&directory.path().join("shared"));
    run(async {
        let (served, watch) = Watch::over(&shared, Duration::from_millis(5));
        let watching = tokio::spawn(watch.clone().run());
        let ring = KeyRingRow { name: "tokens".to_owned(), ring: "{}".to_owned(), version: 1 };
        served.write(KeyRingRow::TABLE, vec![Mutation::Put(ring.to_row())]).await.unwrap();
        assert_eq!(begin(&shared, 7, &Totals::default()).await, Ok(Target::Begun { had_server: true }));
        tokio::time::timeout(Duration::from_secs(20), watch.begun()).await.expect("it is seen");
        watching.await.unwrap();
        let refused = served.append(log(1), 0, entries(log(1), 0, 1), None).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert_eq!(first_content(&shared).await, Ok(None));
    });
}

/// The program with a data directory, and what it said.
fn program(command: &[&str], data: &str) -> (bool, String) {
    let settings = ["--data", data, "--set", "http.listen=127.0.0.1:0", "--set", "operations.listen=127.0.0.1:0"];
    let output = crate::program::run(&[command, &settings[..]].concat());
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.success(), said)
}

#[test]
fn nothing_uses_a_store_into_which_an_import_is_not_finished() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(&source.path().join("store"));
    run(fill(&from));
    drop(from);
    let to = open(&target.path().join("store"));
    run(async {
        let source = totals(&open(&source.path().join("store")), &Patience::none()).await.unwrap();
        assert_eq!(begin(&to, 1_700_000_000_000, &source).await, Ok(Target::Begun { had_server: false }));
        start(&to).await.unwrap();
        append(&to, log(1), 0, 100, None).await;
    });
    drop(to);
    let [from, data] = [source.path(), target.path()].map(|path| path.to_str().unwrap());
    let conversation = log(1).id.to_string();
    for command in [&["serve"][..], &["export", &conversation], &["user", "list"]] {
        let (done, said) = program(command, data);
        assert!(!done && said.contains("begun at 2023-11-14T22:13:20Z and is not finished"), "{command:?}: {said}");
    }
    let (done, said) = program(&["import", "--from", from, "--verify-only"], data);
    assert!(!done && said.contains("the import is not finished: source and target differ"), "{said}");
    // Another source.
    let stranger = tempfile::tempdir().unwrap();
    let store = open(&stranger.path().join("store"));
    run(append(&store, log(8), 0, 1, None));
    drop(store);
    let other = stranger.path().to_str().unwrap();
    let (done, said) = program(&["import", "--from", other], data);
    assert!(!done && said.contains("another data directory"), "{said}");
    let (done, said) = program(&["import", "--from", from], data);
    assert!(done && said.contains("it goes on") && said.contains("verified: 5 logs"), "{said}");
    let (done, said) = program(&["import", "--from", from], data);
    assert!(done && said.contains("comparing") && said.contains("verified: 5 logs"), "a second time: {said}");
    let (done, said) = program(&["import", "--from", data, "--verify-only"], from);
    assert!(done && said.contains("verified: 5 logs"), "{said}");
    let (done, said) = program(&["import", "--from", other], data);
    assert!(!done && said.contains("the target already holds"), "{said}");
}
