//! What an event names by an id or a code alone: where it stands is found out first, then the command is given.

use super::super::asks::Located;
use super::super::vocabulary::incoming::Change;
use super::{Around, Chat, Purpose};
use plenum_actors::connection::Outcome;
use plenum_schema::wire::{Command, Subscribe};
use plenum_schema::{ConferenceId, MessageId, Topic};

impl Chat {
    /// Finds out which conference has a code; it is joined when that is known.
    pub(super) fn look_up(
        &mut self,
        around: &Around<'_>,
        (callback, name): (Option<u64>, &str),
        code: String,
        since: u64,
    ) {
        let Some(identity) = self.connection.identity() else { return };
        if let Err(too_fast) = self.connection.admit_other(around.shared) {
            return self.fail(around, callback, Some(name), &too_fast);
        }
        self.last_id = self.last_id.wrapping_add(1);
        let (id, located) = (self.last_id, around.located.clone());
        self.waiting.push((id, Purpose::Join { callback, name: name.into() }));
        let reply = Box::new(move |outcome: Outcome<ConferenceId>| {
            Located(id, outcome.map(|conference| (Topic::Conference(conference), since))).tell(&located);
        });
        around.shared.backend.conference_of(identity, code, reply);
    }

    /// Finds out where a message stands, in the conversation that is named or in what the client follows; the command is given when that is
    /// known.
    pub(super) fn locate(
        &mut self,
        around: &Around<'_>,
        from: (Option<u64>, &str, Option<&'static str>),
        (message, place): (MessageId, Option<Topic>),
        change: Change,
    ) {
        let (callback, name, by) = from;
        if let Err(too_fast) = self.connection.admit_other(around.shared) {
            return self.fail(around, callback, Some(name), &too_fast);
        }
        self.last_id = self.last_id.wrapping_add(1);
        let (id, located) = (self.last_id, around.located.clone());
        self.waiting.push((id, Purpose::Change { callback, name: name.into(), change, by }));
        let among = match place {
            Some(topic) => vec![topic],
            None => around.shared.hub.with(|core| core.topics_with_log(self.connection.key())),
        };
        let reply = Box::new(move |outcome| Located(id, outcome).tell(&located));
        around.shared.backend.locate(message, among, reply);
    }

    /// The place of a message is known, or that it has none.
    pub(in crate::socketio) fn located(&mut self, around: &Around<'_>, Located(id, outcome): Located) {
        // As with answers: of whoever was here before.
        let Some(purpose) = self.purpose(id) else { return };
        self.connection.other_answered();
        match (purpose, outcome) {
            (Purpose::Change { callback, name, change, by }, Ok((topic, target))) => {
                let purpose = Purpose::Event { callback, name, joins: false, by };
                self.ask(around, purpose, change.at(topic, target), true);
            }
            (Purpose::Join { callback, name }, Ok((topic, since))) => {
                let joins = !self.has(around, topic);
                self.forget_paced(topic);
                let wish = Subscribe { topic, since: Some(since) };
                self.ask(around, Purpose::Event { callback, name, joins, by: None }, Command::Subscribe(wish), true);
            }
            (purpose @ (Purpose::Change { .. } | Purpose::Join { .. }), Err(refusal)) => {
                self.refused(around, purpose, &refusal);
            }
            (
                Purpose::Enter
                | Purpose::Event { .. }
                | Purpose::Errand(_)
                | Purpose::Resting(_)
                | Purpose::Silent
                | Purpose::Marking
                | Purpose::Pacing,
                _,
            ) => {}
        }
    }
}
