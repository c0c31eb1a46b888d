//! `idle`: what a connection costs while nothing happens, and after a burst has passed through each.

use super::{Context, Failure, Target, fanout};
use crate::clock::seconds;
use crate::connection::{Answer, ConnectionNumber, Delivery, Plan, Sink};
use crate::load::Codecs;
use crate::loader::Loader;
use crate::net::SocketOptions;
use crate::process;
use crate::progress::Progress;
use crate::report::{Report, Series, Timeline};
use crate::swarm::Swarm;
use crate::target::Account;
use crate::wire::{self, Dialect};
use plenum_schema::refusal::RefusalCode;
use plenum_schema::topic::Topic;
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(300);
const BURST_LIMIT: Duration = Duration::from_secs(180);
/// Accounts in one conversation: as many as a new one may have.
const COHORT: usize = 250;
/// Connections that come and go before the base is taken, and how often.
const WARM: usize = 200;
const WARM_ROUNDS: usize = 5;
/// Large frames under way towards the server.
const AT_ONCE: usize = 64;
/// Largest text of one message of the outbound burst.
const PIECE: usize = 16_000;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Idle {
    /// Connections.
    pub connections: usize,
    /// Accounts that share them, at most as many.
    pub accounts: usize,
    /// Topics each subscribes to.
    pub topics: usize,
    /// Bytes that pass through each connection, both ways; 0 for none.
    pub burst_bytes: usize,
    /// How long memory may settle before it is read.
    pub settle: Duration,
}

/// Counts answers to the inbound burst; the outbound one is the loader's.
struct Burst {
    loader: Loader,
    free: Vec<ConnectionNumber>,
    answered: usize,
    too_large: usize,
    strange: Vec<String>,
}

impl Sink for Burst {
    fn ready(&mut self, connection: ConnectionNumber) {
        self.loader.ready(connection);
    }

    fn delivered(&mut self, connection: ConnectionNumber, delivery: &Delivery) {
        self.loader.delivered(connection, delivery);
    }

    fn answered(&mut self, connection: ConnectionNumber, id: u32, answer: Answer, at: u64) {
        if !self.free.contains(&connection) {
            return self.loader.answered(connection, id, answer, at);
        }
        self.free.retain(|&one| one != connection);
        self.answered += 1;
        match answer {
            // A frame of the largest size carries a text longer than the server takes: it came through, and was refused.
            Answer::Refused(refusal) if refusal.code == RefusalCode::TooLarge => self.too_large += 1,
            Answer::Refused(refusal) => self.strange.push(refusal.to_string()),
            Answer::Sent(_) | Answer::Page(_) | Answer::Voted(_) => {}
        }
    }

    fn closed(&mut self, connection: ConnectionNumber, code: Option<u16>) {
        self.free.retain(|&one| one != connection);
        self.loader.closed(connection, code);
    }
}

struct Run<'a> {
    target: &'a Target,
    /// Of each cohort of accounts as many as a connection subscribes to.
    topics: &'a [Topic],
    accounts: &'a [Account],
    swarm: Swarm,
    burst: Burst,
    sizes: Vec<(f64, f64)>,
    start: u64,
    idle: Idle,
    quiet: bool,
}

/// Connects, lets things settle, sends a burst through everyone, lets things settle again.
///
/// # Errors
/// When the server or the connections fail.
pub fn run(context: &Context, idle: Idle) -> Result<Report, Failure> {
    let idle = Idle { topics: idle.topics.max(1), ..idle };
    let (target, accounts) = context.open(idle.accounts.clamp(1, idle.connections.max(1)))?;
    let mut topics = Vec::new();
    for cohort in accounts.chunks(COHORT) {
        topics.extend(fanout::create_topics(&target, idle.topics, cohort.len(), cohort)?);
    }
    let loader = Loader::of(receivers(idle, accounts.len()));
    let burst = Burst { loader, free: Vec::new(), answered: 0, too_large: 0, strange: Vec::new() };
    let (swarm, start) = (Swarm::new(target.address(), &topics, context.clock)?, context.clock.now());
    let (sizes, quiet) = (Vec::new(), context.quiet);
    let mut run =
        Run { target: &target, topics: &topics, accounts: &accounts, swarm, burst, sizes, start, idle, quiet };
    run.carry_out()
}

/// The cohort of a connection: those of one cohort have the same topics.
fn cohort(connection: ConnectionNumber, accounts: usize) -> usize {
    connection % accounts.max(1) / COHORT
}

/// How many connections receive what is said in each topic.
fn receivers(idle: Idle, accounts: usize) -> Vec<u32> {
    let mut receivers = vec![0; accounts.div_ceil(COHORT) * idle.topics];
    for connection in 0..idle.connections {
        let first = cohort(connection, accounts) * idle.topics;
        receivers.iter_mut().skip(first).take(idle.topics).for_each(|count| *count += 1);
    }
    receivers
}

