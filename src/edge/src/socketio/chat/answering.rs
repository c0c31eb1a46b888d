//! What a client is told of its events: in the callback, or as `error`.

use super::super::packet;
use super::super::vocabulary::answers::{Done, Failed, NotDone, Why};
use super::super::vocabulary::fields::said;
use super::super::vocabulary::outgoing::error;
use super::{Around, Chat};
use plenum_schema::{Refusal, RefusalCode};

impl Chat {
    /// Refuses an event against the same limits as any command.
    pub(super) fn not_understood(&mut self, around: &Around<'_>, callback: Option<u64>, name: &str, refusal: Refusal) {
        let refusal = match self.connection.admit_other(around.shared) {
            Ok(()) => {
                self.connection.other_answered();
                refusal
            }
            Err(too_fast) => too_fast,
        };
        self.fail(around, callback, Some(name), &refusal);
    }

    /// Answers what needs nobody else, against the same limits; `false`: it was refused.
    pub(super) fn at_once(&mut self, around: &Around<'_>, callback: Option<u64>, name: &str, done: &Done) -> bool {
        match self.connection.admit_other(around.shared) {
            Ok(()) => {
                self.connection.other_answered();
                self.succeed(around, callback, done);
                true
            }
            Err(too_fast) => {
                self.fail(around, callback, Some(name), &too_fast);
                false
            }
        }
    }

    pub(super) fn succeed(&self, around: &Around<'_>, callback: Option<u64>, done: &Done) {
        if let Some(id) = callback {
            self.push(around, packet::ack(self.parser(), id, done));
        }
    }

    pub(super) fn fail(&self, around: &Around<'_>, callback: Option<u64>, event: Option<&str>, refusal: &Refusal) {
        let field = refusal.field.as_deref().map(|field| said(event.unwrap_or_default(), None, field));
        let why = Why { field: field.as_deref(), ..Why::from(refusal) };
        let is_last = self.connection.floods();
        match callback {
            Some(id) => self.push(around, packet::ack(self.parser(), id, &NotDone::of(why))),
            None if is_last => {}
            None => self.push(around, error(self.parser(), &Failed { why, event })),
        }
        if is_last {
            self.end_flood(around, event);
        }
    }

    /// Too much was refused: the client is told which event was the last, since its library knows every end as `transport close` alone.
    fn end_flood(&self, around: &Around<'_>, event: Option<&str>) {
        let refusal =
            Refusal::new(RefusalCode::RateLimited, "too many commands a second for too long: the connection ends")
                .retry_after(u64::from(around.shared.config.reconnect_max_delay_ms));
        self.push(around, error(self.parser(), &Failed { why: Why::from(&refusal), event }));
        self.connection.close_flood(around.shared);
    }
}
