//! Tickets: what opens one socket, once.
//!
//! A program that cannot keep its access token out of addresses and logs (a page that opens a socket from a worker, a client whose library puts
//! what it is given into the URL) asks for a ticket and brings that. It is good for seconds, for one socket, and for nothing of REST; who
//! reads it later has nothing. It is made of what the socket will be for, with a MAC of the server; that it was used is a row, so that it is
//! good once on all nodes together.

use super::audit;
use super::keyring;
use super::kinds::audience_of;
use super::refresh_token::{RefreshKey, mac};
use super::secret::Secret;
use super::service::{Accounts, Inner, millis, unauthenticated};
use super::sessions::internal;
use crate::rows::Rows;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::Mac;
use plenum_actors::clock::WallMillis;
use plenum_actors::identity::{AccountKind, Authenticator, Identity, Scope};
use plenum_schema::entities::SpentToken;
use plenum_schema::id::derived;
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};
use std::future::Future;
use std::pin::Pin;
use uuid::Uuid;

/// How a ticket begins, so that it is told from an access token at a glance.
const PREFIX: &str = "plt1_";
const RANDOM: usize = 16;
const ID: usize = 16;
const NUMBER: usize = 8;
const TAG: usize = 32;
/// Random bytes, person, session, two moments, the kind.
const BODY: usize = RANDOM + 2 * ID + 2 * NUMBER + 1;
/// The longest text that can be a ticket, bytes.
const MAX_TEXT: usize = 160;

/// What opens one socket.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Ticket {
    random: [u8; RANDOM],
    user: UserId,
    session: SessionId,
    kind: AccountKind,
    /// When the socket ends that it opens: with the access token that asked for it.
    until: WallMillis,
    /// When it opens nothing any more.
    expires_at: WallMillis,
}

