//! Clients: each sends its messages, waits for acknowledgements, and tries again, at the same node or another.

use crate::rng::Rng;
use plenum_schema::{Offset, UserId};
use uuid::Uuid;

/// One message that a client wants to be in a conversation.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// In which conversation.
    pub conversation: usize,
    /// What it says: different for every message of the run.
    pub text: String,
    /// With a client ref it is retried until it is acknowledged; without one it is sent once.
    pub client_ref: Option<String>,
    /// How often it was sent.
    pub attempt: u32,
    /// The offset of the first acknowledgement that arrived.
    pub acked: Option<Offset>,
    /// Nothing more will be done about it.
    pub is_over: bool,
}

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Who it is.
    pub user: UserId,
    /// What it sends, in this order.
    pub wanted: Vec<Wanted>,
    /// How many messages it sends without waiting for an answer; 1: it waits for each.
    pub window: usize,
    next: usize,
}

impl Client {
    /// The client with this number.
    #[must_use]
    pub fn new(number: usize, messages: usize, conversations: usize, rng: &mut Rng) -> Self {
        let wanted = (0..messages).map(|message| Wanted {
            conversation: rng.index(conversations),
            text: format!("c{number}-m{message}"),
            client_ref: (!rng.chance(100)).then(|| format!("m{message}")),
            attempt: 0,
            acked: None,
            is_over: false,
        });
        let wanted = wanted.collect();
        Self { user: user(number), wanted, window: rng.pick(&[1, 1, 2, 5]) as usize, next: 0 }
    }

    /// The messages to send now.
    pub fn due(&mut self) -> Vec<usize> {
        let mut open = self.wanted.iter().take(self.next).filter(|wanted| !wanted.is_over).count();
        let mut list = Vec::new();
        while open < self.window && self.next < self.wanted.len() {
            list.push(self.next);
            self.next += 1;
            open += 1;
        }
        list
    }

    /// Whether everything has been acknowledged or given up by right.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.wanted.iter().all(|wanted| wanted.is_over)
    }
}

/// The user of a client's number.
#[must_use]
pub fn user(number: usize) -> UserId {
    UserId(Uuid::from_u128(0xc000 + number as u128))
}