impl Run<'_> {
    #[expect(clippy::cast_precision_loss, reason = "bytes and counts to print")]
    fn carry_out(&mut self) -> Result<Report, Failure> {
        let mut report = Report::new("idle");
        report.parameter("connections", self.idle.connections);
        report.parameter("accounts", self.accounts.len());
        report.parameter("topics of each", self.idle.topics);
        report.parameter("topics in all", self.topics.len());
        report.parameter("burst bytes through each, both ways", self.idle.burst_bytes);
        report.parameter("seconds to settle", self.idle.settle.as_secs());
        let before = self.warm_up()?;
        let began = self.swarm.now();
        let plans = (0..self.idle.connections).map(|n| self.plan(n)).collect();
        self.swarm.open_all(plans, CONNECT_LIMIT, &mut self.burst)?;
        let connecting = seconds(self.swarm.now() - began);
        self.settle("idle")?;
        let idle = self.sample();
        if self.idle.burst_bytes > 0 {
            self.inbound()?;
            self.outbound()?;
            let (answered, all) = (self.burst.answered, self.idle.connections);
            if answered < all {
                self.burst.strange.push(format!("the burst did not pass: {answered} of {all} frames were answered"));
            }
            self.sample();
            self.settle("after the burst")?;
        }
        let after = self.sample();
        let each = |now: Option<u64>| super::growth(before, now, self.idle.connections);
        let peak = self.sizes.iter().map(|&(_, size)| size).reduce(f64::max);
        report.figure("connects_per_second", self.idle.connections as f64 / connecting.max(1e-9));
        report.figure("rss_before_mib", before.map(super::mebibytes));
        report.figure("rss_idle_mib", idle.map(super::mebibytes));
        report.figure("rss_after_burst_mib", after.map(super::mebibytes));
        report.figure("rss_peak_mib", peak);
        report.figure("idle_bytes_per_connection", each(idle));
        report.figure("bytes_per_connection_after_burst", each(after));
        report.figure("burst_frames_answered", self.burst.answered as f64);
        report.figure("burst_frames_refused_as_too_large", self.burst.too_large as f64);
        self.finish(&mut report);
        Ok(report)
    }

    /// Memory without connections, in working order: a start leaves garbage that the allocator gives back only while it
    /// works, and counted in the base it would hide what connections cost. So a few connections come and go first, and
    /// the least of the samples that follow is the base.
    fn warm_up(&mut self) -> Result<Option<u64>, Failure> {
        for _ in 0..WARM_ROUNDS {
            let mut swarm = Swarm::new(self.target.address(), self.topics, self.swarm.clock())?;
            let mut loader = Loader::new(self.topics.len(), 0);
            let plans = (0..WARM.min(self.idle.connections)).map(|n| self.plan(n)).collect();
            swarm.open_all(plans, CONNECT_LIMIT, &mut loader)?;
            swarm.cut_all();
            std::thread::sleep(Duration::from_millis(200));
        }
        let mut sizes = Vec::new();
        for _ in 0..self.idle.settle.as_secs() {
            std::thread::sleep(Duration::from_secs(1));
            sizes.extend(self.sample());
        }
        Ok(sizes.into_iter().min())
    }

    fn plan(&self, n: usize) -> Plan {
        let account = self.accounts.get(n % self.accounts.len().max(1));
        let token = account.map_or("".into(), |account| account.token.clone());
        let dialect = Dialect::Plenum(Codecs::Mixed.of(n));
        let first = cohort(n, self.accounts.len()) * self.idle.topics;
        let own = first..first + self.idle.topics;
        let topics = own.filter_map(|index| Some((u32::try_from(index).ok()?, None))).collect();
        Plan { dialect, token, topics, socket: SocketOptions::default(), deaf: false }
    }

    fn sample(&mut self) -> Option<u64> {
        let rss = self.target.pid().and_then(process::rss);
        let at = seconds(self.swarm.now() - self.start);
        self.sizes.extend(rss.map(|rss| (at, super::mebibytes(rss))));
        rss
    }

    /// Lets allocator and server come to rest while connections stay served.
    fn settle(&mut self, phase: &str) -> Result<(), Failure> {
        let progress = Progress::start(phase, self.idle.settle, self.quiet);
        for second in 0..self.idle.settle.as_secs() {
            self.swarm.turn_until(Duration::from_secs(1), &mut self.burst, |_, _| false)?;
            let rss = self.sample();
            progress.tick(second + 1, &format!("RSS {} MiB", rss.map_or(0, |rss| rss >> 20)));
        }
        Ok(())
    }

    /// Each connection sends one frame of the full size.
    fn inbound(&mut self) -> Result<(), Failure> {
        let progress = Progress::start("burst in", BURST_LIMIT, self.quiet);
        let deadline = self.swarm.clock().deadline(BURST_LIMIT);
        let marker = wire::fresh_markers();
        let mut next = 0;
        while (next < self.idle.connections || !self.burst.free.is_empty()) && self.swarm.now() < deadline {
            while next < self.idle.connections && self.burst.free.len() < AT_ONCE {
                self.send_full(next, marker + next as u64);
                next += 1;
            }
            self.swarm.turn(&mut self.burst)?;
            progress.tick((self.swarm.now() - self.start) / 1_000_000_000, &format!("{next} frames"));
        }
        Ok(())
    }

    fn send_full(&mut self, connection: ConnectionNumber, marker: u64) {
        let first = cohort(connection, self.accounts.len()) * self.idle.topics;
        let (Some(live), Some(&topic)) = (self.swarm.get(connection), self.topics.get(first)) else { return };
        let (Dialect::Plenum(codec), bytes) = (live.dialect(), self.idle.burst_bytes) else { return };
        if self.swarm.command(connection, |id| wire::send_of_size(codec, id, topic, marker, bytes)).is_some() {
            self.burst.free.push(connection);
        }
    }

    /// Everyone receives the full size, in pieces as large as one message may be.
    fn outbound(&mut self) -> Result<(), Failure> {
        let progress = Progress::start("burst out", BURST_LIMIT, self.quiet);
        for piece in 0..self.idle.burst_bytes.div_ceil(PIECE) {
            for cohort in 0..self.accounts.len().div_ceil(COHORT) {
                self.send_piece(cohort);
            }
            if !self.swarm.turn_until(BURST_LIMIT, &mut self.burst, |_, burst| burst.loader.is_settled())? {
                self.burst
                    .strange
                    .push(format!("the burst did not pass: piece {} has not reached everybody", piece + 1));
                return Ok(());
            }
            let rss = self.sample();
            progress
                .tick(piece as u64 + 1, &format!("piece {}, RSS {} MiB", piece + 1, rss.map_or(0, |rss| rss >> 20)));
        }
        Ok(())
    }

    /// The first connection of a cohort says something to all of it.
    fn send_piece(&mut self, cohort: usize) {
        let (from, index) = (cohort * COHORT, cohort * self.idle.topics);
        let (Some(live), Some(&topic)) = (self.swarm.get(from), self.topics.get(index)) else { return };
        let (Dialect::Plenum(codec), Ok(index)) = (live.dialect(), u32::try_from(index)) else { return };
        let (marker, now) = (self.burst.loader.next_marker(), self.swarm.now());
        let command = self.swarm.command(from, |id| wire::send(codec, id, topic, marker, PIECE));
        self.burst.loader.sending(index, now, command.map(|id| (from, id)));
    }

    fn finish(&mut self, report: &mut Report) {
        let loader = std::mem::replace(&mut self.burst.loader, Loader::new(0, 0));
        for (index, &head) in loader.heads().to_vec().iter().enumerate() {
            self.swarm.settle(u32::try_from(index).unwrap_or(0), head);
        }
        let mut checks = std::mem::take(self.swarm.checks());
        self.swarm.cut_all();
        checks.merge(loader.close());
        checks.unexpected_refusals += self.burst.strange.len() as u64;
        let strange = std::mem::take(&mut self.burst.strange);
        strange.into_iter().take(5).for_each(|text| checks.example(|| text));
        report.checks.merge(checks);
        let series = vec![Series { name: "resident memory".to_owned(), points: std::mem::take(&mut self.sizes) }];
        report.timelines.push(Timeline {
            title: "Resident memory of the server".to_owned(),
            unit: "MiB".to_owned(),
            series,
        });
        report.notes.push("Bytes a connection: growth of the server's resident set over what it had without connections (the least it came to after a warm-up), divided by the connections, each identified and subscribed. Kernel memory of sockets is not in it.".to_owned());
        report.notes.push("The burst: each connection sends one frame of the stated size (larger than a message's text may be, so it is read whole and refused as too large), then each receives as many bytes in messages of 16,000 bytes.".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idle(connections: usize, accounts: usize) -> Idle {
        Idle { connections, accounts, topics: 2, burst_bytes: 0, settle: Duration::ZERO }
    }

    #[test]
    fn every_connection_is_a_receiver_of_its_own_cohorts_topics_only() {
        assert_eq!(receivers(idle(600, 600), 600), [250, 250, 250, 250, 100, 100]);
        assert_eq!(receivers(idle(600, 50), 50), [600, 600]);
        assert_eq!(receivers(idle(600, 300), 300), [500, 500, 100, 100]);
        for accounts in [1_usize, 50, 250, 251, 600] {
            let first = (0..accounts.div_ceil(COHORT)).map(|number| cohort(number * COHORT, accounts));
            assert!(first.eq(0..accounts.div_ceil(COHORT)), "the first of each cohort speaks for it: {accounts}");
        }
    }
}
