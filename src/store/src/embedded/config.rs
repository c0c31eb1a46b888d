//! Limits and times of the embedded engine.

use serde::Deserialize;
use std::path::PathBuf;

/// Where the embedded engine keeps its data, and its limits. Sizes in bytes, times in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbeddedConfig {
    /// The directory of the store; made if it is missing. It belongs to one process at a time.
    pub path: PathBuf,
    /// Writes that may wait for the next batch; beyond it they are refused at once.
    pub max_queued_writes: usize,
    /// Bytes of writes that may wait for the next batch; beyond it they are refused at once.
    pub max_queued_bytes: usize,
    /// The most writes committed with one fsync.
    pub batch_writes: usize,
    /// The most bytes committed with one fsync (a single larger write still goes alone).
    pub batch_bytes: usize,
    /// A commit of this many writes or more means that many write at once: the next commit then waits a little, so that it carries
    /// more writes for its fsync. Fewer writes never wait.
    pub busy_writes: usize,
    /// The longest it waits, microseconds; it waits as long as the last commit took, so that latency at most doubles. 0: never. At
    /// most 100,000.
    pub busy_rest_micros: u64,
    /// How much the writer's thread steps back behind threads that bring writes (`nice`, 0 to 19). 0: not.
    pub writer_nice: i32,
    /// Entries and rows that are read on a thread before its next reader lets others run there.
    pub read_turn: usize,
    /// The largest row or snapshot.
    pub max_value_bytes: usize,
    /// Entries that one step of a trim removes; other writes go between steps.
    pub trim_entries: usize,
    /// Heads of logs kept in memory by the writer, so that an append does not read.
    pub cached_heads: usize,
    /// The cache of blocks read from disk.
    pub cache_bytes: u64,
    /// Log entries kept in memory before they are written to a sorted table.
    pub log_memtable_bytes: u64,
    /// The same for each of the four other tables: heads, ids, snapshots, rows.
    pub memtable_bytes: u64,
    /// The most bytes of journal kept; it bounds the time of the next start. At least 64 MiB.
    pub journal_bytes: u64,
    /// Threads that write and merge sorted tables.
    pub background_threads: usize,
    /// Below this much free space writes are refused, so that a full disk is met before it does damage.
    pub min_free_bytes: u64,
    /// How often space is measured, and how soon a failed store is opened again.
    pub check_interval_ms: u64,
    /// How long a batch waits for sorted tables to be written before it is refused.
    pub stall_timeout_ms: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for EmbeddedConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("data/store"),
            max_queued_writes: 16_384,
            max_queued_bytes: 64 * 1024 * 1024,
            batch_writes: 4_096,
            batch_bytes: 2 * 1024 * 1024,
            busy_writes: 16,
            busy_rest_micros: 500,
            writer_nice: 10,
            read_turn: 256,
            max_value_bytes: 4 * 1024 * 1024,
            trim_entries: 1_024,
            cached_heads: 65_536,
            cache_bytes: 64 * MIB,
            log_memtable_bytes: 32 * MIB,
            memtable_bytes: 8 * MIB,
            journal_bytes: 128 * MIB,
            background_threads: 1,
            min_free_bytes: 64 * MIB,
            check_interval_ms: 1_000,
            stall_timeout_ms: 10_000,
        }
    }
}

impl EmbeddedConfig {
    /// The defaults with another directory.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Values that cannot work, each with its key.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut at_least = |key: &str, value: u64, least: u64| {
            if value < least {
                problems.push(format!("{key} is {value}; it must be at least {least}"));
            }
        };
        at_least("max_queued_writes", self.max_queued_writes as u64, 1);
        at_least("max_queued_bytes", self.max_queued_bytes as u64, MIB);
        at_least("batch_writes", self.batch_writes as u64, 1);
        at_least("batch_bytes", self.batch_bytes as u64, 1);
        at_least("max_value_bytes", self.max_value_bytes as u64, 64 * 1024);
        at_least("read_turn", self.read_turn as u64, 1);
        at_least("trim_entries", self.trim_entries as u64, 1);
        at_least("cached_heads", self.cached_heads as u64, 1);
        at_least("cache_bytes", self.cache_bytes, MIB);
        at_least("log_memtable_bytes", self.log_memtable_bytes, MIB);
        at_least("memtable_bytes", self.memtable_bytes, MIB);
        at_least("journal_bytes", self.journal_bytes, 64 * MIB);
        at_least("background_threads", self.background_threads as u64, 1);
        at_least("check_interval_ms", self.check_interval_ms, 1);
        at_least("stall_timeout_ms", self.stall_timeout_ms, 1);
        problems
    }
}
