//! What is done for a client with one of its topics, and again when the node could not do it now. A client that has been let in believes
//! that it hears everything: a conversation whose owner is busy for a moment must not stay silent.

use super::super::asks::{Again, Stands};
use super::{Around, Chat, Purpose};
use crate::socketio::framing;
use plenum_actors::connection::{Hall, Outcome};
use plenum_actors::hub::Shut;
use plenum_actors::publication::Vocabulary;
use plenum_schema::wire::{AckResult, Command, History, Subscribe};
use plenum_schema::{Offset, Refusal, RefusalCode, Topic};
use std::time::Duration;

/// What is to be done with a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::socketio) enum Deed {
    /// The client has come into it: from which offset does it concern the client?
    Look,
    /// It is followed.
    Follow,
    /// It is followed again: the client was in it when it went.
    Resume,
    /// How a conference stands is found out.
    Stand,
}

/// Something that is done for a client unasked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::socketio) struct Errand {
    pub(super) deed: Deed,
    pub(super) topic: Topic,
    since: Option<Offset>,
    /// How often it was refused.
    refused: u32,
}

impl Errand {
    pub(in crate::socketio) fn new(deed: Deed, topic: Topic, since: Option<Offset>) -> Self {
        Self { deed, topic, since, refused: 0 }
    }
}

/// Whether the same may succeed a moment later. Places that are taken by commands under way say when they are free again; a connection
/// that has as many topics as it may have does not.
pub(super) fn is_passing(refusal: &Refusal) -> bool {
    refusal.code.is_retryable() || (refusal.code == RefusalCode::LimitReached && refusal.retry_after_ms.is_some())
}

impl Chat {
    pub(super) fn run(&mut self, around: &Around<'_>, errand: Errand) {
        let Errand { deed, topic, since, .. } = errand;
        let command = match deed {
            Deed::Look => Command::History(History { topic, before: None, after: None, limit: None }),
            Deed::Follow | Deed::Resume => Command::Subscribe(Subscribe { topic, since }),
            Deed::Stand => return self.ask_how_it_stands(around, errand),
        };
        self.ask(around, Purpose::Errand(errand), command, true);
    }

    fn ask_how_it_stands(&mut self, around: &Around<'_>, errand: Errand) {
        let (Topic::Conference(conference), Some(identity)) = (errand.topic, self.connection.identity()) else {
            return;
        };
        self.last_id = self.last_id.wrapping_add(1);
        let (id, stands) = (self.last_id, around.stands.clone());
        self.waiting.push((id, Purpose::Errand(errand)));
        let reply = Box::new(move |outcome: Outcome<Hall>| Stands(id, outcome).tell(&stands));
        around.shared.backend.hall(identity, conference, reply);
    }

    pub(super) fn errand_done(&mut self, around: &Around<'_>, errand: Errand, result: &AckResult) {
        match (errand.deed, result) {
            (Deed::Look, AckResult::Page(page)) => {
                let since = crate::socketio::welcome::concerned_since(self, around, page);
                self.follow(around, errand.topic, Some(since));
            }
            (Deed::Follow | Deed::Resume, AckResult::Subscribed(subscribed)) => {
                self.stands(around, subscribed.topic, Some(subscribed.since));
                self.comes_to(around, subscribed.topic);
                if subscribed.since < subscribed.head {
                    self.arrives(around, subscribed.topic, subscribed.head);
                }
            }
            _ => {}
        }
    }

    pub(super) fn errand_refused(&mut self, around: &Around<'_>, errand: Errand, refusal: &Refusal) {
        let Errand { deed, topic, refused, .. } = errand;
        if is_passing(refusal) {
            return self.try_again(around, errand, refusal);
        }
        tracing::debug!(%refusal, %topic, refused, "a topic is not followed");
        match refusal.code {
            RefusalCode::NotFound | RefusalCode::Forbidden if deed == Deed::Resume => self.tell_removed(around, topic),
            // It would not hear of it: it joins what it needs and leaves something else.
            RefusalCode::LimitReached if topic.log().is_some() => {
                let event = match (topic, self.vocabulary()) {
                    (Topic::Conference(_), _) => "join_conference",
                    (_, Vocabulary::Underscore) => "join_room",
                    (_, Vocabulary::Hyphen | Vocabulary::Both) => "join-conversation",
                };
                self.fail(around, None, Some(event), refusal);
            }
            _ => {}
        }
    }

    fn try_again(&mut self, around: &Around<'_>, mut errand: Errand, refusal: &Refusal) {
        if errand.refused >= around.config.follow_retries {
            return self.give_up(around, errand, refusal);
        }
        around.metrics.retried.inc();
        self.last_id = self.last_id.wrapping_add(1);
        let (id, again) = (self.last_id, around.again.clone());
        let wait = refusal.retry_after_ms.unwrap_or(around.config.follow_retry_ms << errand.refused.min(5));
        let wait = wait.clamp(1, around.config.follow_retry_most_ms.max(1));
        // Those of one client do not come back all at once.
        let wait = wait + wait * u64::from(id % 16) / 32;
        errand.refused += 1;
        self.waiting.push((id, Purpose::Resting(errand)));
        actix::spawn(async move {
            actix::clock::sleep(Duration::from_millis(wait)).await;
            Again(id).tell(&again);
        });
    }

    /// The client comes back with its positions, perhaps to a node that can.
    fn give_up(&self, around: &Around<'_>, errand: Errand, refusal: &Refusal) {
        // Who is there is display.
        let key = self.connection.key();
        if matches!(errand.topic, Topic::Presence(_)) || !around.shared.hub.with(|core| core.is_open(key)) {
            return;
        }
        tracing::warn!(%refusal, topic = %errand.topic, "a topic cannot be followed: the client is sent to come back");
        around.metrics.given_up.inc();
        around.shared.hub.with(|core| core.finish(key, framing::later(), Shut::Linger));
    }

    /// It is time for what has waited.
    pub(in crate::socketio) fn again(&mut self, around: &Around<'_>, Again(id): Again) {
        let errand = match self.purpose(id) {
            Some(Purpose::Resting(errand)) => errand,
            Some(Purpose::Marking) => return self.mark_arrived(around),
            Some(Purpose::Pacing) => return self.go_on_pacing(around),
            _ => return,
        };
        // The client may have joined it itself meanwhile.
        let is_open = around.shared.hub.with(|core| core.is_open(self.connection.key()));
        if is_open && self.is_inside() && (errand.deed == Deed::Stand || !self.has(around, errand.topic)) {
            self.run(around, errand);
        }
    }

    /// The client leaves a topic: it is not to be brought back into it.
    pub(super) fn forget_errands(&mut self, topic: Topic) {
        self.forget_paced(topic);
        self.waiting.retain(|(_, purpose)| !matches!(purpose, Purpose::Resting(errand) if errand.topic == topic));
    }
}
