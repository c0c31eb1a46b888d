//! What the kernel says about the server's process, and where processes run.

use rustix::process::{Pid, Resource, Rlimit};
use rustix::thread::CpuSet;
use std::fs;
use std::io;
use std::process::Child;
use std::time::Duration;

/// Clock ticks a second in /proc/PID/stat (USER_HZ is 100 on every Linux architecture).
const TICKS: f64 = 100.0;
/// The server's core when processes are pinned.
pub const SERVER_CORE: usize = 0;
/// The generator's core when processes are pinned.
pub const GENERATOR_CORE: usize = 1;

/// CPU time used by a process, all threads, ended ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CpuTime {
    /// Seconds in the program.
    pub user: f64,
    /// Seconds in the kernel.
    pub system: f64,
    /// Seconds of run time by the scheduler's own count: finer than the ticks above.
    pub run: f64,
}

impl CpuTime {
    /// All CPU between two readings, split by the proportion of the ticks: (total, user, system) seconds.
    #[must_use]
    pub fn since(self, earlier: CpuTime) -> (f64, f64, f64) {
        let (user, system) = ((self.user - earlier.user).max(0.0), (self.system - earlier.system).max(0.0));
        let (ticks, run) = (user + system, (self.run - earlier.run).max(0.0));
        // Run time of threads that have ended is missing from the scheduler's figures; the ticks keep it.
        let total = if run > ticks * 0.9 { run } else { ticks };
        let share = if ticks > 0.0 { user / ticks } else { 0.5 };
        (total, total * share, total * (1.0 - share))
    }
}

/// All CPU between two readings of a process: (total, user, system) seconds. None where one of them is missing: a run that could not
/// be measured has no figure, not a good one.
#[must_use]
pub fn used(earlier: Option<CpuTime>, now: Option<CpuTime>) -> Option<(f64, f64, f64)> {
    Some(now?.since(earlier?))
}

/// CPU time of a process; `None` when it is gone.
#[must_use]
pub fn cpu(pid: u32) -> Option<CpuTime> {
    let (user, system) = parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let run = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    let run: u64 = run.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok()).sum();
    Some(CpuTime { user, system, run: crate::clock::seconds(run) })
}

/// User and system seconds of a /proc/PID/stat line.
fn parse_stat(stat: &str) -> Option<(f64, f64)> {
    // The second field is the command in brackets and may contain anything, brackets and blanks included.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user / TICKS, system / TICKS))
}

/// Resident set in bytes; `None` when the process is gone.
#[must_use]
pub fn rss(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().split(' ').next()?.parse::<u64>().ok()? * 1_024)
}

/// Whether this process may use both cores, so that each side can have one.
#[must_use]
pub fn can_pin() -> bool {
    let both = |set: CpuSet| set.is_set(SERVER_CORE) && set.is_set(GENERATOR_CORE);
    rustix::thread::sched_getaffinity(None).is_ok_and(both)
}

/// Puts this thread, and every process started from now on, on one core.
///
/// # Errors
/// When the kernel refuses (the core does not exist or is not allowed).
pub fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// Raises the number of open files to the hard limit; answers that limit.
pub fn raise_open_files() -> u64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Ends this process when its parent ends, so that no helper is left behind.
pub fn end_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
}

/// Sends a signal to a process of ours.
pub fn signal(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Asks a process to stop, waits up to `limit`, then kills it; answers whether it stopped by itself.
pub fn stop(child: &mut Child, limit: Duration) -> bool {
    signal(child.id(), rustix::process::Signal::TERM);
    let clock = crate::clock::Clock::start();
    while clock.now() < crate::clock::nanos(limit) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// Waits until a process uses less than a fiftieth of a core, at most `limit`.
pub fn wait_quiet(pid: u32, limit: Duration) {
    let clock = crate::clock::Clock::start();
    let mut last = cpu(pid).unwrap_or_default();
    while clock.now() < crate::clock::nanos(limit) {
        std::thread::sleep(Duration::from_millis(200));
        let now = cpu(pid).unwrap_or_default();
        if now.since(last).0 < 0.004 {
            return;
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_brackets_and_blanks_does_not_shift_the_fields() {
        let line = "7 (a) b (c)) S 1 1 1 0 -1 4194304 10 0 0 0 150 50 0 0 20 0 4 0 100 1000 200";
        assert_eq!(parse_stat(line), Some((1.5, 0.5)));
    }

    #[test]
    fn this_process_has_memory_and_cpu_time() {
        assert!(rss(std::process::id()).unwrap() > 100_000);
        assert!(cpu(std::process::id()).is_some());
    }

    #[test]
    fn without_a_reading_at_either_end_nothing_was_measured() {
        let some = Some(CpuTime { user: 1.0, system: 1.0, run: 2.0 });
        assert_eq!((used(None, some), used(some, None)), (None, None));
        assert_eq!(used(some, some), Some((0.0, 0.0, 0.0)));
    }

    #[test]
    fn cpu_is_split_by_ticks_and_measured_by_the_scheduler() {
        let (total, user, system) = CpuTime { user: 3.0, system: 1.0, run: 4.2 }.since(CpuTime::default());
        assert!((total - 4.2).abs() < 1e-9 && (user - 3.15).abs() < 1e-9 && (system - 1.05).abs() < 1e-9);
    }

    #[test]
    fn threads_that_ended_are_not_forgotten() {
        let (total, ..) = CpuTime { user: 3.0, system: 1.0, run: 1.0 }.since(CpuTime::default());
        assert!((total - 4.0).abs() < 1e-9);
    }
}
