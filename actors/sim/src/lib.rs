//! A world from a seed: nodes that all believe they own the same conversations, a store that delays, fails, loses answers
//! and applies writes late, a network that drops, doubles and reorders, clients that retry, crashes, pauses and clocks that
//! disagree. Time is virtual; the owner's core is the real one. Every run checks what Plenum promises (see [`check`]).

pub mod check;
pub mod client;
pub mod mutation;
pub mod node;
pub mod plan;
pub mod poll;
pub mod rng;
pub mod store;
pub mod subscriber;
pub mod world;

pub use mutation::{BusMutation, SubscriberMutation};
pub use plenum_actors::owner::core::Mutation;

/// How a run is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Breaks this rule of the core.
    pub mutation: Option<Mutation>,
    /// Breaks this rule of what nodes do with commands between each other.
    pub bus_mutation: Option<BusMutation>,
    /// Breaks this rule of what subscribers do.
    pub subscriber_mutation: Option<SubscriberMutation>,
    /// Clients also edit, delete and react to messages.
    pub changes: bool,
    /// Nodes send commands over a bus to the one that a conversation is placed on.
    pub bus: bool,
    /// Prints every event.
    pub trace: bool,
}

/// What a run did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Events carried out.
    pub events: u64,
    /// Commands acknowledged.
    pub acked: u64,
    /// Entries in the logs.
    pub entries: u64,
    /// Appends refused because somebody else had appended.
    pub conflicts: u64,
    /// Appends whose outcome had to be looked up.
    pub unknowns: u64,
    /// Commands recognised as repetitions.
    pub duplicates: u64,
    /// Nodes that crashed.
    pub crashes: u64,
    /// Commands that were answered by another node.
    pub carried: u64,
    /// Commands that went on to a third node or were carried out where they came from, because no answer came over the bus.
    pub fallbacks: u64,
    /// Commands that a node handed on although another one had sent them there.
    pub onward: u64,
    /// Messages without a client ref that a client sent again, being told that they were certainly not written.
    pub again: u64,
    /// Commands that an owner refused because the log did not take them in time.
    pub late: u64,
    /// Pauses of owners for each other.
    pub yields: u64,
    /// Questions that were answered.
    pub questions: u64,
    /// Gaps that subscribers were told of.
    pub gaps: u64,
}

impl Summary {
    /// Adds another run's numbers.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.acked += other.acked;
        self.entries += other.entries;
        self.conflicts += other.conflicts;
        self.unknowns += other.unknowns;
        self.duplicates += other.duplicates;
        self.crashes += other.crashes;
        self.carried += other.carried;
        self.fallbacks += other.fallbacks;
        self.onward += other.onward;
        self.again += other.again;
        self.late += other.late;
        self.yields += other.yields;
        self.questions += other.questions;
        self.gaps += other.gaps;
    }
}

/// A promise was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The run.
    pub seed: u64,
    /// Virtual milliseconds since its start.
    pub at: u64,
    /// Which promise, and how.
    pub what: String,
}

/// Runs the world of a seed: the same seed and options do exactly the same again.
///
/// # Errors
/// The first broken promise.
pub fn run(seed: u64, options: Options) -> Result<Summary, Failure> {
    world::World::new(seed, options).run()
}
