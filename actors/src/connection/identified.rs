//! A connection whose account is known.

use super::admission::UserPlace;
use super::backend::{Access, Answer, Backend, Outcome, ReplyTo};
use super::config::ConnectionConfig;
use super::metrics;
use super::unidentified::{ask, check};
use crate::hub::{ConnectionKey, HubHandle, Shed};
use crate::identity::Identity;
use plenum_schema::wire::{AckResult, Command, Identify, Subscribe, Subscribed, Unsubscribe, Unsubscribed};
use plenum_schema::{Offset, Refusal, RefusalCode, Topic, log::MAX_OFFSET};

/// After identification.
#[derive(Debug)]
pub struct Identified {
    identity: Identity,
    /// Keeps the account's count while the connection lives.
    _place: UserPlace,
    /// Subscriptions that are being checked: they count towards the limit, and the hub expects them.
    subscribing: Vec<Topic>,
    /// An `identify` that would extend the stay is being checked.
    extending: bool,
}

/// What a command came to at once.
pub(super) enum Now {
    /// The answer comes later.
    Later,
    /// This is the answer.
    Answer(AckResult),
}

impl Identified {
    pub(super) fn new(identity: Identity, place: UserPlace) -> Self {
        Self { identity, _place: place, subscribing: Vec::new(), extending: false }
    }

    /// Whose connection it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Checks a newer token, to stay beyond the old one's expiry.
    pub(super) fn extend(
        &mut self,
        id: u32,
        command: Identify,
        config: &ConnectionConfig,
        (backend, me): (&dyn Backend, &ReplyTo),
    ) -> Result<Now, Refusal> {
        if self.extending {
            return Err(Refusal::new(RefusalCode::Conflict, "an identify is being checked already"));
        }
        check(&command, config)?;
        self.extending = true;
        ask(id, command, backend, me);
        Ok(Now::Later)
    }

    /// The newer token's owner must be the same session's.
    pub(super) fn extended(&mut self, outcome: Outcome<Identity>) -> Result<Identity, Refusal> {
        self.extending = false;
        let identity = outcome?;
        let mine = self.identity;
        if (identity.user, identity.session, identity.scope) != (mine.user, mine.session, mine.scope) {
            return Err(Refusal::new(RefusalCode::Conflict, "this connection belongs to another session"));
        }
        self.identity = identity;
        Ok(identity)
    }

    /// Asks for access to a topic; the subscription is made when the answer comes.
    pub(super) fn subscribe(
        &mut self,
        id: u32,
        command: &Subscribe,
        limit: u32,
        (hub, key): (&HubHandle, ConnectionKey),
        (backend, me): (&dyn Backend, &ReplyTo),
    ) -> Result<Now, Refusal> {
        if command.since.is_some_and(|since| since > MAX_OFFSET) {
            return Err(Refusal::field(RefusalCode::Invalid, "since", "an offset is below 2^53"));
        }
        let (has, already) = hub.with(|core| (core.subscriptions(key), core.is_subscribed(key, command.topic)));
        if !already && has + self.subscribing.len() >= limit as usize {
            let text = format!("this connection has its {limit} topics: unsubscribe from one first");
            return Err(Refusal::field(RefusalCode::LimitReached, "topic", text));
        }
        // Who has it already comes from somewhere else in it: nobody more.
        if !already {
            hub.ladder().admit(Shed::Joins)?;
        }
        self.subscribing.push(command.topic);
        // Interest first, then the head: nothing can be published in between unseen.
        hub.expect(command.topic);
        let (me, topic, since) = (me.clone(), command.topic, command.since);
        let reply = Box::new(move |outcome| me.send(Answer::Access(id, topic, since, outcome)));
        backend.access(self.identity, topic, since, reply);
        Ok(Now::Later)
    }

    /// Access has been granted or refused. On success the acknowledgement must be queued before the hub starts delivery.
    pub(super) fn accessed(
        &mut self,
        topic: Topic,
        since: Option<Offset>,
        outcome: Outcome<Access>,
    ) -> Result<Subscribed, Refusal> {
        if let Some(at) = self.subscribing.iter().position(|asked| *asked == topic) {
            self.subscribing.swap_remove(at);
        }
        outcome?.subscribed(topic, since)
    }

    /// Topics whose check has not been answered.
    pub(super) fn subscribing(&self) -> &[Topic] {
        &self.subscribing
    }

    pub(super) fn unsubscribe(command: &Unsubscribe, hub: &HubHandle, key: ConnectionKey) -> Result<Now, Refusal> {
        if hub.with(|core| core.unsubscribe(key, command.topic)) {
            Ok(Now::Answer(AckResult::Unsubscribed(Unsubscribed { topic: command.topic })))
        } else {
            Err(Refusal::field(RefusalCode::NotFound, "topic", "this connection is not subscribed to the topic"))
        }
    }

    /// Hands a command to the rest of Plenum.
    pub(super) fn call(&self, id: u32, command: Command, backend: &dyn Backend, me: &ReplyTo) -> Now {
        let (me, name) = (me.clone(), metrics::name_of(&command));
        backend.call(self.identity, command, Box::new(move |outcome| me.send(Answer::Done(id, name, outcome))));
        Now::Later
    }
}
