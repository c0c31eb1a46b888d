//! Kinds of accounts: who signs up and in at which door, and what the tokens of a kind open.
//!
//! An account has one kind for ever. Its sessions have an audience: that kind, or another one that its role allows (a person whom an
//! admin made a host signs in at the door of hosts). A token opens what its audience is for, whatever else the account may do.

use super::audit;
use super::roles::Role;
use super::service::{Accounts, Inner};
use plenum_actors::identity::{AccountKind, Identity};
use plenum_schema::entities::{Account, Session};
use plenum_schema::{Refusal, RefusalCode};

/// What is stored of a kind: nothing for people in the community, whose rows were there before there were kinds.
pub(super) fn stored(kind: AccountKind) -> Option<String> {
    (kind != AccountKind::User).then(|| kind.as_str().to_owned())
}

fn read(word: Option<&str>) -> Result<AccountKind, Refusal> {
    let Some(word) = word else { return Ok(AccountKind::User) };
    AccountKind::named(word).ok_or_else(|| {
        // A word of a later version: nothing is opened, rather than too much.
        tracing::error!(kind = word, "a stored account or session is of a kind that this version does not know");
        Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
    })
}

/// The kind of an account.
pub(super) fn kind_of(account: &Account) -> Result<AccountKind, Refusal> {
    read(account.kind.as_deref())
}

/// What the tokens of a session are for. Without a word the row is of a version before there were kinds (or of a node of one, while a cluster
/// changes over): a person's, if the account is one.
pub(super) fn audience_of(session: &Session) -> Result<AccountKind, Refusal> {
    read(session.audience.as_deref())
}

/// What is stored of what a session is for: always a word, so that it is told from what an older version wrote.
pub(super) fn stored_audience(audience: AccountKind) -> Option<String> {
    Some(audience.as_str().to_owned())
}

/// The role that goes with a kind.
fn role_of(kind: AccountKind) -> Role {
    match kind {
        AccountKind::User => Role::User,
        AccountKind::Host => Role::Host,
        AccountKind::Speaker => Role::Speaker,
        AccountKind::University => Role::University,
    }
}

/// The role of a new account. An institution has none until it has proved its address: anybody can say that they are one.
pub(super) fn first_role(kind: AccountKind) -> Role {
    if kind == AccountKind::University { Role::User } else { role_of(kind) }
}

/// Gives an institution its role when its e-mail address is proved: in the edit that proves it, `was` being when it had been before. Proved
/// again, it gives nothing: an admin who took the role away is not overruled.
pub(super) fn prove(account: &mut Account, was: Option<i64>) {
    let is_university = account.kind.as_deref() == Some(AccountKind::University.as_str());
    let is_first = was.is_none() && account.email_verified_at.is_some();
    if is_university && is_first && account.role == Role::User.as_str() {
        Role::University.as_str().clone_into(&mut account.role);
    }
}

/// Whether an account may have sessions with tokens for this.
pub(super) fn may_have(account: &Account, audience: AccountKind) -> bool {
    let Ok(kind) = kind_of(account) else { return false };
    let is_of_kind = kind == audience;
    let has_role = [role_of(audience), Role::Admin].iter().any(|role| account.role == role.as_str());
    is_of_kind || (kind == AccountKind::User && audience != AccountKind::User && has_role)
}

/// What a session is for that begins at the door of a kind; without one at the door for everybody.
pub(super) fn audience(account: &Account, door: Option<AccountKind>) -> Result<AccountKind, Refusal> {
    let Some(door) = door else { return kind_of(account) };
    if may_have(account, door) {
        return Ok(door);
    }
    audit::denied("login_kind", Some(account.user_id), None, RefusalCode::Forbidden);
    Err(Refusal::new(RefusalCode::Forbidden, format!("this is no account of the kind {}", door.as_str())))
}

/// Whether tokens for this may show a role.
pub(super) fn shows(audience: AccountKind, role: Role) -> bool {
    match role {
        Role::User => true,
        Role::Seller | Role::Admin => audience == AccountKind::User,
        Role::Host | Role::Speaker => audience.runs_conferences(),
        Role::University => matches!(audience, AccountKind::User | AccountKind::University),
    }
}

impl Inner {
    /// Lets those sign up whose kind is open to everybody.
    pub fn expect_open(&self, kind: AccountKind) -> Result<(), Refusal> {
        if kind == AccountKind::User || self.config.open_kinds.iter().any(|open| open == kind.as_str()) {
            return Ok(());
        }
        let message =
            format!("accounts of the kind {} are not open to everybody: ask an admin for the role", kind.as_str());
        Err(Refusal::new(RefusalCode::Forbidden, message))
    }
}

impl Accounts {
    /// Whether the caller looks after the house. Tokens of other kinds than those of people never say so, whoever has them.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn is_admin(&self, identity: Identity) -> Result<bool, Refusal> {
        Ok(identity.is_user() && self.role_of(identity.user).await? == Some(Role::Admin))
    }
}