fn id(bytes: &[u8], at: usize) -> Option<Uuid> {
    Some(Uuid::from_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn number(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Ticket {
    fn bytes(&self) -> Vec<u8> {
        let kind = AccountKind::ALL.iter().position(|kind| *kind == self.kind).and_then(|at| u8::try_from(at).ok());
        let numbers = [self.until.to_be_bytes(), self.expires_at.to_be_bytes()].concat();
        let ids = [*self.user.0.as_bytes(), *self.session.0.as_bytes()].concat();
        [&self.random[..], &ids, &numbers, &[kind.unwrap_or(u8::MAX)]].concat()
    }

    fn tag(bytes: &[u8], key: &RefreshKey) -> hmac::Hmac<sha2::Sha256> {
        mac(key, "plenum socket ticket", &[bytes])
    }

    fn text(&self, key: &RefreshKey) -> Secret {
        let bytes = self.bytes();
        let tag: [u8; TAG] = Self::tag(&bytes, key).finalize().into_bytes().into();
        Secret::from(format!("{PREFIX}{}", BASE64.encode([&bytes[..], &tag].concat())))
    }

    /// A ticket that this server (or one with the same key) has given out and whose time is not over; `None` for everything else.
    fn read(key: &RefreshKey, text: &str, now: WallMillis) -> Option<Self> {
        let text = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_TEXT)?;
        let whole = BASE64.decode(text).ok().filter(|whole| whole.len() == BODY + TAG)?;
        let (bytes, tag) = whole.split_at(BODY);
        Self::tag(bytes, key).verify_slice(tag).ok()?;
        let ticket = Self {
            random: *bytes.first_chunk()?,
            user: UserId(id(bytes, RANDOM)?),
            session: SessionId(id(bytes, RANDOM + ID)?),
            until: number(bytes, RANDOM + 2 * ID)?,
            expires_at: number(bytes, RANDOM + 2 * ID + NUMBER)?,
            kind: *AccountKind::ALL.get(usize::from(*bytes.last()?))?,
        };
        (now < ticket.expires_at).then_some(ticket)
    }

    /// What it is known by once it was used.
    fn key(&self) -> Uuid {
        derived("plenum.spent.socket-ticket", &[&self.random])
    }
}

/// A ticket and how long it is good, seconds.
#[derive(Clone, Debug)]
pub struct GivenTicket {
    /// For `identify` on a socket, instead of an access token.
    pub ticket: Secret,
    /// Seconds.
    pub expires_in: u64,
}

impl Accounts {
    /// A ticket that opens one socket of this session, which ends when the token ends that asks.
    ///
    /// # Errors
    /// `forbidden` with a token of a conference, `unauthenticated` when the token that asks is about to end, `internal` when the system has no
    /// random numbers.
    pub fn ticket(&self, identity: Identity) -> Result<GivenTicket, Refusal> {
        let no_account = || Refusal::new(RefusalCode::Forbidden, "this needs the access token of an account");
        let (now, ttl_s) = (self.0.now(), self.0.config.token.ticket_ttl_s);
        let expires_at = now.saturating_add(millis(ttl_s)).min(identity.expires_at);
        let kind = identity.kind().ok_or_else(no_account)?;
        let expires_in = u64::try_from(expires_at.saturating_sub(now) / 1_000).unwrap_or(0);
        if expires_in == 0 {
            return Err(unauthenticated());
        }
        let ticket = Ticket {
            random: keyring::random().map_err(internal)?,
            user: identity.user,
            session: identity.session,
            kind,
            until: identity.expires_at,
            expires_at,
        };
        Ok(GivenTicket { ticket: ticket.text(self.0.ring().refresh_key()), expires_in })
    }

    /// What checks the tokens of sockets: access tokens and tickets.
    #[must_use]
    pub fn for_sockets(&self) -> SocketAuthenticator {
        SocketAuthenticator(self.clone())
    }
}

impl Inner {
    /// The identity behind a ticket, which is worth nothing from here on.
    async fn redeem_ticket(&self, text: &str) -> Result<Identity, Refusal> {
        let refused = |user: Option<UserId>| {
            audit::denied("ticket", user, None, RefusalCode::Unauthenticated);
            unauthenticated()
        };
        // As with access tokens: the clock of the node that gave it out may be ahead of this one or behind.
        let leeway = millis(self.config.token.leeway_s);
        let before = self.now().saturating_sub(leeway);
        let ticket = Ticket::read(self.ring().refresh_key(), text, before).ok_or_else(|| refused(None))?;
        let spent = SpentToken { key: ticket.key(), expires_at: ticket.expires_at.saturating_add(leeway) };
        // Before anything else is looked at: of two who bring it at once, on whichever nodes, one gets on.
        Rows(self.store.clone()).insert(&spent).await?.map_err(|_| refused(Some(ticket.user)))?;
        let session = self.session(ticket.user, ticket.session).await?.ok_or_else(|| refused(Some(ticket.user)))?;
        let is_over = self.now() >= session.expires_at || before >= ticket.until;
        if is_over || audience_of(&session)? != ticket.kind || !self.is_fit(&session).await? {
            return Err(refused(Some(ticket.user)));
        }
        Ok(Identity {
            user: ticket.user,
            session: ticket.session,
            expires_at: ticket.until,
            ends_at: ticket.until.saturating_add(leeway),
            scope: Scope::Account(ticket.kind),
        })
    }
}

/// Checks what comes on sockets: access tokens, as everywhere, and tickets, which open nothing else. Cheap to clone.
#[derive(Clone)]
pub struct SocketAuthenticator(Accounts);

impl std::fmt::Debug for SocketAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketAuthenticator").finish_non_exhaustive()
    }
}

impl Authenticator for SocketAuthenticator {
    fn authenticate(&self, token: String) -> Pin<Box<dyn Future<Output = Result<Identity, Refusal>> + Send>> {
        if !token.starts_with(PREFIX) {
            return self.0.authenticate(token);
        }
        let (inner, token) = (self.0.0.clone(), Secret::from(token));
        Box::pin(async move { inner.redeem_ticket(token.expose()).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn ticket() -> (RefreshKey, Ticket) {
        let (user, session) = (UserId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)));
        let ticket =
            Ticket { random: [3; RANDOM], user, session, kind: AccountKind::Host, until: 9_000, expires_at: 1_000 };
        (Zeroizing::new([7; 32]), ticket)
    }

    #[test]
    fn a_ticket_opens_for_seconds_with_the_key_of_the_server_and_as_it_was_written_only() {
        let (key, ticket) = ticket();
        let text = ticket.text(&key);
        assert_eq!(Ticket::read(&key, text.expose(), 999), Some(ticket));
        assert!(Ticket::read(&key, text.expose(), 1_000).is_none(), "its time is over");
        assert!(Ticket::read(&Zeroizing::new([8; 32]), text.expose(), 0).is_none(), "another server's");
        for at in 0..text.expose().len() {
            let mut bytes = text.expose().to_owned().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Ticket::read(&key, &changed, 0).is_none(), "{at}");
        }
        for nonsense in ["", PREFIX, "plt1_AAAA", &format!("{PREFIX}{}", "A".repeat(100_000))] {
            assert!(Ticket::read(&key, nonsense, 0).is_none());
        }
    }
}
