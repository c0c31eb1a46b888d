//! Threads that do long work beside those that carry messages.

/// Lets every other thread of the process go first where they share a core; called by the thread itself. On Linux a priority is a
/// thread's own. `nice` is 0 (not at all) to 19.
pub(crate) fn step_back(nice: i32) {
    if nice > 0
        && let Err(error) = rustix::process::nice(nice.min(19))
    {
        tracing::warn!(%error, "a background thread keeps its priority");
    }
}
