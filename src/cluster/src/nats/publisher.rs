//! Publications of this node, on their way to its hubs and to other nodes.

use super::bus::{Bus, Shared};
use super::packet::{Item, TopicPacket};
use super::standing;
use plenum_actors::clock::MonoMillis;
use plenum_actors::hub::{Hubs, Shed};
use plenum_actors::presence::Presence;
use plenum_actors::publication::{Publication, Publisher};
use plenum_schema::{Offset, Refusal, Topic};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;

/// What waits to be sent.
#[derive(Debug)]
pub enum Outgoing {
    /// Publications of one topic.
    Batch(Vec<Arc<Publication>>),
    /// A log reaches to here.
    Head(Topic, Offset),
}

/// Hands publications to the hubs of this node, and to the bus.
pub struct BusPublisher {
    hubs: Arc<Hubs>,
    shared: Arc<Shared>,
    presence: OnceLock<Presence>,
}

impl BusPublisher {
    /// A publisher for the owners and services of a node.
    #[must_use]
    pub fn new(hubs: Arc<Hubs>, bus: &Bus) -> Arc<Self> {
        Arc::new(Self { hubs, shared: bus.shared().clone(), presence: OnceLock::new() })
    }

    /// Who is on other nodes is known from now on: people's own topics go only to nodes that have them. Later calls change nothing.
    pub fn follow(&self, presence: Presence) {
        // Once in a node's life.
        let _already = self.presence.set(presence).is_err();
    }

    fn queue(&self, outgoing: Outgoing) {
        // Whoever misses it there finds it in the log.
        if self.shared.outgoing.try_send(outgoing).is_err() {
            self.shared.metrics.count_lost("full");
        }
    }

    /// Whether anybody on another node could want it.
    fn is_for_others(&self, topic: Topic) -> bool {
        match topic {
            Topic::Conversation(_)
            | Topic::Conference(_)
            | Topic::Poll(_)
            | Topic::PollVoted(_)
            | Topic::PollHost(_)
            | Topic::Board(_)
            | Topic::BoardHost(_)
            | Topic::Status => true,
            Topic::User(user) => self.presence.get().is_none_or(|presence| presence.is_elsewhere(user)),
            // Every node decides for itself who is online, and tells those who follow there.
            Topic::Presence(_) => false,
        }
    }
}

impl Publisher for BusPublisher {
    fn publish(&self, batch: Vec<Arc<Publication>>) {
        let Some(topic) = batch.first().map(|publication| publication.topic) else { return };
        if self.is_for_others(topic) && self.shared.is_connected() {
            self.queue(Outgoing::Batch(batch.clone()));
        }
        self.hubs.publish(batch);
    }

    fn is_wanted(&self, topic: Topic) -> bool {
        self.hubs.is_wanted(topic) || self.is_for_others(topic)
    }

    fn has_personal(&self) -> bool {
        self.hubs.has_personal() || self.presence.get().is_none_or(Presence::has_other_nodes)
    }

    fn admit(&self, shed: Shed) -> Result<(), Refusal> {
        self.hubs.admit(shed)
    }

    fn announce(&self, topic: Topic, head: Offset) {
        self.hubs.announce(topic, head);
        self.queue(Outgoing::Head(topic, head));
    }
}

pub fn start(shared: &Arc<Shared>, queue: mpsc::Receiver<Outgoing>) {
    shared.spawn(Sender { shared: shared.clone(), unsettled: HashMap::new() }.run(queue));
}

struct Sender {
    shared: Arc<Shared>,
    /// Topics with publications that were told a moment ago. When it stays quiet they are told how far they reach: the last
    /// publication before a silence is the one whose loss nobody would notice. Of topics without a log it is the signal itself.
    unsettled: HashMap<Topic, (Newest, MonoMillis)>,
}

/// What is said again about a topic that fell quiet.
#[derive(Clone, Debug)]
enum Newest {
    /// Its log reaches to here.
    Head(Offset),
    /// It stands so.
    Signal(Arc<Publication>),
}

impl Sender {
    async fn run(mut self, mut queue: mpsc::Receiver<Outgoing>) {
        let mut ticks = tokio::time::interval(Duration::from_millis(self.shared.config.settle_ms / 2));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _tick = ticks.tick() => self.settle().await,
                outgoing = queue.recv() => match outgoing {
                    Some(Outgoing::Batch(batch)) => self.send_batch(&batch).await,
                    Some(Outgoing::Head(topic, head)) => self.send_head(topic, head).await,
                    None => return,
                },
            }
        }
    }

    async fn send_batch(&mut self, batch: &[Arc<Publication>]) {
        let Some(first) = batch.first() else { return };
        let topic = first.topic;
        let items = batch.iter().map(|publication| Item::of(publication)).collect();
        self.send(topic, &TopicPacket::Published(items)).await;
        let Some(last) = newest(topic, batch) else { return };
        if self.unsettled.len() < self.shared.config.settle_topics || self.unsettled.contains_key(&topic) {
            self.unsettled.insert(topic, (last, self.shared.clock.mono()));
        }
    }

    async fn send_head(&self, topic: Topic, head: Offset) {
        self.send(topic, &TopicPacket::Head(head)).await;
    }

    async fn send(&self, topic: Topic, packet: &TopicPacket) {
        if let Some(subject) = self.shared.subjects.topic(topic) {
            self.shared.send("publications", subject, packet).await;
        }
    }

    async fn settle(&mut self) {
        let until = self.shared.clock.mono().saturating_sub(self.shared.config.settle_ms);
        let mut settled = Vec::new();
        self.unsettled.retain(|topic, (newest, at)| {
            let is_quiet = *at <= until;
            if is_quiet {
                settled.push((*topic, newest.clone()));
            }
            !is_quiet
        });
        for (topic, newest) in settled {
            match newest {
                Newest::Head(head) => self.send_head(topic, head).await,
                Newest::Signal(signal) => self.send(topic, &TopicPacket::Published(vec![Item::of(&signal)])).await,
            }
        }
    }
}

fn newest(topic: Topic, batch: &[Arc<Publication>]) -> Option<Newest> {
    if standing::source(topic).is_some() {
        return batch.last().map(|signal| Newest::Signal(Arc::clone(signal)));
    }
    batch.iter().filter_map(|publication| publication.offset()).max().map(Newest::Head)
}
