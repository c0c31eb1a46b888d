//! Accounting of a fan-out load: each message sent, each delivery it must have, each latency.

use crate::book::TopicIndex;
use crate::checker::{Checks, Verdict};
use crate::clock::Nanos;
use crate::connection::{Answer, ConnectionNumber, Delivery, Sink};
use crate::histogram::Latencies;
use std::collections::HashMap;

/// One message of the run; its marker is the loader's base and its index.
#[derive(Debug, Clone, Copy)]
struct Sent {
    intended: Nanos,
    topic: TopicIndex,
    missing: u32,
    offset: u64,
}

/// The books of one round.
#[derive(Debug, Default)]
pub struct Loader {
    base: u64,
    sent: Vec<Sent>,
    heads: Vec<u64>,
    unanswered: HashMap<(ConnectionNumber, u32), u64>,
    finished: Vec<TopicIndex>,
    measuring: bool,
    latencies: Latencies,
    ack_latencies: Latencies,
    this_second: Latencies,
    second_ends: Nanos,
    second_p99s: Vec<f64>,
    healthy: Option<usize>,
    checks: Checks,
    /// Receivers of each topic.
    members: Vec<u32>,
    ready: usize,
    delivered: u64,
    measured: u64,
    completed: u64,
    expected_closes: bool,
}

impl Loader {
    /// Books for this many topics with this many receivers each.
    #[must_use]
    pub fn new(topics: usize, members: u32) -> Self {
        Self::of(vec![members; topics])
    }

    /// Books for topics with so many receivers.
    #[must_use]
    pub fn of(members: Vec<u32>) -> Self {
        Self { base: crate::wire::fresh_markers(), heads: vec![0; members.len()], members, ..Self::default() }
    }

    /// Only connections below this number count in latencies and deliveries (the others are there to disturb).
    pub fn only_healthy(&mut self, below: usize) {
        self.healthy = Some(below);
    }

    /// The marker of the next message.
    #[must_use]
    pub fn next_marker(&self) -> u64 {
        self.base + self.sent.len() as u64
    }

    /// The offset the next yardstick message of a topic carries: the generator counts there.
    pub fn next_offset(&mut self, topic: TopicIndex) -> u64 {
        let Some(head) = self.heads.get_mut(topic as usize) else { return 0 };
        *head += 1;
        *head
    }

    /// A message goes out; `command` names its answer.
    pub fn sending(&mut self, topic: TopicIndex, intended: Nanos, command: Option<(ConnectionNumber, u32)>) {
        if let Some(key) = command {
            self.unanswered.insert(key, self.next_marker());
        }
        let missing = self.members.get(topic as usize).copied().unwrap_or(0);
        self.sent.push(Sent { intended, topic, missing, offset: 0 });
    }

    /// Starts or stops measuring.
    pub fn measure(&mut self, on: bool) {
        self.measuring = on;
    }

    /// Topics of messages that have reached everyone since the last call: a closed loop sends the next there.
    pub fn take_finished(&mut self) -> Vec<TopicIndex> {
        std::mem::take(&mut self.finished)
    }

    /// Messages that have not reached everyone.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.sent.len() as u64 - self.completed
    }

    /// Whether everything sent has reached everyone and every send has been answered.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.in_flight() == 0 && self.unanswered.is_empty()
    }

    /// Connections in service.
    #[must_use]
    pub fn ready_count(&self) -> usize {
        self.ready
    }

    /// All deliveries so far.
    #[must_use]
    pub fn delivered_count(&self) -> u64 {
        self.delivered
    }

    /// Deliveries while measuring.
    #[must_use]
    pub fn measured_count(&self) -> u64 {
        self.measured
    }

    /// Messages sent so far.
    #[must_use]
    pub fn sent_count(&self) -> u64 {
        self.sent.len() as u64
    }

    /// Messages that have reached everyone.
    #[must_use]
    pub fn completed_count(&self) -> u64 {
        self.completed
    }

    /// The highest offset seen of each topic.
    #[must_use]
    pub fn heads(&self) -> &[u64] {
        &self.heads
    }

    /// The latencies while measuring.
    #[must_use]
    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// Latencies of the acknowledgements while measuring, as their senders saw them.
    #[must_use]
    pub fn ack_latencies(&self) -> &Latencies {
        &self.ack_latencies
    }

    /// From now on ends of connections are expected.
    pub fn expect_closes(&mut self) {
        self.expected_closes = true;
    }

    /// Closes the books: what nobody received is lost to all. Answers what was found wrong here.
    #[must_use]
    pub fn close(mut self) -> Checks {
        let nobody = self.sent.iter().filter(|one| one.offset == 0 && one.missing > 0);
        let lost: u64 = nobody.map(|one| u64::from(one.missing)).sum();
        self.checks.lost += lost;
        if lost > 0 {
            self.checks.example(|| format!("{lost} deliveries of messages that reached nobody"));
        }
        self.checks
    }

    fn record_second(&mut self, intended: Nanos, at: Nanos) {
        if at >= self.second_ends {
            if self.this_second.count() > 0 {
                self.second_p99s.push(self.this_second.ms(99.0));
                self.this_second = Latencies::new();
            }
            self.second_ends = at + 1_000_000_000;
        }
        self.this_second.record(intended, at);
    }

    /// p99 in milliseconds of each whole second of the measured time.
    #[must_use]
    pub fn second_p99s(&self) -> &[f64] {
        &self.second_p99s
    }

    fn index(&self, marker: u64) -> Option<usize> {
        usize::try_from(marker.checked_sub(self.base)?).ok()
    }

    fn finish(&mut self, topic: TopicIndex) {
        self.completed += 1;
        self.finished.push(topic);
    }
}

