//! Which vocabulary a client hears.

use super::super::vocabulary::names::heard_after;
use super::super::vocabulary::outgoing::online_users;
use super::{Around, Chat};
use bytes::Bytes;
use plenum_actors::publication::{Dialect, Vocabulary};
use plenum_schema::wire::{PresenceSignal, Signal};
use plenum_schema::{Topic, UserId};

impl Chat {
    /// What it hears: both until it has said something.
    pub(in crate::socketio) fn vocabulary(&self) -> Vocabulary {
        self.spoken.unwrap_or_default()
    }

    /// A client that comes back hears what it heard, until it speaks otherwise.
    pub(in crate::socketio) fn heard_before(&mut self, around: &Around<'_>, vocabulary: Option<Vocabulary>) {
        self.spoken = self.spoken.or(vocabulary);
        self.speak_in(around);
    }

    /// It has said something that belongs to one vocabulary.
    pub(super) fn speaks(&mut self, around: &Around<'_>, vocabulary: Vocabulary) {
        let before = self.spoken;
        self.spoken = Some(heard_after(before, vocabulary));
        if self.spoken == before {
            return;
        }
        self.speak_in(around);
        if before == Some(Vocabulary::Underscore) {
            self.begin_hyphens(around);
        }
    }

    /// The hub writes to this client in the dialect of its parser and vocabulary.
    pub(super) fn speak_in(&self, around: &Around<'_>) {
        let dialect = Dialect::socket_io(self.parser(), self.vocabulary());
        around.shared.hub.with(|core| core.change_dialect(self.connection.key(), dialect));
    }

    /// The greeting, for those who hear hyphens; the others get it when they do.
    pub(in crate::socketio) fn greet(&mut self, around: &Around<'_>, greeting: Bytes) {
        if self.vocabulary() == Vocabulary::Underscore {
            self.ungreeted = Some(greeting);
        } else {
            self.push(around, greeting);
        }
    }

    /// What hyphens have and the client has not heard, or not as it stands now.
    fn begin_hyphens(&mut self, around: &Around<'_>) {
        if !self.is_inside() {
            return;
        }
        if let Some(greeting) = self.ungreeted.take() {
            self.push(around, greeting);
        }
        let topics = around.shared.hub.with(|core| core.topics_of(self.connection.key()));
        let people =
            topics.into_iter().filter_map(|topic| if let Topic::Presence(user) = topic { Some(user) } else { None });
        let online: Vec<UserId> = people.filter(|user| is_online(around, *user)).collect();
        self.push(around, online_users(self.parser(), self.vocabulary(), &online));
    }
}

/// Whether somebody is there, as far as this node knows.
pub(in crate::socketio) fn is_online(around: &Around<'_>, user: UserId) -> bool {
    let standing = around.shared.backend.standing(Topic::Presence(user));
    matches!(standing, Some(Signal::Presence(PresenceSignal { online: true, .. })))
}
