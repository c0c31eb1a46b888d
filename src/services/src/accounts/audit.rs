//! Security events, under the tracing target `security`: what happened to which account and session.
//!
//! Never a token, password, code, e-mail address or telephone number; ids only.

use plenum_schema::{RefusalCode, SessionId, UserId};
use std::net::IpAddr;
use tracing::{info, warn};

const TARGET: &str = "security";

/// Something allowed that somebody may want to look up later.
pub(super) fn done(event: &'static str, user: UserId, session: Option<SessionId>) {
    match session {
        Some(session) => info!(target: TARGET, event, outcome = "ok", %user, %session),
        None => info!(target: TARGET, event, outcome = "ok", %user),
    }
}

/// Something refused. The account is named when it is known.
pub(super) fn denied(event: &'static str, user: Option<UserId>, address: Option<IpAddr>, code: RefusalCode) {
    let user = user.map(tracing::field::display);
    let address = address.map(tracing::field::display);
    let reason = code.as_str();
    warn!(target: TARGET, event, outcome = "denied", user, address, reason);
}

/// A refresh token that had been replaced was used again: somebody has a copy. The session was ended.
pub(super) fn reused(user: UserId, session: SessionId) {
    warn!(target: TARGET, event = "refresh_reuse", outcome = "ended", %user, %session);
}