impl Sink for Loader {
    fn ready(&mut self, _connection: ConnectionNumber) {
        self.ready += 1;
    }

    fn delivered(&mut self, connection: ConnectionNumber, delivery: &Delivery) {
        if let Some(head) = self.heads.get_mut(delivery.topic as usize) {
            *head = (*head).max(delivery.offset);
        }
        if self.healthy.is_some_and(|below| connection >= below) || delivery.verdict == Verdict::Duplicate {
            return;
        }
        self.delivered += 1;
        let index = delivery.marker.and_then(|marker| self.index(marker));
        let Some(one) = index.and_then(|index| self.sent.get_mut(index)) else { return };
        if one.topic != delivery.topic || (one.offset != 0 && one.offset != delivery.offset) {
            self.checks.diverged += 1;
            self.checks.example(|| format!("message {index:?} came at {} and elsewhere too", delivery.offset));
            return;
        }
        one.offset = delivery.offset;
        one.missing = one.missing.saturating_sub(1);
        let finished = one.missing == 0;
        if self.measuring {
            self.measured += 1;
            let intended = one.intended;
            self.latencies.record(intended, delivery.at);
            self.record_second(intended, delivery.at);
        }
        if finished {
            self.finish(delivery.topic);
        }
    }

    fn answered(&mut self, connection: ConnectionNumber, id: u32, answer: Answer, at: Nanos) {
        let Some(marker) = self.unanswered.remove(&(connection, id)) else { return };
        let Some(one) = self.index(marker).and_then(|index| self.sent.get_mut(index)) else { return };
        match answer {
            Answer::Sent(sent) => {
                if self.measuring {
                    self.ack_latencies.record(one.intended, at);
                }
                if one.offset != 0 && one.offset != sent.offset || sent.duplicate {
                    self.checks.diverged += 1;
                    self.checks.example(|| format!("message {marker} acked at {}, not as delivered", sent.offset));
                }
                if let Some(head) = self.heads.get_mut(one.topic as usize) {
                    *head = (*head).max(sent.offset);
                }
            }
            Answer::Refused(refusal) => {
                one.missing = 0;
                let topic = one.topic;
                self.checks.unexpected_refusals += 1;
                self.checks.example(|| format!("message {marker} refused: {refusal}"));
                self.finish(topic);
            }
            Answer::Page(_) | Answer::Voted(_) => {}
        }
    }

    fn closed(&mut self, connection: ConnectionNumber, code: Option<u16>) {
        let disturber = self.healthy.is_some_and(|below| connection >= below);
        if !self.expected_closes && !disturber {
            self.checks.unexpected_closes += 1;
            self.checks.example(|| format!("connection {connection} ended by the server, close code {code:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(loader: &Loader, index: u64, offset: u64, at: Nanos) -> Delivery {
        Delivery { topic: 0, offset, marker: Some(loader.base + index), verdict: Verdict::InOrder, at }
    }

    fn deliver(loader: &mut Loader, to: usize, (index, offset, at): (u64, u64, Nanos)) {
        let delivery = delivery(loader, index, offset, at);
        loader.delivered(to, &delivery);
    }

    #[test]
    fn a_message_is_finished_when_everyone_has_it() {
        let mut loader = Loader::new(1, 2);
        loader.sending(0, 5, None);
        deliver(&mut loader, 0, (0, 1, 10));
        assert!(loader.take_finished().is_empty());
        deliver(&mut loader, 1, (0, 1, 10));
        assert_eq!(loader.take_finished(), [0]);
        assert!(loader.is_settled() && loader.close().passed());
    }

    #[test]
    fn a_message_that_reaches_nobody_is_lost_to_all() {
        let mut loader = Loader::new(1, 3);
        loader.sending(0, 5, None);
        assert_eq!(loader.close().lost, 3);
    }

    #[test]
    fn a_message_at_two_offsets_is_a_divergence() {
        let mut loader = Loader::new(1, 2);
        loader.sending(0, 5, None);
        deliver(&mut loader, 0, (0, 1, 10));
        deliver(&mut loader, 1, (0, 2, 10));
        assert_eq!(loader.close().diverged, 1);
    }

    #[test]
    fn only_measured_deliveries_have_latencies() {
        let mut loader = Loader::new(1, 1);
        loader.sending(0, 0, None);
        deliver(&mut loader, 0, (0, 1, 10));
        loader.measure(true);
        loader.sending(0, 0, None);
        deliver(&mut loader, 0, (1, 2, 10));
        assert_eq!((loader.delivered_count(), loader.measured_count(), loader.latencies().count()), (2, 1, 1));
    }
}
