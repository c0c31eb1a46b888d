//! What kind of world a seed makes: its size, its limits, and how bad its faults are. Each run has its own mixture, so that
//! rare combinations are met too.

use crate::rng::Rng;
use plenum_actors::owner::OwnerConfig;

/// The kind of world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many nodes run owners.
    pub nodes: usize,
    /// How many conversations there are.
    pub conversations: usize,
    /// How many clients send.
    pub clients: usize,
    /// How many messages each client sends.
    pub messages: usize,
    /// Subscribers per conversation.
    pub subscribers: usize,
    /// When faults end, virtual milliseconds.
    pub heal_at: u64,
    /// When everything must be acknowledged, virtual milliseconds.
    pub deadline: u64,
    /// The owners' limits.
    pub owner: OwnerConfig,
    /// Faults until `heal_at`.
    pub faults: Faults,
}

/// How often what goes wrong, per thousand; times in virtual milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Store operations that fail without effect.
    pub unavailable: u64,
    /// Appends whose answer is lost before they are applied.
    pub lost: u64,
    /// Appends whose answer is lost after they were applied.
    pub lost_applied: u64,
    /// Appends that are applied after the writer was told that the outcome is unknown.
    pub late: u64,
    /// Snapshots that are not saved, or saved late.
    pub snapshots: u64,
    /// Longest way to or from the store.
    pub store_delay: u64,
    /// When the store tells the writer that it does not know.
    pub timeout: u64,
    /// Commands and answers that are lost.
    pub dropped: u64,
    /// Commands that arrive twice.
    pub doubled: u64,
    /// Publications that are lost.
    pub unpublished: u64,
    /// Longest way between clients and nodes.
    pub network_delay: u64,
    /// Crashes of a node in the run, at most.
    pub crashes: u64,
    /// Pauses of a node in the run, at most.
    pub pauses: u64,
    /// How far wall clocks are off.
    pub skew: u64,
}

impl Plan {
    /// The world of a seed.
    #[must_use]
    pub fn new(rng: &mut Rng) -> Self {
        // Apart from the rest, so that seeds of before mean the same worlds.
        let place_within_ms = rng.clone().pick(&[100, 300, 10_000]);
        let heal_at = rng.between(500, 4_000);
        Self {
            nodes: rng.between(2, 4) as usize,
            conversations: rng.pick(&[1, 1, 1, 2, 3]) as usize,
            clients: rng.between(2, 6) as usize,
            messages: rng.between(4, 14) as usize,
            subscribers: rng.between(1, 2) as usize,
            heal_at,
            deadline: heal_at + 60_000,
            owner: OwnerConfig { place_within_ms, ..owner(rng) },
            faults: Faults {
                unavailable: rng.pick(&[0, 0, 20, 100]),
                lost: rng.pick(&[0, 20, 80]),
                lost_applied: rng.pick(&[0, 30, 120]),
                late: rng.pick(&[0, 20, 100]),
                snapshots: rng.pick(&[0, 100, 500]),
                store_delay: rng.pick(&[1, 5, 30]),
                timeout: rng.pick(&[20, 60]),
                dropped: rng.pick(&[0, 20, 100]),
                doubled: rng.pick(&[0, 50, 200]),
                unpublished: rng.pick(&[0, 50, 300]),
                network_delay: rng.pick(&[1, 5, 40]),
                crashes: rng.pick(&[0, 1, 3, 6]),
                pauses: rng.pick(&[0, 1, 3]),
                skew: rng.pick(&[0, 1_000, 100_000_000]),
            },
        }
    }
}

fn owner(rng: &mut Rng) -> OwnerConfig {
    let snapshot_every = rng.pick(&[2, 3, 5, 10, 1_000]);
    OwnerConfig {
        batch_entries: rng.pick(&[1, 2, 4, 64]) as usize,
        max_pending_commands: rng.pick(&[3, 16, 4_096]) as usize,
        busy_retry_ms: 20,
        unavailable_retry_ms: rng.pick(&[20, 100]),
        max_attempts: rng.between(1, 5) as u32,
        backoff_ms: rng.pick(&[2, 10]),
        max_backoff_ms: rng.pick(&[20, 200]),
        snapshot_every,
        max_remembered_ids: (snapshot_every * 4 + 8) as usize,
        idle_after_ms: rng.pick(&[30, 200, 2_000]),
        retain_entries: rng.pick(&[0, 0, 0, 4, 12]),
        page_entries: rng.pick(&[1, 2, 7, 512]) as usize,
        recent_entries: 8,
        ..OwnerConfig::default()
    }
}
