//! Nodes and the owners that run on them.

use plenum_actors::aggregates::conversation::Conversation;
use plenum_actors::owner::core::{Core, Ticket};
use plenum_schema::Offset;
use std::collections::HashMap;

/// An owner on a node, from its start to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// On which node.
    pub node: usize,
    /// Of which conversation.
    pub conversation: usize,
    /// Which of all owners of the run.
    pub incarnation: u64,
}

/// One try of one client to have one message written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Try {
    /// Which client.
    pub client: usize,
    /// Which of its messages.
    pub message: usize,
    /// The how manieth try.
    pub attempt: u32,
}

/// Whoever waits for an owner's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asker {
    /// A client that the node serves.
    Client(Try),
    /// Nobody: a change of a message, which is checked where it is answered.
    Change {
        /// In which conversation.
        conversation: usize,
    },
    /// Another node, which has sent this errand.
    Errand {
        /// Which errand.
        number: u64,
    },
    /// Somebody who asks where the conversation stands.
    Question {
        /// When.
        at: u64,
        /// Where which conversation stands.
        conversation: usize,
    },
}

/// A running owner.
#[derive(Debug)]
pub struct Running {
    /// The real thing.
    pub core: Core<Conversation>,
    /// Which of all owners of the run.
    pub incarnation: u64,
    /// Commands without an answer: who asked, whether another node may have carried it out, since when it waits.
    pub open: HashMap<Ticket, (Asker, bool, u64)>,
    /// The earliest wake-up under way.
    pub armed: Option<u64>,
    /// What it must publish next; `None` before it has announced its head.
    pub next_publication: Option<Offset>,
}

/// A node.
#[derive(Debug, Default)]
pub struct Node {
    /// Its owner of each conversation.
    pub owners: Vec<Option<Running>>,
    /// Crashed and not started again.
    pub is_down: bool,
    /// Nothing moves until then.
    pub paused_until: u64,
    /// Nothing gets from the bus to it or back until then.
    pub cut_until: u64,
    /// From then on it knows that.
    pub cut_noticed: u64,
    /// The store does not answer it until then.
    pub unwell_until: u64,
    /// It takes no commands any more and will be started again.
    pub is_draining: bool,
    /// How often it was started again.
    pub run: u64,
    /// The other nodes, as it sees them.
    pub(crate) view: crate::world::View,
    /// How far its wall clock is off.
    pub skew: i64,
}
