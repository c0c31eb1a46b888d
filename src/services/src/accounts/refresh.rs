//! Refreshing: a new pair of tokens for the present refresh token, and the alarm when an old one comes back (RFC 9700 §4.14).

use super::audit;
use super::directory::{ATTEMPTS, contended};
use super::kinds;
use super::refresh_token::RefreshToken;
use super::requests::SignedIn;
use super::secret::Secret;
use super::service::{Accounts, Inner, millis, unauthenticated};
use super::sessions::may_go_on;
use bytes::Bytes;
use plenum_actors::identity::AccountKind;
use plenum_schema::entities::{Account, Session};
use plenum_schema::{Refusal, RefusalCode};

/// What a refresh token of ours is for its session.
enum Standing {
    /// The present one.
    Current,
    /// The one before, replaced a moment ago: the same device asked twice, or lost the answer.
    JustReplaced,
    /// An older one: somebody has a copy.
    Replaced,
}

impl Inner {
    fn standing(&self, token: &RefreshToken, session: &Session) -> Standing {
        let hash = token.hash();
        let grace_ends = session.rotated_at.saturating_add(millis(self.config.token.refresh_grace_s));
        match () {
            () if session.current_hash == hash[..] => Standing::Current,
            () if session.previous_hash == hash[..] && self.now() < grace_ends => Standing::JustReplaced,
            () => Standing::Replaced,
        }
    }

    /// The account of a session that may go on. Otherwise the session is ended.
    async fn account_of(&self, session: &Session) -> Result<Account, Refusal> {
        let account = self.account(session.user_id).await?;
        let valid = |account: &Account| {
            account.is_active && account.credential <= session.credential && may_go_on(account, session)
        };
        match account.filter(valid) {
            Some(account) if self.is_live(session) => Ok(account),
            _ => {
                self.end(session.user_id, &[session.session_id]).await?;
                audit::denied("refresh", Some(session.user_id), None, RefusalCode::Unauthenticated);
                Err(unauthenticated())
            }
        }
    }

    /// The session with `next` as its present token.
    fn rotated(&self, session: &Session, next: &RefreshToken) -> Session {
        let now = self.now();
        Session {
            previous_hash: session.current_hash.clone(),
            current_hash: Bytes::copy_from_slice(&next.hash()),
            rotated_at: now,
            last_used_at: now,
            version: session.version + 1,
            // The account was looked at: from here on the row says so.
            audience: session.audience.clone().or_else(|| kinds::stored_audience(AccountKind::User)),
            ..session.clone()
        }
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<SignedIn, Refusal> {
        for _ in 0..ATTEMPTS {
            let session = self.session(token.user, token.session).await?.ok_or_else(unauthenticated)?;
            let account = self.account_of(&session).await?;
            let next = token.next(self.ring().refresh_key(), &session.family);
            match self.standing(token, &session) {
                Standing::Current => {
                    let rotated = self.rotated(&session, &next);
                    if self.swap(&rotated, session.version).await?.is_ok() {
                        audit::done("refresh", token.user, Some(token.session));
                        return self.signed_in(account, &rotated, &next);
                    }
                }
                Standing::JustReplaced => return self.signed_in(account, &session, &next),
                Standing::Replaced => {
                    self.end(token.user, &[token.session]).await?;
                    audit::reused(token.user, token.session);
                    return Err(unauthenticated());
                }
            }
        }
        Err(contended())
    }
}

impl Accounts {
    /// A new access token and a new refresh token for the present refresh token.
    ///
    /// Two calls at once with the same token get the same new refresh token. An older token ends the session and closes its
    /// sockets.
    ///
    /// # Errors
    /// `unauthenticated` for every token that is not the present one; `unavailable`.
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<SignedIn, Refusal> {
        let token = RefreshToken::parse(refresh_token.expose(), self.0.ring().refresh_key());
        let Some(token) = token else {
            audit::denied("refresh", None, None, RefusalCode::Unauthenticated);
            return Err(unauthenticated());
        };
        self.0.refresh(&token).await
    }
}
