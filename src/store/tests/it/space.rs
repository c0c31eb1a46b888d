//! A full disk: refused honestly, nothing acknowledged lost, and back by itself when space returns. Each test is made with limits that
//! everybody may set, and on a small disk of its own where mounting is allowed.

use crate::child;
use crate::limits;
use crate::place::{append, entry, log, parts, quick, until, whole};
use bytes::Bytes;
use plenum_actors::store::{Appended, Entry, Store, StoreError};
use plenum_schema::log::LogId;
use plenum_store::embedded::Parts;
use plenum_store::{Embedded, EmbeddedConfig};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const MIB: u64 = 1 << 20;

/// A store on a small disk of its own.
fn small_disk(mib: u64, change: impl FnOnce(&mut EmbeddedConfig)) -> Option<(Arc<Embedded>, Parts, EmbeddedConfig)> {
    let directory = child::directory()?;
    child::mount(&["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"], &directory);
    let mut config = quick(directory.join("store"));
    change(&mut config);
    let parts = parts(None);
    Some((Embedded::open_with(config.clone(), parts.clone()).unwrap(), parts, config))
}

/// Fills the disk but for about this much. It is never fuller on the way: what the store writes meanwhile must not fail.
fn fill(directory: &Path, leave: u64) {
    let mut file = File::create(directory.join("ballast")).unwrap();
    let free = || rustix::fs::statvfs(directory).map(|disk| disk.f_bavail * disk.f_frsize).unwrap();
    while free() > leave && file.write_all(&[1; 4_096]).is_ok() {}
}

/// Appends until something else than an acknowledgement comes; keeps what was acknowledged.
pub fn append_until_refused(store: &Embedded, log: LogId, acked: &mut Vec<Entry>) -> Result<Appended, StoreError> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        assert!(Instant::now() < deadline, "the disk does not fill");
        let next = Entry { payload: Bytes::from(vec![acked.len() as u8; 20_000]), ..entry("") };
        match append(store, log, acked.len() as u64, next.clone()) {
            Ok(Appended::Done(_)) => acked.push(next),
            other => return other,
        }
    }
}

/// Every acknowledged entry is there, with at most the one of unknown outcome behind; the length.
pub fn check(store: &Embedded, log: LogId, acked: &[Entry]) -> u64 {
    let stored = whole(store, log);
    assert!(stored.len() == acked.len() || stored.len() == acked.len() + 1);
    for (entry, (id, payload)) in acked.iter().zip(&stored) {
        assert_eq!((&entry.id, &entry.payload), (id, payload));
    }
    stored.len() as u64
}

pub fn goes_on(store: Arc<Embedded>, config: EmbeddedConfig, log: LogId, acked: &[Entry]) {
    let length = check(&store, log, acked);
    assert_eq!(append(&store, log, length, entry("after")), Ok(Appended::Done(length + 1)));
    drop(store);
    assert_eq!(whole(&Embedded::open(config).unwrap(), log).len() as u64, length + 1);
}

#[test]
#[ignore = "the child process of the full-disk test"]
fn child_meets_a_full_disk_in_the_journal() {
    let Some((store, parts, config)) = small_disk(48, |config| config.min_free_bytes = 0) else { return };
    let (log, mut acked) = (log(), Vec::new());
    for number in 0..50 {
        let next = entry(&number.to_string());
        assert_eq!(append(&store, log, number, next.clone()), Ok(Appended::Done(number + 1)));
        acked.push(next);
    }
    fill(&config.path, 200_000);
    assert_eq!(append_until_refused(&store, log, &mut acked), Ok(Appended::Unknown));
    let refused = append(&store, log, acked.len() as u64, entry("refused"));
    assert!(matches!(refused, Err(StoreError::Unavailable(_) | StoreError::Full(_))), "{refused:?}");
    assert!(store.health().is_err());
    assert_eq!(parts.metrics.failures.get(), 1);
    assert_eq!(whole(&store, log).len(), acked.len(), "reads go on");
    std::fs::remove_file(config.path.join("ballast")).unwrap();
    until("the store is back", || store.health().is_ok());
    goes_on(store, config, log, &acked);
}

