//! One round of a fan-out load: connect, warm up, measure, drain, check.

use crate::book::TopicIndex;
use crate::checker::Checks;
use crate::clock::{Clock, Nanos, nanos, seconds};
use crate::connection::{ConnectionNumber, Plan};
use crate::histogram::Latencies;
use crate::loader::Loader;
use crate::names;
use crate::net::SocketOptions;
use crate::process::{self, CpuTime};
use crate::progress::Progress;
use crate::sampler::{Sample, Sampler};
use crate::swarm::{Swarm, SwarmError};
use crate::target::Account;
use crate::wire::{self, Dialect};
use plenum_schema::codec::Codec;
use plenum_schema::id::ConversationId;
use plenum_schema::topic::Topic;
use std::net::SocketAddr;
use std::time::Duration;
use uuid::Uuid;

const CONNECT_LIMIT: Duration = Duration::from_secs(120);
const DRAIN_LIMIT: Duration = Duration::from_secs(20);
/// How long a zero-window client that reads again is watched.
const DEAF_PATIENCE: Duration = Duration::from_millis(500);
/// Messages that may be under way in open loop; a server that falls behind further is told so, not drowned.
const MAX_IN_FLIGHT: u64 = 20_000;
/// Receive buffer of a zero-window client: what the kernel rounds up to its smallest.
const TINY_BUFFER: usize = 2_048;

/// Which codecs the receivers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Codecs {
    /// JSON.
    Json,
    /// MessagePack.
    Msgpack,
    /// Every other one MessagePack.
    Mixed,
}

impl Codecs {
    /// The codec of the `n`th connection.
    #[must_use]
    pub fn of(self, n: usize) -> Codec {
        match self {
            Self::Json => Codec::Json,
            Self::Mixed if n.is_multiple_of(2) => Codec::Json,
            Self::Msgpack | Self::Mixed => Codec::MessagePack,
        }
    }

    /// Payload bytes of an event frame with a text of this size, on average.
    #[must_use]
    pub fn event_bytes(self, text: usize) -> usize {
        let (json, msgpack) = (wire::event_bytes(Codec::Json, text), wire::event_bytes(Codec::MessagePack, text));
        match self {
            Self::Json => json,
            Self::Msgpack => msgpack,
            Self::Mixed => usize::midpoint(json, msgpack),
        }
    }
}

/// When messages are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Open loop: this many a second over all topics, whatever the server does.
    Open(f64),
    /// Closed loop: this many under way in each topic.
    Closed(usize),
}

/// What a round consists of.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Topics.
    pub topics: usize,
    /// Receivers in each.
    pub members: usize,
    /// The sender is a member itself (small rooms) or a connection of its own that receives nothing (big ones).
    pub member_sends: bool,
    /// Clients that subscribe to the first topic and never read.
    pub zero_window: usize,
    /// Bytes of a message's text.
    pub bytes: usize,
    /// Codecs of the receivers.
    pub codecs: Codecs,
    /// When messages are sent.
    pub pace: Pace,
    /// Before measuring.
    pub warmup: Duration,
    /// Measuring.
    pub duration: Duration,
    /// No progress output.
    pub quiet: bool,
}

/// How the connections of a round talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    /// `plenum.v1`.
    Native,
    /// Socket.IO. Who joins a room hears it, so the sender is a member ([`Shape::member_sends`]).
    SocketIo,
    /// The yardstick's raw payloads.
    Raw,
}

/// The server of a round.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    /// What reports call it.
    pub name: &'a str,
    /// How to talk to it.
    pub speech: Speech,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process, where it is on this machine.
    pub pid: Option<u32>,
    /// Its conversations; none for a yardstick.
    pub topics: &'a [Topic],
    /// Its accounts; none for a yardstick.
    pub accounts: &'a [Account],
}

