//! Who a connection belongs to, as told by whatever checks tokens.

use plenum_schema::conference::HostRole;
use plenum_schema::{ConferenceId, Refusal, SessionId, UserId};
use std::future::Future;
use std::pin::Pin;

/// A verified caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The account; with a token of a conference what stands for one there.
    pub user: UserId,
    /// The signed-in device; with a token of a conference what stands for one there.
    pub session: SessionId,
    /// When the token ends, wall-clock milliseconds.
    pub expires_at: i64,
    /// From when on it is accepted no more: `expires_at` and what clocks may differ by. Connections end then, so that none is let in
    /// by a token that ends it at once.
    pub ends_at: i64,
    /// What the token is for.
    pub scope: Scope,
}

/// What a token is for. One for the one is never accepted for the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// Everything that the account may do.
    #[default]
    Account,
    /// One conference.
    Conference {
        /// Which.
        conference: ConferenceId,
        /// As what.
        role: ConferenceRole,
    },
}

/// What a token of a conference is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConferenceRole {
    /// Being in the audience.
    Participant,
    /// Running it.
    Runner(HostRole),
}

impl Identity {
    /// Whether it is that of an account.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.scope == Scope::Account
    }
}

/// Checks an access token: signature, issuer, audience, expiry, and that its session still exists.
pub trait Authenticator: Send + Sync + 'static {
    /// The identity behind the token, or a refusal (`unauthenticated`, `unavailable`) that says nothing about why in detail.
    fn authenticate(&self, token: String) -> Pin<Box<dyn Future<Output = Result<Identity, Refusal>> + Send>>;
}

/// Ends open connections of sessions that are no more. Implemented by the hubs; called by the accounts service.
pub trait SessionEnder: Send + Sync + 'static {
    /// Closes every connection of these sessions within a second.
    fn end_sessions(&self, sessions: &[SessionId]);
}
