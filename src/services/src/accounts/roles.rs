//! Roles: what an account may do beyond its own things.
//!
//! A role is one word of the account's row. It is read when it matters, so that giving and taking one works at once.

use super::audit;
use super::kinds;
use super::profile::Profile;
use super::service::{Accounts, unauthenticated};
use plenum_actors::identity::Identity;
use plenum_schema::{Refusal, RefusalCode, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What an account may do beyond its own things.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Nothing more: everybody who signs up.
    User,
    /// Runs conferences.
    Host,
    /// Speaks at conferences.
    Speaker,
    /// Sells.
    Seller,
    /// Teaches.
    University,
    /// Everything that any role may, and looks after the house.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] =
        &[Self::User, Self::Host, Self::Speaker, Self::Seller, Self::University, Self::Admin];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Host => "host",
            Self::Speaker => "speaker",
            Self::Seller => "seller",
            Self::University => "university",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No such role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a role is user, host, speaker, seller, university or admin")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

impl Accounts {
    /// Lets those pass who have a role; admins have every one.
    ///
    /// # Errors
    /// `forbidden`, `unauthenticated` when there is no such account any more, `unavailable`.
    pub async fn require(&self, identity: Identity, role: Role) -> Result<(), Refusal> {
        let account = if identity.is_account() { self.0.account(identity.user).await? } else { None };
        let account = account.filter(|account| account.is_active).ok_or_else(unauthenticated)?;
        let has: Option<Role> = account.role.parse().ok();
        let is_meant = identity.kind().is_some_and(|audience| kinds::shows(audience, role));
        if is_meant && (role == Role::User || has == Some(role) || has == Some(Role::Admin)) {
            return Ok(());
        }
        audit::denied("role", Some(identity.user), None, RefusalCode::Forbidden);
        if !is_meant {
            return Err(Refusal::new(RefusalCode::Forbidden, "this token is for another kind of accounts"));
        }
        Err(Refusal::new(RefusalCode::Forbidden, format!("this needs the role {role}")))
    }

    /// Gives an account another role, and ends its sessions that the one before allowed. Requests on their way are answered by the one before.
    ///
    /// # Errors
    /// `notFound`, `conflict` naming `role` when an admin (`by`) would put themselves out, `unavailable`.
    pub async fn set_role(&self, user: UserId, role: Role, by: Option<UserId>) -> Result<Profile, Refusal> {
        if by == Some(user) && role != Role::Admin {
            // Somebody else does it, so that a house is never without one by a slip.
            let message = "ask another admin: nobody takes the role from themselves";
            return Err(Refusal::field(RefusalCode::Conflict, "role", message));
        }
        let changed = self.0.edit_account(user, |account| {
            role.as_str().clone_into(&mut account.role);
            Ok(())
        });
        let account = changed.await?;
        self.0.end_unfit(&account).await?;
        let by = by.map(tracing::field::display);
        tracing::info!(target: "security", event = "set_role", outcome = "ok", %user, %role, by);
        Ok(account.into())
    }
}

impl Accounts {
    /// The role of an account that is not switched off; `None` where there is no such account.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn role_of(&self, user: UserId) -> Result<Option<Role>, Refusal> {
        let account = self.0.account(user).await?.filter(|account| account.is_active);
        Ok(account.map(|account| account.role.parse().unwrap_or(Role::User)))
    }
}
