//! The tool's one clock: nanoseconds since it started. A load generator measures real time, so nothing here is simulated.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the clock was made.
pub type Nanos = u64;

/// A monotonic clock with its own zero.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    zero: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the generator measures real time; this is the only place that reads it"
    )]
    pub fn start() -> Self {
        Self { zero: Instant::now() }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now(&self) -> Nanos {
        u64::try_from(self.zero.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The moment `after` from now.
    #[must_use]
    pub fn deadline(&self, after: Duration) -> Nanos {
        self.now().saturating_add(nanos(after))
    }
}

/// A duration in the clock's unit.
#[must_use]
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds as seconds.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a figure to print: 52 bits of nanoseconds are 52 days")]
pub fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

/// Seconds since 1970, to date a report.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the date of a report is wall-clock time")]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
