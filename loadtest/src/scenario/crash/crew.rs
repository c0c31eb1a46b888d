//! The clients of a run and the load they make: the same for one server and for a cluster.

use super::client::Clients;
use super::{Crash, Failure, per_second};
use crate::clock::{Clock, Nanos, seconds};
use crate::connection::{ConnectionNumber, Plan, Sink};
use crate::load::Codecs;
use crate::net::SocketOptions;
use crate::progress::Progress;
use crate::report::{Report, Series, Timeline};
use crate::swarm::Swarm;
use crate::target::{self, Account};
use crate::wire::{self, Dialect};
use plenum_schema::topic::Topic;
use std::net::SocketAddr;
use std::time::Duration;

const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// How often the rate is noted.
const SAMPLE: Nanos = 250_000_000;

/// Clients that send, receive, come back, resume and repeat.
pub(super) struct Crew {
    pub crash: Crash,
    pub accounts: Vec<Account>,
    pub topics: Vec<Topic>,
    pub swarm: Swarm,
    pub clients: Clients,
    /// Messages that were due so far.
    scheduled: u64,
    samples: Vec<(f64, f64)>,
    /// The same of connections that were opened again.
    comebacks: Vec<(f64, f64)>,
    next_sample: Nanos,
    sampled: u64,
    sampled_comebacks: u64,
}

impl Crew {
    /// Puts the accounts into conversations, by way of one server.
    ///
    /// # Errors
    /// When the server does not make them.
    pub fn gather(server: SocketAddr, clock: Clock, crash: Crash, accounts: Vec<Account>) -> Result<Self, Failure> {
        let conversations = crash.conversations.clamp(1, crash.senders);
        let mut topics = Vec::new();
        for topic in 0..conversations {
            let members: Vec<Account> = accounts.iter().skip(topic).step_by(conversations).cloned().collect();
            topics.push(target::create_group(server, &format!("crash {topic}"), &members)?);
        }
        let swarm = Swarm::new(server, &topics, clock)?;
        let clients = Clients::new(crash.senders, conversations, crash.window);
        Ok(Self {
            crash,
            accounts,
            topics,
            swarm,
            clients,
            scheduled: 0,
            samples: Vec::new(),
            comebacks: Vec::new(),
            next_sample: 0,
            sampled: 0,
            sampled_comebacks: 0,
        })
    }

    fn plan(&self, number: ConnectionNumber) -> Plan {
        let dialect = Dialect::Plenum(Codecs::Mixed.of(number / self.topics.len().max(1)));
        let token = self.accounts.get(number).map_or("".into(), |account| account.token.clone());
        let topics = vec![(self.clients.topic(number), self.clients.position(number))];
        Plan { dialect, token, topics, socket: SocketOptions::default(), deaf: false }
    }

    /// Connects everybody.
    ///
    /// # Errors
    /// When not all are in service in time.
    pub fn connect(&mut self, within: Duration) -> Result<(), Failure> {
        let plans = (0..self.crash.senders).map(|number| self.plan(number)).collect();
        self.swarm.open_all(plans, within, &mut self.clients)?;
        Ok(())
    }

