//! The world: virtual time, a queue of events, and everything that happens to nodes, clients and subscribers.

mod bus;
mod changes;
mod events;
mod members;
mod network;
mod owners;
mod storage;

use crate::check::{self, Acks};
use crate::client::{Client, user};
use crate::node::Node;
use crate::plan::{Faults, Plan};
use crate::rng::Rng;
use crate::store::Log;
use crate::subscriber::Subscriber;
use crate::{Failure, Options, Summary};
use events::{Event, Queue};
pub(crate) use members::View;
use plenum_actors::store::Entry;
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Created, Stored};
use plenum_schema::{EntryId, codec};
use std::sync::Arc;
use uuid::Uuid;

/// Prints a line of the trace, when it is wanted.
macro_rules! trace {
    ($world:expr, $($text:tt)*) => {
        if $world.options.trace {
            println!("{:>7} ms  {}", $world.now, format_args!($($text)*));
        }
    };
}
pub(crate) use trace;

/// One run.
#[derive(Debug)]
pub struct World {
    seed: u64,
    options: Options,
    rng: Rng,
    now: u64,
    queue: Queue,
    heal_at: u64,
    deadline: u64,
    faults: Faults,
    owner_config: Arc<plenum_actors::owner::OwnerConfig>,
    nodes: Vec<Node>,
    logs: Vec<Log>,
    clients: Vec<Client>,
    /// Of each conversation; the last of them hears of it now and then only.
    subscribers: Vec<Vec<Subscriber>>,
    acks: Acks,
    bus: bus::Bus,
    split: members::Split,
    incarnations: u64,
    tickets: u64,
    fresh: u64,
    failure: Option<String>,
    summary: Summary,
}

/// The aggregate id of a conversation's number.
fn conversation_id(number: usize) -> Uuid {
    Uuid::from_u128(0xa000 + number as u128)
}

/// A log that holds the creation of its conversation.
fn created(members: usize, is_eager: bool) -> Log {
    let members: Vec<_> = (0..members).map(user).collect();
    let by = user(0);
    let event =
        ConversationEvent::Created(Created { kind: ConversationKind::Group, title: None, by, members, room: None });
    let payload = codec::store(1, &Stored { at: 0, event }).unwrap_or_default();
    Log::new(vec![Entry { id: EntryId(Uuid::from_u128(0xf00d)), payload }], is_eager)
}

impl World {
    /// The world of a seed, before anything happens.
    #[must_use]
    pub fn new(seed: u64, options: Options) -> Self {
        let mut rng = Rng::new(seed);
        let plan = Plan::new(&mut rng);
        let skew = i64::try_from(plan.faults.skew).unwrap_or(0);
        let node = |rng: &mut Rng| Node {
            owners: (0..plan.conversations).map(|_| None).collect(),
            skew: i64::try_from(rng.between(0, plan.faults.skew * 2)).unwrap_or(0) - skew,
            ..Node::default()
        };
        let nodes = (0..plan.nodes).map(|_| node(&mut rng)).collect();
        let logs = (0..plan.conversations).map(|_| created(plan.clients, rng.chance(500))).collect();
        let client = |number| Client::new(number, plan.messages, plan.conversations, &mut rng);
        let clients = (0..plan.clients).map(client).collect();
        let mut world = Self {
            seed,
            options,
            now: 0,
            queue: Queue::default(),
            heal_at: plan.heal_at,
            deadline: plan.deadline,
            faults: plan.faults.clone(),
            owner_config: Arc::new(plan.owner.clone()),
            nodes,
            logs,
            clients,
            subscribers: vec![
                vec![Subscriber::new(options.subscriber_mutation); plan.subscribers + 1];
                plan.conversations
            ],
            acks: Acks::default(),
            bus: bus::Bus::default(),
            split: members::Split::default(),
            incarnations: 0,
            tickets: 0,
            fresh: 0,
            failure: None,
            summary: Summary::default(),
            rng,
        };
        trace!(world, "{plan:?}");
        world.schedule_faults();
        if options.bus {
            world.schedule_bus();
        }
        world
    }

    /// Lets everything happen.
    ///
    /// # Errors
    /// The first broken promise.
    pub fn run(mut self) -> Result<Summary, Failure> {
        let result = self.live().and_then(|()| self.settle()).and_then(|()| self.judge());
        match result {
            Ok(()) => {
                self.summary.acked = self.acks.count();
                self.summary.entries = self.logs.iter().map(|log| log.entries.len() as u64).sum();
                self.summary.gaps = self.subscribers.iter().flatten().map(|one| one.gaps().count() as u64).sum();
                Ok(self.summary)
            }
            Err(what) => {
                trace!(self, "BROKEN: {what}");
                Err(Failure { seed: self.seed, at: self.now, what })
            }
        }
    }

    fn schedule_faults(&mut self) {
        for client in 0..self.clients.len() {
            let at = self.rng.between(0, 50);
            self.queue.push(at, Event::Start { client });
        }
        for _ in 0..self.faults.crashes {
            let at = self.rng.between(0, self.heal_at);
            let node = self.rng.index(self.nodes.len());
            self.queue.push(at, Event::Crash { node });
        }
        for _ in 0..self.faults.pauses {
            let at = self.rng.between(0, self.heal_at);
            let node = self.rng.index(self.nodes.len());
            let until = at + self.rng.between(10, 800);
            self.queue.push(at, Event::Pause { node, until });
        }
        self.queue.push(self.heal_at, Event::Heal);
        self.schedule_late_readers();
    }

    /// Subscribers that come after long pauses, when retention has been there. They draw from a hat of their own, so that seeds of
    /// before mean the same worlds.
    fn schedule_late_readers(&mut self) {
        let mut rng = self.rng.clone();
        for conversation in 0..self.logs.len() {
            for _ in 0..4 {
                let at = rng.between(0, self.heal_at + 500);
                self.queue.push(at, Event::ComeLate { conversation });
            }
        }
    }

    /// Until every client has what it wanted.
    fn live(&mut self) -> Result<(), String> {
        while !self.clients.iter().all(Client::is_done) {
            if !self.step()? {
                return Err("everything stands still and clients still wait".into());
            }
            if self.now > self.deadline {
                return Err(format!("not everything is acked {} ms after the faults ended", self.now - self.heal_at));
            }
        }
        Ok(())
    }

    /// Until nothing happens any more; then subscribers hear the heads, as heart-beats tell them.
    fn settle(&mut self) -> Result<(), String> {
        while self.step()? {
            if self.now > self.deadline + 60_000 {
                return Err("owners never come to rest".into());
            }
        }
        for conversation in 0..self.logs.len() {
            self.announce_head(conversation);
            self.come_late(conversation);
        }
        while self.step()? {}
        Ok(())
    }

    fn judge(&self) -> Result<(), String> {
        for (conversation, log) in self.logs.iter().enumerate() {
            check::log(conversation, log, &self.clients, &self.acks)?;
            for subscriber in self.subscribers.get(conversation).into_iter().flatten() {
                check::subscriber(log, subscriber)?;
            }
        }
        Ok(())
    }

    /// The next event; false when there is none.
    fn step(&mut self) -> Result<bool, String> {
        let Some((at, event)) = self.queue.pop() else { return Ok(false) };
        self.now = at;
        self.summary.events += 1;
        self.happen(event);
        self.failure.take().map_or(Ok(true), Err)
    }

    /// Remembers the first broken promise.
    fn expect(&mut self, result: Result<(), String>) {
        if let Err(what) = result {
            self.failure.get_or_insert(what);
        }
    }
}
