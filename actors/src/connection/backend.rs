//! What a connection asks of the rest of Plenum. Every protocol's edge uses these same commands.

use crate::aggregates::conference::ConferenceView;
use crate::hub::{ConnectionKey, Post};
use crate::identity::Identity;
use actix::{Message, Recipient};
use plenum_schema::poll::Results;
use plenum_schema::wire::{AckResult, Command, Signal, Subscribed};
use plenum_schema::{ConferenceId, MessageId, Offset, Refusal, RefusalCode, Topic, UserId};

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

/// One of a person's conversations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Followed {
    /// Its topic.
    pub topic: Topic,
    /// The topic's durable head at this moment.
    pub head: Offset,
    /// The other person of a direct one.
    pub peer: Option<UserId>,
}

/// What a person is told of themself by protocols that greet them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Me {
    /// What others see.
    pub name: String,
    /// User name.
    pub username: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// URL of the picture.
    pub avatar: Option<String>,
    /// `user` or `admin`.
    pub role: String,
}

/// A person and their conversations, the last active first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Following {
    /// The person; absent where the token is of no account.
    pub me: Option<Me>,
    /// As many as were asked for.
    pub conversations: Vec<Followed>,
    /// The others with their durable heads, in the same order.
    pub others: Vec<(Topic, Offset)>,
}

/// How a conference stands for somebody who has come to it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hall {
    /// Whether they may see what its hosts see.
    pub hosts: bool,
    /// Topics on which they are told more of live questions than everybody: what hosts see, what voters see.
    pub topics: Vec<Topic>,
    /// Results of other live questions that everybody may see.
    pub results: Vec<Results>,
    /// The conference itself, as they see it.
    pub view: Option<Box<ConferenceView>>,
}

/// The rest of Plenum, as a connection sees it. None of these blocks; every reply is used exactly once.
pub trait Backend: Send + Sync + 'static {
    /// Whether a person may have one more command, over all their connections. Must not wait.
    ///
    /// # Errors
    /// `rateLimited` with the time to wait.
    fn admit(&self, caller: &Identity) -> Result<(), Refusal> {
        let _ = caller;
        Ok(())
    }

    /// Who has this token.
    fn authenticate(&self, token: String, reply: Reply<Identity>);

    /// Whether the caller may receive a topic, who has heard of it up to `since`: the head in the answer is at least as new.
    fn access(&self, caller: Identity, topic: Topic, since: Option<Offset>, reply: Reply<Access>);

    /// The caller's conversations, the last active first, at most `limit`: for protocols that follow them unasked.
    fn following(&self, caller: Identity, limit: usize, reply: Reply<Following>);

    /// Where a message stands, which the caller knows by its id alone: looked for in these topics. `notFound` when it is in none.
    fn locate(&self, message: MessageId, among: Vec<Topic>, reply: Reply<(Topic, Offset)>);

    /// Which conference has this code. `notFound` for every other code than their own to those whose token is of one conference.
    fn conference_of(&self, caller: Identity, code: String, reply: Reply<ConferenceId>);

    /// How a conference stands for the caller, beside what its log says: for protocols that tell it unasked.
    fn hall(&self, caller: Identity, conference: ConferenceId, reply: Reply<Hall>);

    /// How a topic without a log stands: said to whoever has just subscribed to it, so that nothing is missed in between. Of a
    /// conference: how large its audience is.
    fn standing(&self, topic: Topic) -> Option<Signal> {
        let _ = topic;
        None
    }

    /// Somebody has come, or come back, to their rooms: how many people are there is told again soon, to all who follow them.
    fn looks_around(&self, caller: &Identity) {
        let _ = caller;
    }

    /// Carries out every command but `identify`, `subscribe`, `unsubscribe` and `ping`: these belong to the connection and are
    /// refused as malformed.
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
    /// To any other command, which is named as in metrics.
    Done(u32, &'static str, Outcome<AckResult>),
}

impl Answer {
    /// The number of the command that it answers.
    #[must_use]
    pub fn id(&self) -> u32 {
        match self {
            Self::Identified(id, _) | Self::Access(id, ..) | Self::Done(id, ..) => *id,
        }
    }
}

/// Where the answers to a connection's commands go. Cheap to clone.
#[derive(Clone)]
pub enum ReplyTo {
    /// Into the mailbox of the connection's own actor.
    Actor(Recipient<Answer>),
    /// Into the mailbox of the connection's hub, which gives them to the socket ([`Socket::answer`](crate::hub::Socket::answer)).
    /// The hub is woken once for all answers that wait; a thousand connections would be woken one by one.
    Hub(Post, ConnectionKey),
}

impl From<Recipient<Answer>> for ReplyTo {
    fn from(actor: Recipient<Answer>) -> Self {
        Self::Actor(actor)
    }
}

impl ReplyTo {
    /// Sends an answer. One for a connection that has gone is dropped.
    #[expect(clippy::disallowed_methods, reason = "bounded by the commands in flight of the connection")]
    pub fn send(&self, answer: Answer) {
        match self {
            Self::Actor(actor) => actor.do_send(answer),
            Self::Hub(post, key) => post.answer(*key, answer),
        }
    }
}
