//! What the process uses, read from /proc when somebody asks. Where there is no /proc the figures are absent.
//!
//! The names are the ones that Prometheus client libraries share.

use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge};
use rustix::process::{Resource, getrlimit};
use tikv_jemalloc_ctl::{epoch, stats};

/// Collects the figures of this process.
#[derive(Debug)]
pub struct ProcessMetrics {
    cpu_seconds: Counter,
    start_seconds: Gauge,
    resident_bytes: IntGauge,
    threads: IntGauge,
    open_fds: IntGauge,
    max_fds: IntGauge,
    allocated_bytes: IntGauge,
    /// Two scrapes at once must not add the same seconds twice.
    reading: Mutex<()>,
}

impl ProcessMetrics {
    /// A collector.
    ///
    /// # Errors
    /// Never in practice: only when one of the names were malformed.
    pub fn new() -> prometheus::Result<Self> {
        Ok(Self {
            cpu_seconds: Counter::new("process_cpu_seconds_total", "user and system time spent")?,
            start_seconds: Gauge::new("process_start_time_seconds", "when the process started, seconds since 1970")?,
            resident_bytes: IntGauge::new("process_resident_memory_bytes", "resident memory")?,
            threads: IntGauge::new("process_threads", "threads")?,
            open_fds: IntGauge::new("process_open_fds", "open file descriptors")?,
            max_fds: IntGauge::new("process_max_fds", "most file descriptors that may be open")?,
            allocated_bytes: IntGauge::new("plenum_allocated_bytes", "bytes in use by the allocator's callers")?,
            reading: Mutex::new(()),
        })
    }

    fn all(&self) -> [&dyn Collector; 7] {
        [
            &self.cpu_seconds,
            &self.start_seconds,
            &self.resident_bytes,
            &self.threads,
            &self.open_fds,
            &self.max_fds,
            &self.allocated_bytes,
        ]
    }

    fn read(&self) {
        if let Some(usage) = Usage::of_this_process() {
            self.cpu_seconds.inc_by((usage.cpu_seconds - self.cpu_seconds.get()).max(0.0));
            self.start_seconds.set(usage.start_seconds);
            self.resident_bytes.set(usage.resident_bytes);
            self.threads.set(usage.threads);
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            // One of them is the descriptor that lists the directory.
            self.open_fds.set(as_i64(open.count()).saturating_sub(1));
        }
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        self.max_fds.set(i64::try_from(most).unwrap_or(i64::MAX));
        if epoch::advance().is_ok() {
            self.allocated_bytes.set(stats::allocated::read().map_or(0, as_i64));
        }
    }
}

impl Collector for ProcessMetrics {
    fn desc(&self) -> Vec<&Desc> {
        self.all().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _reading = self.reading.lock();
        self.read();
        self.all().into_iter().flat_map(Collector::collect).collect()
    }
}

fn as_i64(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// One reading of /proc/self/stat.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Usage {
    cpu_seconds: f64,
    start_seconds: f64,
    resident_bytes: i64,
    threads: i64,
}

impl Usage {
    fn of_this_process() -> Option<Self> {
        let own = std::fs::read_to_string("/proc/self/stat").ok()?;
        let machine = std::fs::read_to_string("/proc/stat").ok()?;
        let booted = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let ticks = i32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
        Self::parse(&own, f64::from(ticks), booted, as_i64(rustix::param::page_size()))
    }

    /// See proc_pid_stat(5). The name of the program may hold anything, so fields are counted from its closing bracket.
    fn parse(stat: &str, ticks_a_second: f64, booted: f64, page_bytes: i64) -> Option<Self> {
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
        let number = |place: usize| fields.get(place)?.parse::<i64>().ok();
        Some(Self {
            cpu_seconds: (ticks(11)? + ticks(12)?) / ticks_a_second,
            threads: number(17)?,
            start_seconds: booted + ticks(19)? / ticks_a_second,
            resident_bytes: number(21)?.saturating_mul(page_bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;

    #[test]
    fn a_program_name_with_brackets_and_spaces_does_not_move_the_fields() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 900 0 3 0 250 50 0 0 20 0 7 0 1000 123 11 0";
        let usage = Usage::parse(stat, 100.0, 5_000.0, 4_096).unwrap();
        let expected = Usage { cpu_seconds: 3.0, start_seconds: 5_010.0, resident_bytes: 45_056, threads: 7 };
        assert_eq!(usage, expected);
    }
}
