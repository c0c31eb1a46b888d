//! The native protocol on real sockets against a whole server in this process.

mod answers;
mod echo;
mod framing;
mod handshake;
mod heartbeat;
mod leaving;
mod limits;
pub mod peer;
pub mod program;
mod revocation;
mod sessions;
mod strictness;
pub mod wire;
pub mod world;

use std::time::{Duration, Instant};

/// How long anything may take that should happen soon. Long, because machines that run tests are busy.
pub const SOON: Duration = Duration::from_secs(20);

/// Asks until the answer is there; fails when it does not come.
pub async fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {SOON:?}");
        tokio::task::yield_now().await;
    }
}