    /// One turn of the swarm, with reconnections and repetitions. Repetitions go out in the turn in which a client comes
    /// back: before anything new of the same client. `home` says where a client goes that comes back, where that is not always the same.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn turn(
        &mut self,
        now: Nanos,
        mut home: impl FnMut(ConnectionNumber) -> Option<SocketAddr>,
    ) -> Result<(), Failure> {
        for number in self.clients.impatient(now) {
            self.swarm.cut(number);
            self.clients.closed(number, None);
        }
        for number in self.clients.take_due_reconnects(now) {
            if let Some(address) = home(number) {
                self.swarm.direct(number, address);
            }
            let plan = self.plan(number);
            // Loopback may refuse at once while nobody listens: that is one more try.
            if self.swarm.reopen(number, plan).is_err() {
                self.clients.closed(number, None);
            }
        }
        self.swarm.turn(&mut self.clients)?;
        for (number, marker) in self.clients.take_repeats(now) {
            self.send(number, marker);
        }
        for number in self.clients.ready_to_send() {
            self.send_new(number, now);
        }
        Ok(())
    }

    /// New messages that are due. One whose sender has no room waits in it.
    pub fn schedule(&mut self, start: Nanos, now: Nanos) {
        loop {
            let due = start + crate::load::due_after(self.scheduled, self.crash.rate);
            if due > now {
                return;
            }
            let number = usize::try_from(self.scheduled).unwrap_or(0) % self.crash.senders.max(1);
            self.scheduled += 1;
            self.clients.due(number, due);
            self.send_new(number, now);
        }
    }

    /// Sends what is due, as much as the sender may.
    fn send_new(&mut self, number: ConnectionNumber, now: Nanos) {
        while let Some(marker) = self.clients.new_message(number, now) {
            self.send(number, marker);
        }
    }

    fn send(&mut self, number: ConnectionNumber, marker: u64) {
        let Some(&topic) = self.topics.get(self.clients.topic(number) as usize) else { return };
        let Some(Dialect::Plenum(codec)) = self.swarm.get(number).map(|live| live.dialect()) else { return };
        if let Some(id) = self.swarm.command(number, |id| wire::send(codec, id, topic, marker, 64)) {
            self.clients.sent(number, id, marker);
        }
    }

    /// Notes the rate now and then.
    pub fn sample(&mut self, (start, now): (Nanos, Nanos), progress: &Progress, done: &str) {
        let before = if self.next_sample == 0 { start } else { self.next_sample };
        if now < before + SAMPLE {
            return;
        }
        let acked = self.clients.acked_count();
        self.samples.push((seconds(now - start), per_second(acked - self.sampled, now - before)));
        let reconnects = self.clients.reconnects();
        self.comebacks.push((seconds(now - start), per_second(reconnects - self.sampled_comebacks, now - before)));
        self.sampled_comebacks = reconnects;
        (self.next_sample, self.sampled) = (now, acked);
        let text = format!("{done}, {acked} acked, {} repeated", self.clients.repeated());
        progress.tick((now - start) / 1_000_000_000, &text);
    }

    /// What is due goes out, everything unacknowledged is repeated until it is acknowledged; everyone catches up.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn settle(&mut self, mut home: impl FnMut(ConnectionNumber) -> Option<SocketAddr>) -> Result<(), Failure> {
        let deadline = self.swarm.clock().deadline(SETTLE_LIMIT);
        while !self.clients.is_settled() && self.swarm.now() < deadline {
            let now = self.swarm.now();
            self.turn(now, &mut home)?;
        }
        self.clients.give_up();
        for (number, unacked) in self.clients.unsettled() {
            let state = self.swarm.get(number).map(|live| (live.phase(), live.position(self.clients.topic(number))));
            self.swarm.checks().acked_lost += unacked;
            self.swarm
                .checks()
                .example(|| format!("client {number} is not settled: {unacked} unacknowledged, {state:?}"));
        }
        Ok(())
    }

    /// What the load was.
    pub fn parameters(&self, report: &mut Report) {
        report.parameter("senders", self.crash.senders);
        report.parameter("conversations", self.topics.len());
        report.parameter("messages per second wanted", self.crash.rate);
        report.parameter("unacknowledged messages per sender", self.crash.window);
    }

    /// What became of it, after the logs have been read.
    #[expect(clippy::cast_precision_loss, reason = "counts to print")]
    pub fn figures(&mut self, report: &mut Report) {
        report.figure("acked_messages", self.clients.acked_count() as f64);
        let held = self.clients.held();
        report.figure("late_messages", held.late as f64);
        report.figure("skipped_messages", held.skipped as f64);
        report.figure("repeated_sends", self.clients.repeated() as f64);
        report.figure("repetitions_answered_with_the_first_offset", self.clients.duplicate_acks() as f64);
        report.figure("reconnects", self.clients.reconnects() as f64);
        report.figure("retryable_refusals", self.clients.refused() as f64);
        report.figure("messages_left_out_of_the_order_check", self.clients.out_of_order() as f64);
        report.figure("checked_events", report.checks.events as f64);
        report.figure("acked_lost", report.checks.acked_lost as f64);
        report.figure("duplicates", report.checks.duplicates as f64);
        report.figure("reordered", report.checks.reordered as f64);
        report.figure("gaps", report.checks.lost as f64);
        report.latencies("ack_", "from when a message was due to its acknowledgement", self.clients.waits());
        for (code, times) in self.clients.ends() {
            let name = code.map_or("connections_lost".to_owned(), |code| format!("connections_closed_{code}"));
            report.figure(name, *times as f64);
        }
        report.notes.extend(self.clients.slowest().map(str::to_owned));
        let series = vec![Series { name: "acknowledged".to_owned(), points: std::mem::take(&mut self.samples) }];
        let (title, unit) = ("Acknowledged messages".to_owned(), "per second".to_owned());
        report.timelines.push(Timeline { title, unit, series });
        if self.clients.dismissals() > 0 {
            let what = "what clients of a node that drains are asked to wait before they come back";
            report.figure("dismissed", self.clients.dismissals() as f64);
            report.latencies("assigned_delay_", what, self.clients.assigned());
        }
        let series = vec![Series { name: "connections".to_owned(), points: std::mem::take(&mut self.comebacks) }];
        let (title, unit) = ("Clients that come back".to_owned(), "per second".to_owned());
        report.timelines.push(Timeline { title, unit, series });
    }
}
