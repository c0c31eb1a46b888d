//! The participants: when each votes, what was acknowledged, what they see.

use super::setup::{OPTIONS, Stage};
use super::{Conference, NEVER};
use crate::clock::{Nanos, nanos};
use crate::connection::{Answer, ConnectionNumber, Sink};
use crate::histogram::Latencies;
use crate::swarm::Swarm;
use crate::wire::{self, Dialect};
use plenum_schema::id::QuestionId;
use plenum_schema::refusal::RefusalCode;
use plenum_schema::wire::Signal;
use std::collections::HashMap;

/// How long after a refusal that may pass a vote is repeated.
const AGAIN_AFTER: Nanos = 100_000_000;

/// What a participant does beside voting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    Plain,
    /// Repeats the vote at once.
    Repeats,
    /// Votes for something else a moment later.
    Changes,
    /// Votes after the close alone.
    Late,
    /// Loses the connection before the answer.
    Drops,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 5] = [Part::Plain, Part::Repeats, Part::Changes, Part::Late, Part::Drops];

    /// In figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Repeats => "repeated",
            Self::Changes => "changed",
            Self::Late => "late",
            Self::Drops => "dropped",
        }
    }
}

#[derive(Debug)]
struct Voter {
    part: Part,
    /// When the next vote is cast.
    due: Nanos,
    /// What it is for.
    option: u16,
    /// Counts what this voter casts.
    sequence: u32,
    /// What was acknowledged last.
    acked: Option<u16>,
    /// A change follows.
    changes: bool,
    /// The connection is to be cut behind the next vote.
    drops: bool,
    /// Sees the final tally.
    shown: bool,
}

/// All of them.
pub struct Hall {
    question: QuestionId,
    window: Nanos,
    seed: u64,
    voters: Vec<Voter>,
    /// Voters by the moment of their next vote, latest first.
    queue: Vec<(Nanos, usize)>,
    waiting: HashMap<(ConnectionNumber, u32), (u16, Nanos)>,
    /// Connections that are over.
    gone: Vec<ConnectionNumber>,
    fed: Vec<ConnectionNumber>,
    feed_until: Nanos,
    ends_expected: bool,
    latencies: Latencies,
    acked: u64,
    signals: u64,
    shown: usize,
    last_shown: Nanos,
    closed: bool,
    late_acked: u64,
    troubles: Vec<String>,
}

fn mixed(seed: u64, number: u64) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^= mixed >> 31;
    mixed = mixed.wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 29)
}

fn part_of(random: u64) -> Part {
    match random % 100 {
        0..10 => Part::Repeats,
        10..15 => Part::Changes,
        15..17 => Part::Late,
        17 => Part::Drops,
        _ => Part::Plain,
    }
}

impl Hall {
    pub fn new(wanted: Conference, question: QuestionId) -> Self {
        let voter = |number: usize| {
            let random = mixed(wanted.seed, number as u64);
            let part = part_of(random >> 8);
            let option = 1 + u16::try_from((random >> 40) % u64::from(OPTIONS)).unwrap_or(0);
            let (changes, drops) = (part == Part::Changes, part == Part::Drops);
            Voter { part, due: NEVER, option, sequence: 1, acked: None, changes, drops, shown: false }
        };
        Self {
            question,
            window: nanos(wanted.window),
            seed: wanted.seed,
            voters: (0..wanted.participants).map(voter).collect(),
            queue: Vec::new(),
            waiting: HashMap::new(),
            gone: Vec::new(),
            fed: Vec::new(),
            feed_until: 0,
            ends_expected: false,
            latencies: Latencies::new(),
            acked: 0,
            signals: 0,
            shown: 0,
            last_shown: 0,
            closed: false,
            late_acked: 0,
            troubles: Vec::new(),
        }
    }

