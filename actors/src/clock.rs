//! Time and randomness as parameters: the only place that reads them.

use std::sync::Arc;
use uuid::Uuid;

/// Milliseconds since 1970 by the wall clock. For display and expiry only: no correctness depends on it.
pub type WallMillis = i64;

/// A reading of a clock that never goes back, in milliseconds since some start.
pub type MonoMillis = u64;

/// Where time and new ids come from.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time.
    fn wall(&self) -> WallMillis;
    /// Monotonic time.
    fn mono(&self) -> MonoMillis;
    /// Monotonic time in microseconds, for latency metrics.
    fn micros(&self) -> u64;
    /// A fresh UUIDv7.
    fn new_id(&self) -> Uuid;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
    /// Added to the wall clock, milliseconds.
    shift: i64,
}

impl SystemClock {
    /// Starts counting monotonic time here.
    #[must_use]
    pub fn new() -> Self {
        Self::shifted(0)
    }

    /// The same, with a wall clock that is wrong by so many milliseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn shifted(shift: i64) -> Self {
        Self { start: std::time::Instant::now(), shift }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn wall(&self) -> WallMillis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.shift)
    }

    fn mono(&self) -> MonoMillis {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn new_id(&self) -> Uuid {
        // From the thread's generator (ChaCha, seeded by the system), not a system call for each id.
        let millis = u64::try_from(self.wall()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
    }
}

/// A clock that a test moves by hand.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: std::sync::atomic::AtomicU64,
    ids: std::sync::atomic::AtomicU64,
}

impl ManualClock {
    /// Moves time on.
    pub fn advance(&self, milliseconds: u64) {
        self.now.fetch_add(milliseconds, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> WallMillis {
        1_700_000_000_000 + i64::try_from(self.mono()).unwrap_or(0)
    }

    fn mono(&self) -> MonoMillis {
        self.now.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn micros(&self) -> u64 {
        self.mono() * 1_000
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) | 0x7000_8000 << 64)
    }
}