#[test]
fn a_disk_that_fills_under_the_journal_loses_nothing_and_the_store_comes_back() {
    child::run_limited("limits::child_meets_a_limit_in_the_journal");
    child::run_where_mounting_is_allowed("space::child_meets_a_full_disk_in_the_journal");
}

#[test]
#[ignore = "the child process of the full-disk test"]
fn child_meets_a_full_disk_in_its_tables() {
    let change = |config: &mut EmbeddedConfig| {
        config.min_free_bytes = 0;
        config.log_memtable_bytes = MIB;
        config.memtable_bytes = MIB;
    };
    let Some((store, _, config)) = small_disk(24, change) else { return };
    let (log, mut acked) = (log(), Vec::new());
    let refused = append_until_refused(&store, log, &mut acked);
    println!("after {} entries: {refused:?}", acked.len());
    assert!(store.health().is_err());
    child::mount(&["-o", "remount,size=512m"], config.path.parent().unwrap());
    until("the store is back", || store.health().is_ok());
    goes_on(store, config, log, &acked);
}

#[test]
fn a_disk_filled_by_the_store_itself_loses_nothing_and_the_store_comes_back() {
    child::run_limited("limits::child_meets_a_limit_in_its_tables");
    child::run_where_mounting_is_allowed("space::child_meets_a_full_disk_in_its_tables");
}

#[test]
#[ignore = "the child process of the full-disk test"]
fn child_meets_the_guard() {
    let Some((store, parts, config)) = small_disk(48, |config| config.min_free_bytes = 8 * MIB) else { return };
    let (log, mut acked) = (log(), Vec::new());
    fill(&config.path, 10 * MIB);
    let refused = append_until_refused(&store, log, &mut acked);
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    assert!(!acked.is_empty());
    assert!(matches!(store.health(), Err(StoreError::Full(_))));
    assert_eq!(check(&store, log, &acked), acked.len() as u64);
    std::fs::remove_file(config.path.join("ballast")).unwrap();
    until("the store is back", || store.health().is_ok());
    assert_eq!(parts.metrics.failures.get(), 0, "nothing failed");
    goes_on(store, config, log, &acked);
}

#[test]
fn too_little_free_space_refuses_before_anything_fails() {
    limits::the_guard_is_met();
    child::run_where_mounting_is_allowed("space::child_meets_the_guard");
}

#[test]
#[ignore = "the child process of the full-disk test"]
fn child_opens_on_a_full_disk() {
    let Some((store, _, config)) = small_disk(48, |config| config.min_free_bytes = 8 * MIB) else { return };
    let log = log();
    append(&store, log, 0, entry("a")).unwrap();
    drop(store);
    fill(&config.path, 0);
    let store = Embedded::open(config.clone()).unwrap();
    until("the full disk is noticed", || matches!(store.health(), Err(StoreError::Full(_))));
    assert_eq!(whole(&store, log).len(), 1);
    std::fs::remove_file(config.path.join("ballast")).unwrap();
    until("the store is back", || store.health().is_ok());
    assert_eq!(append(&store, log, 1, entry("b")), Ok(Appended::Done(2)));
}

#[test]
fn a_store_on_a_full_disk_opens_and_reads() {
    limits::a_full_disk_is_opened();
    child::run_where_mounting_is_allowed("space::child_opens_on_a_full_disk");
}

#[test]
fn a_full_disk_is_told_with_its_place_and_the_setting_that_bounds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Embedded::open(EmbeddedConfig { min_free_bytes: 1 << 60, ..quick(path.clone()) }).unwrap();
    until("the full disk is noticed", || matches!(store.health(), Err(StoreError::Full(_))));
    let told = store.health().unwrap_err().to_string();
    for part in [path.to_str().unwrap(), "store.min_free_bytes", "free some"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}