/// What a round measured.
#[derive(Debug)]
pub struct Round {
    /// Which server.
    pub side: String,
    /// Intended time to arrival, per delivery.
    pub latencies: Latencies,
    /// Intended time to acknowledgement, per message.
    pub ack_latencies: Latencies,
    /// Bytes of a delivered message's payload, the last one.
    pub payload_bytes: usize,
    /// Seconds measured.
    pub seconds: f64,
    /// Deliveries in them.
    pub deliveries: u64,
    /// Messages sent in the whole round.
    pub sent: u64,
    /// Open loop: messages not sent because too many were under way.
    pub unsent: u64,
    /// CPU seconds of the server in the measured time: all, user, system. None where its process could not be read.
    pub cpu: Option<(f64, f64, f64)>,
    /// Connections.
    pub connections: usize,
    /// p99 in milliseconds of each second of the measured time.
    pub second_p99s: Vec<f64>,
    /// Zero-window clients the server had given up by the end.
    pub given_up: usize,
    /// What was checked.
    pub checks: Checks,
    /// Samples over time.
    pub samples: Vec<Sample>,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run, far below 2^52")]
impl Round {
    /// CPU seconds per million deliveries: all, user, system.
    #[must_use]
    pub fn cost(&self) -> Option<(f64, f64, f64)> {
        let million = (self.deliveries as f64 / 1e6).max(1e-9);
        self.cpu.map(|(all, user, system)| (all / million, user / million, system / million))
    }

    /// CPU seconds per million deliveries, all of them.
    #[must_use]
    pub fn cpu_cost(&self) -> Option<f64> {
        self.cost().map(|(all, ..)| all)
    }

    /// Part of a core that the server used, in percent.
    #[must_use]
    pub fn core_percent(&self) -> Option<f64> {
        self.cpu.map(|(all, ..)| all / self.seconds.max(1e-9) * 100.0)
    }

    /// Deliveries a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.deliveries as f64 / self.seconds.max(1e-9)
    }
}

/// Topics of a yardstick: the room's number is the id.
#[must_use]
pub fn raw_topics(count: usize) -> Vec<Topic> {
    (0..count).map(|room| Topic::Conversation(ConversationId(Uuid::from_u128(room as u128)))).collect()
}

/// What the measured time of a round gave.
struct Loaded {
    window: Nanos,
    samples: Vec<Sample>,
    cpu: Option<(f64, f64, f64)>,
}

struct Driver<'a> {
    side: &'a Side<'a>,
    shape: &'a Shape,
    swarm: Swarm,
    loader: Loader,
    senders: Vec<ConnectionNumber>,
    event_bytes: usize,
    unsent: u64,
}

/// Runs one round.
///
/// # Errors
/// When the connections cannot be brought into service, or epoll fails.
pub fn round(side: &Side<'_>, shape: &Shape, clock: Clock) -> Result<Round, SwarmError> {
    let raw;
    let topics = if side.topics.is_empty() {
        raw = raw_topics(shape.topics);
        &raw[..]
    } else {
        side.topics
    };
    let mut driver = Driver {
        side,
        shape,
        swarm: Swarm::new(side.address, topics, clock)?,
        loader: Loader::new(shape.topics, u32::try_from(shape.members).unwrap_or(u32::MAX)),
        senders: Vec::new(),
        event_bytes: shape.codecs.event_bytes(shape.bytes),
        unsent: 0,
    };
    driver.connect()?;
    if let Some(pid) = side.pid {
        process::wait_quiet(pid, Duration::from_secs(3));
    }
    let loaded = driver.load()?;
    driver.drain()?;
    Ok(driver.finish(loaded))
}

