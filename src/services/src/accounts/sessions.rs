//! Sessions: the signed-in devices of an account.

use super::audit;
use super::keyring;
use super::kinds;
use super::profile::Profile;
use super::refresh_token::RefreshToken;
use super::requests::{Logout, SessionInfo, SignedIn};
use super::service::{Accounts, Inner, millis, unauthenticated};
use super::token::{Grant, Purpose};
use crate::unavailable::unavailable;
use bytes::Bytes;
use plenum_actors::identity::{AccountKind, Identity};
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::entities::{Account, Session};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};

/// Longest name of a device, characters; longer ones are cut.
const MAX_DEVICE: usize = 80;
/// More rows than an account can have: the limit of sessions and what a burst of sign-ins adds for a moment.
const PAGE: usize = 1_000;

/// What a device calls itself: one short line. A program chose it, so nothing is refused: what cannot be seen is left out.
pub(super) fn device_name(name: Option<&str>) -> String {
    let clean: String =
        name.unwrap_or_default().chars().filter(|c| crate::text::is_allowed(*c)).take(MAX_DEVICE).collect();
    let clean = clean.trim();
    if clean.is_empty() { "unnamed device".to_owned() } else { clean.to_owned() }
}

pub(super) fn internal(_: impl std::fmt::Debug) -> Refusal {
    Refusal::new(RefusalCode::Internal, "no token could be made")
}

/// Whether an account may still have a session with this audience.
pub(super) fn may_go_on(account: &Account, session: &Session) -> bool {
    kinds::audience_of(session).is_ok_and(|audience| kinds::may_have(account, audience))
}

impl Inner {
    pub async fn session(&self, user: UserId, session: SessionId) -> Result<Option<Session>, Refusal> {
        self.row(vec![user.to_value(), session.to_value()]).await
    }

    /// Whether what a session says of itself holds for its account. One that says for what it is was made by a version that has looked, and
    /// ends when the account may not have it any more. A node from before there were kinds says nothing, and makes tokens of people for
    /// accounts of every kind: there the account is read, until the session is refreshed.
    pub async fn is_fit(&self, session: &Session) -> Result<bool, Refusal> {
        if session.audience.is_some() {
            return Ok(true);
        }
        Ok(self.account(session.user_id).await?.is_some_and(|account| may_go_on(&account, session)))
    }

    /// All session rows of an account, ended ones among them, oldest first.
    pub async fn session_rows(&self, user: UserId) -> Result<Vec<Session>, Refusal> {
        let partition = vec![user.to_value()];
        let rows =
            self.store.scan(Session::TABLE, partition, None, Direction::Forward, PAGE).await.map_err(unavailable)?;
        let rows: Result<Vec<Session>, Refusal> = rows.into_iter().map(super::directory::read_row).collect();
        let mut rows = rows?;
        rows.sort_by_key(|row| (row.created_at, row.session_id));
        Ok(rows)
    }

    /// Whether a session has neither reached its end nor been left alone for too long.
    pub fn is_live(&self, session: &Session) -> bool {
        let idle = session.last_used_at.saturating_add(millis(self.config.token.refresh_idle_s));
        self.now() < session.expires_at.min(idle)
    }

    /// Removes session rows, then closes their sockets.
    pub async fn end(&self, user: UserId, sessions: &[SessionId]) -> Result<(), Refusal> {
        let delete = |session: &SessionId| Mutation::Delete(vec![user.to_value(), session.to_value()]);
        if !sessions.is_empty() {
            let deletes = sessions.iter().map(delete).collect();
            self.store.write(Session::TABLE, deletes).await.map_err(unavailable)?;
            self.close(sessions);
        }
        Ok(())
    }

    /// Ends all sessions but one.
    pub async fn end_others(&self, user: UserId, keep: Option<SessionId>) -> Result<(), Refusal> {
        let rows = self.session_rows(user).await?;
        let others: Vec<SessionId> = rows.iter().map(|row| row.session_id).filter(|id| Some(*id) != keep).collect();
        self.end(user, &others).await
    }

    /// Ends the sessions that an account may not have any more, as its role has changed.
    pub async fn end_unfit(&self, account: &Account) -> Result<(), Refusal> {
        let rows = self.session_rows(account.user_id).await?;
        let unfit: Vec<SessionId> =
            rows.iter().filter(|row| !may_go_on(account, row)).map(|row| row.session_id).collect();
        self.end(account.user_id, &unfit).await
    }

    /// Signs a device in. `account` is what the credentials were checked against: when it has another password by now,
    /// nobody is signed in. `door` is the kind that is asked for, if any.
    pub async fn start_session(
        &self,
        account: Account,
        device: Option<&str>,
        door: Option<AccountKind>,
    ) -> Result<SignedIn, Refusal> {
        let (row, token) = self.new_session(&account, device, kinds::audience(&account, door)?).await?;
        self.store.insert(Session::TABLE, row.to_row()).await.map_err(unavailable)?;
        // After the row: a change of the password either finds the row and removes it, or is seen here.
        let now = self.account(account.user_id).await?;
        let holds = |now: &Account| now.is_active && now.credential == account.credential && may_go_on(now, &row);
        if !now.as_ref().is_some_and(holds) {
            self.end(account.user_id, &[row.session_id]).await?;
            return Err(unauthenticated());
        }
        self.evict(account.user_id).await?;
        self.signed_in(account, &row, &token)
    }