    /// Gives everybody but the late a moment within the window.
    pub fn begin(&mut self, now: Nanos) {
        for (number, voter) in self.voters.iter_mut().enumerate().filter(|(_, voter)| voter.part != Part::Late) {
            voter.due = now + mixed(self.seed ^ 0x5EED, number as u64) % self.window.max(1);
            self.queue.push((voter.due, number));
        }
        self.queue.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Casts the voter's vote again `at` a moment; its latency counts from `intended`.
    fn again(&mut self, number: usize, at: Nanos, intended: Nanos) {
        if let Some(voter) = self.voters.get_mut(number) {
            voter.due = intended;
            let place = self.queue.partition_point(|(due, _)| *due > at);
            self.queue.insert(place, (at, number));
        }
    }

    /// Casts the votes whose moment has come.
    pub fn send_due(&mut self, swarm: &mut Swarm) {
        let now = swarm.now();
        while let Some((_, number)) = self.queue.last().copied().filter(|(due, _)| *due <= now) {
            self.queue.pop();
            let intended = self.voters.get(number).map_or(now, |voter| voter.due);
            if self.cast(swarm, number, intended) {
                self.after_cast(swarm, number, intended);
            } else {
                // No connection at this moment: as soon as there is one.
                self.again(number, now + AGAIN_AFTER, intended);
            }
        }
    }

    fn cast(&mut self, swarm: &mut Swarm, number: usize, intended: Nanos) -> bool {
        let Some((option, sequence)) = self.voters.get(number).map(|voter| (voter.option, voter.sequence)) else {
            return true;
        };
        let Some(Dialect::Plenum(codec)) = swarm.get(number).map(|connection| connection.dialect()) else {
            return false;
        };
        let question = self.question;
        let Some(id) = swarm.command(number, |id| wire::vote(codec, id, question, option, sequence)) else {
            return false;
        };
        self.waiting.insert((number, id), (option, intended));
        true
    }

    fn after_cast(&mut self, swarm: &mut Swarm, number: usize, intended: Nanos) {
        let Some(voter) = self.voters.get_mut(number) else { return };
        let repeats = voter.part == Part::Repeats && voter.acked.is_none();
        if std::mem::take(&mut voter.drops) {
            swarm.cut(number);
            self.lost(number);
        } else if repeats {
            self.cast(swarm, number, intended);
        }
    }

    /// What was not answered on this connection is cast again on the next one.
    fn lost(&mut self, number: ConnectionNumber) {
        let of_this = self.waiting.iter().filter(|((connection, _), _)| *connection == number);
        let intended = of_this.map(|(_, (_, intended))| *intended).min();
        if let Some(intended) = intended {
            self.waiting.retain(|(connection, _), _| *connection != number);
            self.again(number, intended, intended);
        }
        self.gone.push(number);
    }

    /// Opens what is over again.
    pub fn reconnect(&mut self, swarm: &mut Swarm, stage: &Stage) -> std::io::Result<()> {
        for number in std::mem::take(&mut self.gone) {
            swarm.reopen(number, stage.plan(number))?;
        }
        Ok(())
    }

    pub fn is_done(&self) -> bool {
        self.queue.is_empty() && self.waiting.is_empty() && self.gone.is_empty() && self.fed.is_empty()
    }

    /// The ends of connections are ours.
    pub fn expect_ends(&mut self) {
        self.ends_expected = true;
    }

    /// Those who vote after the close alone, and those who try another one.
    pub fn late(&mut self, swarm: &mut Swarm) {
        self.closed = true;
        let now = swarm.now();
        let late: Vec<usize> = (0..self.voters.len())
            .filter(|number| self.voters.get(*number).is_some_and(|voter| voter.part == Part::Late))
            .collect();
        for number in late {
            self.cast(swarm, number, now);
        }
    }

    pub fn late_open(&self) -> usize {
        self.waiting.len()
    }

    /// Everybody changes their ballot until then.
    pub fn feed(&mut self, swarm: &Swarm, until: Nanos) {
        self.feed_until = until;
        self.fed = (0..swarm.count())
            .filter(|number| self.voters.get(*number).is_some_and(|v| v.part != Part::Late))
            .collect();
    }

    /// Whoever was answered changes it again.
    pub fn feed_on(&mut self, swarm: &mut Swarm) {
        let now = swarm.now();
        for number in std::mem::take(&mut self.fed) {
            if now >= self.feed_until {
                continue;
            }
            if let Some(voter) = self.voters.get_mut(number) {
                voter.option = voter.option % OPTIONS + 1;
                voter.sequence += 1;
            }
            self.cast(swarm, number, now);
        }
    }

    pub fn acked_votes(&self) -> u64 {
        self.acked
    }

    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    pub fn signals(&self) -> u64 {
        self.signals
    }

    pub fn shown(&self) -> usize {
        self.shown
    }

    pub fn last_shown(&self) -> Nanos {
        self.last_shown
    }

    pub fn late_acked(&self) -> u64 {
        self.late_acked
    }

    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }

    pub fn count(&self, part: Part) -> u64 {
        self.voters.iter().filter(|voter| voter.part == part).count() as u64
    }

    /// How many were last told that they voted for each option.
    pub fn acked_counts(&self) -> Vec<u64> {
        let of = |option: u16| self.voters.iter().filter(|voter| voter.acked == Some(option)).count() as u64;
        (1..=OPTIONS).map(of).collect()
    }

    fn voted(&mut self, number: usize, option: u16, intended: Nanos, at: Nanos) {
        self.acked += 1;
        if self.feed_until == 0 {
            self.latencies.record(intended, at);
        } else {
            self.fed.push(number);
        }
        let Some(voter) = self.voters.get_mut(number) else { return };
        voter.acked = Some(option);
        if std::mem::take(&mut voter.changes) {
            voter.option = option % OPTIONS + 1;
            voter.sequence += 1;
            self.again(number, at + AGAIN_AFTER, at + AGAIN_AFTER);
        }
    }
}

impl Sink for Hall {
    fn answered(&mut self, connection: ConnectionNumber, id: u32, answer: Answer, at: Nanos) {
        let Some((option, intended)) = self.waiting.remove(&(connection, id)) else { return };
        match answer {
            Answer::Voted(_) if self.closed => self.late_acked += 1,
            Answer::Voted(_) => self.voted(connection, option, intended, at),
            Answer::Refused(refusal) if self.closed && refusal.code == RefusalCode::Gone => {}
            Answer::Refused(refusal) if refusal.code.is_retryable() => {
                self.again(connection, at + AGAIN_AFTER, intended);
            }
            Answer::Refused(refusal) => self.troubles.push(refusal.to_string()),
            Answer::Sent(_) | Answer::Page(_) => {}
        }
    }

    fn signalled(&mut self, connection: ConnectionNumber, signal: &Signal, at: Nanos) {
        let Signal::Results(results) = signal else { return };
        self.signals += 1;
        let Some(voter) = self.voters.get_mut(connection) else { return };
        if results.closed && !std::mem::replace(&mut voter.shown, true) {
            self.shown += 1;
            self.last_shown = self.last_shown.max(at);
        }
    }

    fn closed(&mut self, connection: ConnectionNumber, code: Option<u16>) {
        if !self.ends_expected {
            self.troubles.push(format!("connection {connection} ended, close code {code:?}"));
        }
        self.lost(connection);
    }
}