impl Driver<'_> {
    fn plan(&self, n: usize, topic: TopicIndex, receives: bool, deaf: bool) -> Plan {
        let group = topic as usize / names::ROOMS_PER_ACCOUNT * self.shape.members;
        let account = self.side.accounts.get((group + n) % self.side.accounts.len().max(1));
        let token = account.map_or("".into(), |account| account.token.clone());
        let dialect = match self.side.speech {
            Speech::Native => Dialect::Plenum(self.shape.codecs.of(n)),
            Speech::SocketIo => Dialect::SocketIo,
            Speech::Raw => Dialect::Raw { member: receives },
        };
        let keep = receives || self.side.speech == Speech::Raw;
        let socket = SocketOptions { receive_buffer: deaf.then_some(TINY_BUFFER) };
        Plan { dialect, token, topics: if keep { vec![(topic, None)] } else { Vec::new() }, socket, deaf }
    }

    /// Receivers first, in rounds over the topics, then separate senders, then those who will not read.
    fn connect(&mut self) -> Result<(), SwarmError> {
        let (topics, members) = (self.shape.topics, self.shape.members);
        let topic = |n: usize| TopicIndex::try_from(n % topics.max(1)).unwrap_or(0);
        let mut plans: Vec<Plan> =
            (0..topics * members).map(|n| self.plan(n / topics, topic(n), true, false)).collect();
        self.senders = if self.shape.member_sends {
            (0..topics).collect()
        } else {
            plans.extend((0..topics).map(|n| self.plan(n, topic(n), false, false)));
            (topics * members..topics * members + topics).collect()
        };
        if self.shape.zero_window > 0 {
            self.loader.only_healthy(plans.len());
            plans.extend((0..self.shape.zero_window).map(|n| self.plan(n, 0, true, true)));
        }
        self.swarm.open_all(plans, CONNECT_LIMIT, &mut self.loader)
    }

    fn send(&mut self, topic: TopicIndex, intended: Nanos) {
        let Some(&sender) = self.senders.get(topic as usize) else { return };
        let (marker, bytes) = (self.loader.next_marker(), self.shape.bytes);
        if self.side.speech == Speech::Raw {
            let payload = wire::raw(topic, self.loader.next_offset(topic), marker, self.event_bytes);
            self.swarm.command(sender, |_| Ok(payload));
            self.loader.sending(topic, intended, None);
            return;
        }
        let (Some(&name), Some(connection)) = (self.side.topics.get(topic as usize), self.swarm.get(sender)) else {
            return;
        };
        let dialect = connection.dialect();
        let command = self.swarm.command(sender, |id| wire::say(dialect, id, name, marker, bytes));
        self.loader.sending(topic, intended, command.map(|id| (sender, id)));
    }

    /// Warm-up and measured time; answers the measured span, the samples and the CPU used in the span.
    fn load(&mut self) -> Result<Loaded, SwarmError> {
        let progress = Progress::start(self.side.name, self.shape.warmup + self.shape.duration, self.shape.quiet);
        let start = self.swarm.now();
        let measure_from = start + nanos(self.shape.warmup);
        let end = measure_from + nanos(self.shape.duration);
        let mut sampler = Sampler::new(self.side.pid, start);
        let mut began: Option<(Nanos, Option<CpuTime>)> = None;
        let mut scheduled = 0_u64;
        self.prime(start);
        loop {
            let now = self.swarm.now();
            if now >= end {
                break;
            }
            if began.is_none() && now >= measure_from {
                began = Some((now, self.cpu()));
                self.loader.measure(true);
            }
            self.pace(start, now, &mut scheduled);
            self.swarm.turn(&mut self.loader)?;
            sampler.sample(now, self.loader.delivered_count(), &progress);
        }
        self.loader.measure(false);
        let (from, cpu) = began.unwrap_or((start, None));
        let used = process::used(cpu, self.cpu());
        Ok(Loaded { window: self.swarm.now() - from, samples: sampler.samples, cpu: used })
    }

    fn cpu(&self) -> Option<CpuTime> {
        self.side.pid.and_then(process::cpu)
    }

    /// Closed loop: fills every topic's window.
    fn prime(&mut self, now: Nanos) {
        let Pace::Closed(window) = self.shape.pace else { return };
        for _ in 0..window {
            for topic in 0..self.shape.topics {
                self.send(TopicIndex::try_from(topic).unwrap_or(0), now);
            }
        }
    }

    /// Sends what is due.
    fn pace(&mut self, start: Nanos, now: Nanos, scheduled: &mut u64) {
        let finished = self.loader.take_finished();
        match self.shape.pace {
            Pace::Closed(_) => finished.into_iter().for_each(|topic| self.send(topic, now)),
            Pace::Open(rate) => loop {
                let due = start + due_after(*scheduled, rate);
                if due > now {
                    return;
                }
                let topic = TopicIndex::try_from(*scheduled % self.shape.topics.max(1) as u64).unwrap_or(0);
                *scheduled += 1;
                if self.loader.in_flight() < MAX_IN_FLIGHT {
                    self.send(topic, due);
                } else {
                    self.unsent += 1;
                }
            },
        }
    }

    fn drain(&mut self) -> Result<(), SwarmError> {
        self.swarm.turn_until(DRAIN_LIMIT, &mut self.loader, |_, loader| loader.is_settled())?;
        Ok(())
    }

    fn finish(mut self, loaded: Loaded) -> Round {
        let Loaded { window, samples, cpu } = loaded;
        let given_up = self.hear_the_deaf();
        self.loader.expect_closes();
        let heads = self.loader.heads().to_vec();
        for (topic, head) in heads.into_iter().enumerate() {
            self.swarm.settle(TopicIndex::try_from(topic).unwrap_or(0), head);
        }
        let mut checks = std::mem::take(self.swarm.checks());
        let connections = self.loader.ready_count();
        self.swarm.cut_all();
        let (deliveries, sent) = (self.loader.measured_count(), self.loader.sent_count());
        let (latencies, ack_latencies) = (self.latencies(window), self.loader.ack_latencies().clone());
        let payload_bytes = self.swarm.payload_bytes();
        let second_p99s = self.loader.second_p99s().to_vec();
        checks.merge(self.loader.close());
        let (side, unsent, seconds) = (self.side.name.to_owned(), self.unsent, seconds(window));
        Round {
            side,
            latencies,
            ack_latencies,
            payload_bytes,
            seconds,
            deliveries,
            sent,
            unsent,
            cpu,
            connections,
            second_p99s,
            given_up,
            checks,
            samples,
        }
    }

    /// Lets the zero-window clients read at last: how many find that the server has given them up? Then they go.
    fn hear_the_deaf(&mut self) -> usize {
        let first = self.swarm.count() - self.shape.zero_window;
        let deaf = first..self.swarm.count();
        deaf.clone().for_each(|number| self.swarm.hear(number, &mut self.loader));
        let patience = if deaf.is_empty() { Duration::ZERO } else { DEAF_PATIENCE };
        let _ = self.swarm.turn_until(patience, &mut self.loader, |_, _| false);
        let gone = deaf.clone().filter(|&number| self.swarm.get(number).is_none()).count();
        deaf.for_each(|number| self.swarm.cut(number));
        gone
    }

    /// Open loop: as measured, from the intended times. Closed loop: corrected with the mean time between a slot's sends.
    fn latencies(&self, window: Nanos) -> Latencies {
        let Pace::Closed(slots) = self.shape.pace else { return self.loader.latencies().clone() };
        let messages = self.loader.measured_count() / (self.shape.members.max(1) as u64);
        let interval = window.saturating_mul((slots * self.shape.topics) as u64) / messages.max(1);
        self.loader.latencies().corrected(interval.max(1_000))
    }
}

/// When the message of this number is meant to be sent, after the start: computed from the number, so it never drifts.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a schedule of positive numbers far below 2^52"
)]
pub fn due_after(index: u64, rate: f64) -> Nanos {
    (index as f64 * 1e9 / rate.max(1e-3)) as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_schedule_does_not_drift() {
        assert_eq!(due_after(0, 25.0), 0);
        assert_eq!(due_after(25, 25.0), 1_000_000_000);
        assert_eq!(due_after(1_000_000, 1_000.0), 1_000_000_000_000);
    }

    #[test]
    fn mixed_receivers_alternate() {
        assert_eq!(Codecs::Mixed.of(0), Codec::Json);
        assert_eq!(Codecs::Mixed.of(1), Codec::MessagePack);
        assert!(Codecs::Mixed.event_bytes(128) < Codecs::Json.event_bytes(128));
    }
}
