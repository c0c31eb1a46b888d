//! Who a connection belongs to, as told by whatever checks tokens.

use plenum_schema::{Refusal, SessionId, UserId};
use std::future::Future;
use std::pin::Pin;

/// A verified caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The account.
    pub user: UserId,
    /// The signed-in device.
    pub session: SessionId,
    /// When the access token ends, wall-clock milliseconds.
    pub expires_at: i64,
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
