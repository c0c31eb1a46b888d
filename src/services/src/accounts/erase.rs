//! An account's own part of its deletion. The rest is in [`crate::erasure`].
//!
//! | step | after a crash behind it |
//! |---|---|
//! | [`Erasure`] says that the account is to go | the sweep goes on |
//! | the account is emptied but for its names, and marked; nobody signs in, sessions end | the same |
//! | the rows of its names are removed, which only now others may claim | the same |
//! | the account lets go of its names | the same |
//! | what others keep of it is erased, and once more some time later | the same |
//! | [`Erasure`] is removed | nothing is left to do |

use super::directory::{ATTEMPTS, contended};
use super::names::Name;
use super::register::ROLE_USER;
use super::roles::Role;
use super::secret::Secret;
use super::service::{Accounts, Inner};
use crate::unavailable::unavailable;
use plenum_actors::identity::Identity;
use plenum_actors::store::Mutation;
use plenum_schema::entities::{Account, AccountKey, Erasure};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{Refusal, RefusalCode, UserId};
use std::net::IpAddr;

fn names_of(account: &Account) -> Vec<Name> {
    let Account { email, phone, username, google_id, .. } = account.clone();
    let names =
        [email.map(Name::Email), phone.map(Name::Phone), username.map(Name::Username), google_id.map(Name::Google)];
    names.into_iter().flatten().collect()
}

/// The account with nothing in it but its names.
fn emptied(account: &Account, now: i64) -> Account {
    Account {
        user_id: account.user_id,
        email: account.email.clone(),
        phone: account.phone.clone(),
        username: account.username.clone(),
        password_hash: None,
        credential: account.credential + 1,
        full_name: None,
        first_name: None,
        last_name: None,
        avatar: None,
        cover_photo: None,
        gender: None,
        bio: None,
        location: None,
        occupation: None,
        field: None,
        year: None,
        coordination: None,
        motivation: None,
        projects: None,
        skills: None,
        education_level: None,
        institution: None,
        preferences: None,
        role: ROLE_USER.to_owned(),
        is_active: false,
        created_at: account.created_at,
        updated_at: now,
        version: account.version + 1,
        email_verified_at: None,
        phone_verified_at: None,
        erased_at: Some(account.erased_at.unwrap_or(now)),
        points: None,
        stars: None,
        is_bureau: None,
        is_premium: None,
        subscription: None,
        is_unlisted: None,
        is_unfindable: None,
        google_id: account.google_id.clone(),
        kind: None,
    }
}

impl Inner {
    /// Empties the account's row, but for its names. What is under way for it finds no account from here on.
    async fn empty(&self, user: UserId) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            let Some(account) = self.any_account(user).await?.filter(|account| account.erased_at.is_none()) else {
                return Ok(());
            };
            if self.swap(&emptied(&account, self.now()), account.version).await?.is_ok() {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Removes the rows of its names, then its names. Only then may others take them: until then it carries them.
    async fn drop_names(&self, user: UserId) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            let Some(account) = self.any_account(user).await? else { return Ok(()) };
            let names = names_of(&account);
            if names.is_empty() {
                return Ok(());
            }
            for name in names {
                let key = vec![name.key().to_value()];
                if self.row::<AccountKey>(key.clone()).await?.is_some_and(|row| row.user_id == user) {
                    self.store.write(AccountKey::TABLE, vec![Mutation::Delete(key)]).await.map_err(unavailable)?;
                }
            }
            let (expected, version) = (account.version, account.version + 1);
            let nameless = Account { email: None, phone: None, username: None, google_id: None, version, ..account };
            if self.swap(&nameless, expected).await?.is_ok() {
                return Ok(());
            }
        }
        Err(contended())
    }
}

impl Accounts {
    /// Lets those pass who may delete this account: its person, who has signed in a moment ago or gives the password, and admins.
    ///
    /// # Errors
    /// `forbidden`, `notFound`, `invalid` naming `currentPassword`, `conflict` for an admin's own account, `rateLimited`, `unavailable`.
    pub(crate) async fn may_erase(
        &self,
        by: Identity,
        user: UserId,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        if by.user != user {
            self.require(by, Role::Admin).await?;
            let absent = || Refusal::new(RefusalCode::NotFound, "no such account");
            return self.0.account(user).await?.map(drop).ok_or_else(absent);
        }
        if self.role_of(user).await? == Some(Role::Admin) {
            // So that a house is never without one by a slip.
            let message = "an admin's account is deleted by another admin";
            return Err(Refusal::field(RefusalCode::Conflict, "role", message));
        }
        self.0.authenticate_again(by, "delete_account", password, address).await
    }

    /// Takes an account out of use: nobody signs in any more, its sessions end and their sockets close, its names are free. The same
    /// again does what is left.
    ///
    /// # Errors
    /// `unavailable`, `busy`: the rest is done by the next who calls this.
    pub(crate) async fn retire(&self, user: UserId) -> Result<(), Refusal> {
        let row = Erasure { user_id: user, since: self.0.now() };
        // The first stands: it says since when.
        self.0.store.insert(Erasure::TABLE, row.to_row()).await.map_err(unavailable)?;
        // Before the points are gone that say where it is.
        let points = self.0.account(user).await?.and_then(|account| account.points);
        if let Some(points) = points {
            self.unrank(user, points).await?;
        }
        self.0.empty(user).await?;
        self.0.end_others(user, None).await?;
        self.0.drop_names(user).await
    }

    /// Settings of deletions.
    pub(crate) fn erasure_config(&self) -> &super::ErasureConfig {
        &self.0.config.erasure
    }
}
