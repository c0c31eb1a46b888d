//! A full disk where nobody may mount a small one: the kernel refuses writes beyond a limit of the process, which whoever has it may set, and
//! what is free is acted out. Called by the tests of `space`.

use crate::child;
use crate::place::{Place, append, entry, log, parts, quick, until, whole};
use crate::space::{MIB, append_until_refused, check, goes_on};
use plenum_actors::store::{Appended, Store, StoreError};
use plenum_store::embedded::{CommitHook, Parts};
use plenum_store::{Embedded, EmbeddedConfig};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PLENTY: u64 = 1 << 40;
/// What a commit takes from the disk.
const A_COMMIT: u64 = 20_000;

/// A disk of which each commit takes a part.
struct Disk {
    free: AtomicU64,
}

impl Disk {
    fn with(free: u64) -> Arc<Self> {
        Arc::new(Self { free: AtomicU64::new(free) })
    }

    fn has(&self, free: u64) {
        self.free.store(free, Ordering::SeqCst);
    }

    fn open(self: &Arc<Self>, config: &EmbeddedConfig) -> (Arc<Embedded>, Parts) {
        let parts = parts(Some(self.clone()));
        (Embedded::open_with(config.clone(), parts.clone()).unwrap(), parts)
    }
}

impl CommitHook for Disk {
    fn before(&self) -> std::io::Result<()> {
        let take = |free: u64| Some(free.saturating_sub(A_COMMIT));
        let _before = self.free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        Some(self.free.load(Ordering::SeqCst))
    }
}

/// Bounds something of this process; `None`: as it was allowed from the start.
fn bound(resource: Resource, most: Option<u64>) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current: most.or(maximum), maximum }).unwrap();
}

#[test]
#[ignore = "the child process of the full-disk test"]
fn child_meets_a_limit_in_the_journal() {
    let Some(directory) = child::directory() else { return };
    let config = EmbeddedConfig { min_free_bytes: 0, ..quick(directory.join("store")) };
    let disk = Disk::with(PLENTY);
    let (store, parts) = disk.open(&config);
    let (log, mut acked) = (log(), Vec::new());
    for number in 0..50 {
        let next = entry(&number.to_string());
        assert_eq!(append(&store, log, number, next.clone()), Ok(Appended::Done(number + 1)));
        acked.push(next);
    }
    bound(Resource::Fsize, Some(200_000));
    disk.has(0);
    assert_eq!(append_until_refused(&store, log, &mut acked), Ok(Appended::Unknown));
    let refused = append(&store, log, acked.len() as u64, entry("refused"));
    assert!(matches!(refused, Err(StoreError::Unavailable(_) | StoreError::Full(_))), "{refused:?}");
    assert!(store.health().is_err());
    assert_eq!(parts.metrics.failures.get(), 1);
    assert_eq!(whole(&store, log).len(), acked.len(), "reads go on");
    bound(Resource::Fsize, None);
    disk.has(PLENTY);
    until("the store is back", || store.health().is_ok());
    goes_on(store, config, log, &acked);
}

#[test]
#[ignore = "the child process of the full-disk test"]
fn child_meets_a_limit_in_its_tables() {
    let Some(directory) = child::directory() else { return };
    let sizes = EmbeddedConfig { log_memtable_bytes: MIB, memtable_bytes: MIB, ..quick(directory.join("store")) };
    let config = EmbeddedConfig { min_free_bytes: 0, ..sizes };
    let disk = Disk::with(PLENTY);
    let (store, _) = disk.open(&config);
    let (log, mut acked) = (log(), Vec::new());
    // No new file: what is written to those that are open is no table.
    let next = File::open("/dev/null").unwrap().as_raw_fd();
    bound(Resource::Nofile, Some(u64::try_from(next).unwrap()));
    disk.has(0);
    let refused = append_until_refused(&store, log, &mut acked);
    println!("after {} entries: {refused:?}", acked.len());
    assert!(store.health().is_err());
    bound(Resource::Nofile, None);
    disk.has(PLENTY);
    until("the store is back", || store.health().is_ok());
    goes_on(store, config, log, &acked);
}

/// Too little free space refuses before anything fails.
pub fn the_guard_is_met() {
    let place = Place::new();
    let config = EmbeddedConfig { min_free_bytes: 8 * MIB, ..place.config() };
    let disk = Disk::with(10 * MIB);
    let (store, parts) = disk.open(&config);
    let (log, mut acked) = (log(), Vec::new());
    let refused = append_until_refused(&store, log, &mut acked);
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    assert!(!acked.is_empty());
    assert!(disk.free_bytes() > Some(0), "refused with some of the space left");
    assert!(matches!(store.health(), Err(StoreError::Full(_))));
    assert_eq!(check(&store, log, &acked), acked.len() as u64);
    disk.has(PLENTY);
    until("the store is back", || store.health().is_ok());
    assert_eq!(parts.metrics.failures.get(), 0, "nothing failed");
    goes_on(store, config, log, &acked);
}

/// A store on a full disk opens and reads.
pub fn a_full_disk_is_opened() {
    let place = Place::new();
    let config = EmbeddedConfig { min_free_bytes: 8 * MIB, ..place.config() };
    let (log, disk) = (log(), Disk::with(PLENTY));
    let (store, _) = disk.open(&config);
    append(&store, log, 0, entry("a")).unwrap();
    drop(store);
    disk.has(0);
    let (store, _) = disk.open(&config);
    until("the full disk is noticed", || matches!(store.health(), Err(StoreError::Full(_))));
    assert_eq!(whole(&store, log).len(), 1);
    disk.has(PLENTY);
    until("the store is back", || store.health().is_ok());
    assert_eq!(append(&store, log, 1, entry("b")), Ok(Appended::Done(2)));
}
