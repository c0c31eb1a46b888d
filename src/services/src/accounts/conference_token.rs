//! Tokens for one conference: for its audience, and for devices that help to run it.

use super::Secret;
use super::service::Accounts;
use super::sessions::internal;
use super::token::{Grant, Purpose, role_name};
use plenum_actors::clock::WallMillis;
use plenum_actors::identity::ConferenceRole;
use plenum_schema::{ConferenceId, Refusal, SessionId, UserId};
use uuid::Uuid;

impl Accounts {
    /// A token for `subject` in one conference. It opens nothing else, and needs no session.
    ///
    /// # Errors
    /// `internal` when signing fails, which needs a damaged key.
    pub fn conference_token(
        &self,
        conference: ConferenceId,
        subject: Uuid,
        role: ConferenceRole,
        until: WallMillis,
    ) -> Result<Secret, Refusal> {
        let inner = &self.0;
        let grant = Grant {
            user: UserId(subject),
            session: SessionId(subject),
            role: role_name(role),
            until,
            id: inner.clock.new_id(),
            purpose: Purpose::Conference(conference),
        };
        inner.tokens.issue(&inner.ring(), &grant, inner.now()).ok_or_else(|| internal(()))
    }
}