    /// A session that is not stored yet, and its first refresh token.
    pub async fn new_session(
        &self,
        account: &Account,
        device: Option<&str>,
        audience: AccountKind,
    ) -> Result<(Session, RefreshToken), Refusal> {
        let newest = self.session_rows(account.user_id).await?.last().map_or(0, |row| row.created_at);
        let (session_id, now) = (SessionId(self.clock.new_id()), self.now());
        let token = RefreshToken::first(account.user_id, session_id, keyring::random().map_err(internal)?);
        let family: [u8; 16] = keyring::random().map_err(internal)?;
        let row = Session {
            user_id: account.user_id,
            session_id,
            device: device_name(device),
            // Never older than what is there, also when the clock went back: the new session is not the one to go.
            created_at: now.max(newest + 1),
            last_used_at: now,
            expires_at: now.saturating_add(millis(self.config.token.refresh_ttl_s)),
            credential: account.credential,
            family: Bytes::copy_from_slice(&family),
            current_hash: Bytes::copy_from_slice(&token.hash()),
            previous_hash: Bytes::new(),
            rotated_at: now,
            version: 1,
            audience: kinds::stored_audience(audience),
        };
        Ok((row, token))
    }

    /// Ends what is expired and the oldest beyond the limit. All who do this at once choose the same.
    async fn evict(&self, user: UserId) -> Result<(), Refusal> {
        let rows = self.session_rows(user).await?;
        let (live, dead): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| self.is_live(row));
        let beyond = live.len().saturating_sub(self.config.max_sessions);
        let going: Vec<SessionId> = dead.iter().chain(live.iter().take(beyond)).map(|row| row.session_id).collect();
        for session in &going {
            audit::done("session_evicted", user, Some(*session));
        }
        self.end(user, &going).await
    }

    /// An access token for a session, and how many seconds it lives.
    pub fn access_token(&self, role: &str, session: &Session, ttl_s: u64) -> Result<(super::Secret, u64), Refusal> {
        let now = self.now();
        let until = now.saturating_add(millis(ttl_s)).min(session.expires_at);
        let purpose = Purpose::Account(kinds::audience_of(session)?);
        let (user, session) = (session.user_id, session.session_id);
        let grant = Grant { user, session, role, until, id: self.clock.new_id(), purpose };
        let token = self.tokens.issue(&self.ring(), &grant, now).ok_or_else(|| internal(()))?;
        Ok((token, u64::try_from((until - now) / 1_000).unwrap_or(0)))
    }

    /// The answer to whoever signed in or refreshed.
    pub fn signed_in(&self, account: Account, session: &Session, refresh: &RefreshToken) -> Result<SignedIn, Refusal> {
        let (access_token, expires_in) = self.access_token(&account.role, session, self.config.token.access_ttl_s)?;
        let refresh_token = refresh.text(self.ring().refresh_key());
        Ok(SignedIn {
            profile: Profile::from(account),
            session: session.session_id,
            access_token,
            refresh_token,
            expires_in,
        })
    }
}

impl Accounts {
    /// Ends the session that asks, or all of the account. Their sockets close within a second.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn logout(&self, identity: Identity, which: Logout) -> Result<(), Refusal> {
        match which {
            Logout::This => self.0.end(identity.user, &[identity.session]).await?,
            Logout::All => self.0.end_others(identity.user, None).await?,
        }
        audit::done("logout", identity.user, Some(identity.session));
        Ok(())
    }

    /// The signed-in devices of the account, the latest sign-in first.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sessions(&self, identity: Identity) -> Result<Vec<SessionInfo>, Refusal> {
        let rows = self.0.session_rows(identity.user).await?;
        let live = rows.into_iter().rev().filter(|row| self.0.is_live(row));
        let info = |row: Session| {
            // One of a later version opens nothing here, and is to be seen and ended like the others.
            let audience = kinds::audience_of(&row).map_or("unknown", AccountKind::as_str);
            SessionInfo {
                id: row.session_id,
                current: row.session_id == identity.session,
                audience,
                name: row.device,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                expires_at: row.expires_at,
            }
        };
        Ok(live.map(info).collect())
    }

    /// Ends one device of the own account.
    ///
    /// # Errors
    /// `notFound` when the account has no such session, `unavailable`.
    pub async fn end_session(&self, identity: Identity, session: SessionId) -> Result<(), Refusal> {
        let missing = || Refusal::new(RefusalCode::NotFound, "no such device");
        self.0.session(identity.user, session).await?.ok_or_else(missing)?;
        self.0.end(identity.user, &[session]).await?;
        audit::done("session_ended", identity.user, Some(session));
        Ok(())
    }
}
