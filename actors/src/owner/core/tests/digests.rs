//! The stored summary of a busy log and of a quiet one.

use super::driver::{ALICE, Bench};
use crate::aggregates::conversation::{Change, Command, Target};

fn busy() -> Bench {
    Bench::created_with(|config| config.digest_every_ms = 1_000)
}

#[test]
fn a_lone_append_carries_the_summary() {
    let mut bench = busy();
    assert_eq!(bench.digest_at, 1);
    bench.pass(1_000);
    bench.send("x", None);
    assert_eq!(bench.digest_at, 2);
}

#[test]
fn a_burst_writes_the_summary_once_and_once_more_when_it_is_over() {
    let mut bench = busy();
    for _ in 0..20 {
        bench.send("x", None);
    }
    assert_eq!(bench.digest_at, 1, "within a second of the last one it is not written again");
    bench.pass(999);
    assert_eq!(bench.digest_at, 1);
    bench.pass(1);
    assert_eq!((bench.digest_at, bench.log.len()), (21, 21));
}

#[test]
fn a_start_after_a_crash_brings_the_summary_up_to_the_log() {
    let mut bench = busy();
    bench.send("x", None);
    bench.restart();
    bench.pass(0);
    assert_eq!(bench.digest_at, 2);
}

#[test]
fn an_owner_that_ends_leaves_no_old_summary_behind() {
    let mut bench = busy();
    bench.send("x", None);
    bench.feed(crate::owner::core::Input::Drain);
    assert_eq!((bench.digest_at, bench.passivated), (2, 1));
}

#[test]
fn an_owner_that_shall_end_does_so_when_the_store_refuses_its_last_words() {
    let mut bench = busy();
    bench.send("x", None);
    bench.snapshots_fail = true;
    let failure = crate::store::StoreError::Unavailable("down".into());
    bench.fates = vec![super::driver::Fate::Fails(failure); 100].into();
    bench.feed(crate::owner::core::Input::Rest);
    assert_eq!((bench.passivated, bench.fates.len()), (1, 99), "it is tried once");
    bench.fates.clear();
    let ticket = bench.send("y", None);
    bench.pass(50);
    assert_eq!(super::driver::sent_of(&bench, ticket).offset, 3, "a command brings it back");
}

#[test]
fn a_deletion_carries_the_summary_also_in_the_middle_of_a_burst() {
    let mut bench = busy();
    bench.send("a secret", None);
    assert_eq!(bench.digest_at, 1);
    let target = Target {
        offset: 2,
        id: plenum_schema::EntryId(uuid::Uuid::from_u128(2)),
        author: ALICE,
        at: 0,
        kind: plenum_schema::ContentKind::Text,
        as_of: 0,
        revision: 0,
        is_deleted: false,
        is_so: false,
        kinds: 0,
        has_kind: false,
        reactions: 0,
    };
    bench.command(Command::Change { by: ALICE, client_ref: None, change: Change::Delete, target });
    assert_eq!((bench.digest_at, bench.log.len()), (3, 3));
}
