//! What a recovery looks up is charged like the client's own commands, and waits where those would be refused.
//!
//! The strings of a recovery are the client's to write: a CONNECT may name hundreds of topics that its person has never been in, and each
//! of them costs a look at the store or at another node. A signature would not help, as events carry their positions in bytes that all
//! receivers share. So a CONNECT starts at once what the person is known to follow and has missed nothing of, and anything else at the
//! rate at which the client could ask for it by joining.

use super::errands::Errand;
use super::{Around, Chat, Purpose};
use crate::socketio::asks::Again;
use crate::socketio::vocabulary::answers::Done;
use plenum_schema::Topic;
use std::time::Duration;

impl Chat {
    /// Whether something more of a recovery may be done at once.
    pub(in crate::socketio) fn may_do_more(&mut self, around: &Around<'_>) -> bool {
        self.connection.admit_unasked(around.shared, false).is_ok()
    }

    /// Looks these up one by one, as fast as the client's rate allows.
    pub(in crate::socketio) fn pace(&mut self, around: &Around<'_>, mut errands: Vec<Errand>) {
        errands.reverse();
        self.paced = errands;
        self.run_paced(around, false);
    }

    /// Whether a recovery is still to come to this topic.
    pub(super) fn is_paced(&self, topic: Topic) -> bool {
        self.paced.iter().any(|errand| errand.topic == topic)
    }

    /// It comes there no more.
    pub(super) fn forget_paced(&mut self, topic: Topic) {
        self.paced.retain(|errand| errand.topic != topic);
    }

    /// The client joins something that its recovery has not come to yet: it goes on there, now, from where it stood.
    pub(super) fn join_paced(&mut self, around: &Around<'_>, (callback, name): (Option<u64>, &str), topic: Topic) {
        if !self.at_once(around, callback, name, &Done::at(topic)) {
            return;
        }
        if let Some(at) = self.paced.iter().position(|errand| errand.topic == topic) {
            let errand = self.paced.remove(at);
            self.run(around, errand);
        }
        self.look_around(around, name);
    }

    /// The client leaves it: it stays left.
    pub(super) fn leave_paced(&mut self, around: &Around<'_>, (callback, name): (Option<u64>, &str), topic: Topic) {
        if self.at_once(around, callback, name, &Done::at(topic)) {
            self.forget_errands(topic);
            self.goes_from(around, topic);
            self.stands(around, topic, None);
        }
    }

    /// What has waited is due.
    pub(super) fn go_on_pacing(&mut self, around: &Around<'_>) {
        let is_open = around.shared.hub.with(|core| core.is_open(self.connection.key()));
        if is_open && self.is_inside() {
            self.run_paced(around, true);
        }
    }

    fn run_paced(&mut self, around: &Around<'_>, mut is_due: bool) {
        while let Some(errand) = self.paced.last().copied() {
            // The client has joined it itself, or has just been brought into it.
            if self.has(around, errand.topic) {
                self.paced.pop();
                continue;
            }
            if let Err(wait) = self.connection.admit_unasked(around.shared, is_due) {
                return self.pace_later(around, wait);
            }
            is_due = false;
            self.paced.pop();
            self.run(around, errand);
        }
        // An idle connection keeps no list.
        self.paced = Vec::new();
    }

    fn pace_later(&mut self, around: &Around<'_>, wait: u64) {
        self.last_id = self.last_id.wrapping_add(1);
        let (id, again) = (self.last_id, around.again.clone());
        self.waiting.push((id, Purpose::Pacing));
        // However busy the client is: then one is taken.
        let wait = Duration::from_millis(wait.clamp(1, around.config.recovery_wait_ms.max(1)));
        actix::spawn(async move {
            actix::clock::sleep(wait).await;
            Again(id).tell(&again);
        });
    }
}
