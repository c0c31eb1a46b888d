//! What a connection asks of the rest of Plenum. Every protocol's edge uses these same commands.

use crate::identity::Identity;
use actix::Message;
use plenum_schema::wire::{AckResult, Command, Subscribed};
use plenum_schema::{Offset, Refusal, RefusalCode, Topic};

/// The answer to a command.
pub type Outcome<T> = Result<T, Refusal>;

/// Takes the answer, once, on any thread.
pub type Reply<T> = Box<dyn FnOnce(Outcome<T>) + Send>;

/// The caller may receive a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The topic's durable head at this moment; 0 for a topic without a log.
    pub head: Offset,
}

impl Access {
    /// The subscription that was asked for: from the head when no position was named.
    ///
    /// # Errors
    /// `invalid` (`since`) when the position lies beyond the head.
    pub fn subscribed(self, topic: Topic, since: Option<Offset>) -> Outcome<Subscribed> {
        let Self { head } = self;
        let since = since.unwrap_or(head);
        if topic.log().is_some() && since > head {
            return Err(Refusal::field(RefusalCode::Invalid, "since", format!("the topic's head is {head}")));
        }
        Ok(Subscribed { topic, head, since: if topic.log().is_some() { since } else { head } })
    }
}

/// The rest of Plenum, as a connection sees it. None of these blocks; every reply is used exactly once.
pub trait Backend: Send + Sync + 'static {
    /// Who has this token.
    fn authenticate(&self, token: String, reply: Reply<Identity>);

    /// Whether the caller may receive a topic.
    fn access(&self, caller: Identity, topic: Topic, reply: Reply<Access>);

    /// Carries out `send`, `history`, `typing` or `mark`. The others belong to the connection and are refused as malformed.
    fn call(&self, caller: Identity, command: Command, reply: Reply<AckResult>);
}

/// An answer on its way back to the connection that asked.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub enum Answer {
    /// To `identify`.
    Identified(u32, Outcome<Identity>),
    /// To the question before a subscription; carries topic and `since` along.
    Access(u32, Topic, Option<Offset>, Outcome<Access>),
    /// To any other command.
    Done(u32, Outcome<AckResult>),
}
