//! The process itself: its limits, its allocator, its signals.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tikv_jemalloc_ctl::{Access, AsName, background_thread};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Memory that was freed goes back to the system after this time, milliseconds: short, so that a burst is soon forgotten.
const DECAY_MS: isize = 1_000;

/// Raises the soft limit of open files to the hard one and says how many may be open now.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let now = if raised.is_ok() { limit.maximum } else { limit.current };
    // No limit at all.
    now.unwrap_or(u64::MAX)
}

/// Lets threads of the allocator give unused memory back, also while the program is idle. To be called first in `main`:
/// threads that run already keep the settings they began with. Where it cannot be done memory falls back later, no more.
pub fn tune_allocator() {
    // Arena 0 exists from the start, the others take the default when they are made.
    for name in [&b"arenas.dirty_decay_ms\0"[..], b"arena.0.dirty_decay_ms\0"] {
        let _ = set_decay(name);
    }
    let _ = background_thread::write(true);
}

fn set_decay(name: &'static [u8]) -> tikv_jemalloc_ctl::Result<()> {
    let name = name.name();
    name.write(DECAY_MS)
}

/// The signals that ask the process to end.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Begins to listen. Call it inside the runtime.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next signal's name.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
