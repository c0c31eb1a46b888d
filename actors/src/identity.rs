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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Everything that an account of this kind may do.
    Account(AccountKind),
    /// One conference.
    Conference {
        /// Which.
        conference: ConferenceId,
        /// As what.
        role: ConferenceRole,
    },
}

impl Default for Scope {
    fn default() -> Self {
        Self::Account(AccountKind::User)
    }
}

/// What an account is for. Its tokens have an audience of their own and open what is meant for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AccountKind {
    /// A person in the community.
    #[default]
    User,
    /// Runs conferences.
    Host,
    /// Speaks at conferences, and runs them.
    Speaker,
    /// An institution that teaches.
    University,
}

impl AccountKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::User, Self::Host, Self::Speaker, Self::University];

    /// The word for it: in rows, tokens and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Host => "host",
            Self::Speaker => "speaker",
            Self::University => "university",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether accounts of this kind run conferences.
    #[must_use]
    pub fn runs_conferences(self) -> bool {
        self != Self::University
    }
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
        self.kind().is_some()
    }

    /// The kind of account that the token is for; `None` for one of a conference.
    #[must_use]
    pub fn kind(&self) -> Option<AccountKind> {
        match self.scope {
            Scope::Account(kind) => Some(kind),
            Scope::Conference { .. } => None,
        }
    }

    /// Whether it is that of a person in the community.
    #[must_use]
    pub fn is_user(&self) -> bool {
        self.kind() == Some(AccountKind::User)
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
