//! What the operator does: accounts and tokens from the command line, and many of them for load tests.

use super::audit;
use super::directory::read_row;
use super::password;
use super::profile::Profile;
use super::refresh_token::RefreshToken;
use super::register::Names;
use super::requests::{ProfileUpdate, SignedIn};
use super::roles::Role;
use super::secret::Secret;
use super::service::Accounts;
use crate::unavailable::unavailable;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plenum_actors::identity::AccountKind;
use plenum_schema::entities::Account;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};

/// Accounts that [`Accounts::mint_many`] makes at the same time: enough that one fsync covers many.
const MINT_AT_ONCE: usize = 256;
/// Accounts that one page of a search looks at, at most: a text that nobody has is no reason to read the whole table at once.
pub(super) const SEARCHED_AT_ONCE: usize = 5_000;
/// Accounts that a search reads with one call of the store.
const READ_AT_ONCE: usize = 500;

/// Which accounts an admin looks for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AccountFilter {
    /// Part of the name, e-mail address, telephone number or user name, whatever its case.
    pub text: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// The field of study.
    pub field: Option<String>,
    /// The year of study.
    pub year: Option<i64>,
    /// Only what everybody may find: people who are listed and not switched off, by their name and user name alone.
    pub is_public: bool,
}

impl AccountFilter {
    pub(super) fn fits(&self, account: &Profile) -> bool {
        let Profile { name, email, phone, username, .. } = account;
        if self.is_public && !(account.privacy.listed && account.is_active) {
            return false;
        }
        let wanted = self.text.as_deref().map(|text| text.trim().to_lowercase());
        let secret = |text: &'_ Option<String>| text.clone().filter(|_| !self.is_public);
        let names = [Some(name.clone()), secret(email), secret(phone), username.clone()];
        let holds = |text: &String| names.iter().flatten().any(|name| name.to_lowercase().contains(text.as_str()));
        wanted.as_ref().is_none_or(holds)
            && self.role.is_none_or(|role| account.role == role.as_str())
            && self.field.as_ref().is_none_or(|field| account.field.as_ref() == Some(field))
            && self.year.is_none_or(|year| account.year == Some(year))
    }

    /// How many accounts are read at a time: not many more than are shown where most fit.
    fn read_at_once(&self, limit: usize) -> usize {
        let is_narrow = self.text.is_some() || self.role.is_some() || self.field.is_some() || self.year.is_some();
        if is_narrow { READ_AT_ONCE } else { limit.clamp(1, READ_AT_ONCE) }
    }
}

/// A page of accounts.
#[derive(Clone, PartialEq, Debug)]
pub struct AccountPage {
    /// In an order that means nothing; perhaps few, although there are more.
    pub items: Vec<Profile>,
    /// Where to go on; `None` at the end.
    pub next: Option<UserId>,
}

/// An account that the operator makes.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// The rest, the user name among it. One of the three names at least is needed.
    pub profile: ProfileUpdate,
    /// The password; without one nobody signs in until one is set.
    pub password: Option<Secret>,
    /// Instead of a password: a hash from another system (bcrypt of cost 10 to 14, or Argon2id as PHC string).
    pub imported_hash: Option<Secret>,
}

/// An account with a session and its tokens.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The account.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// Its access token.
    pub access_token: Secret,
}

fn no_account() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "no such account")
}

impl Accounts {
    /// Makes an account without signing anything in.
    ///
    /// # Errors
    /// As [`register`](Self::register); `invalid` naming `importedHash` for a hash of an unknown or unsound kind.
    pub async fn create_user(&self, new: NewAccount) -> Result<Profile, Refusal> {
        let names = Names::read(new.email.as_ref(), new.phone.as_ref(), new.profile.username.as_ref())?;
        if names.all().is_empty() {
            return Err(Refusal::field(
                RefusalCode::Invalid,
                "email",
                "an e-mail address, phone or username is needed",
            ));
        }
        let mut account = self.0.prepare(&names, &new.profile, new.password.as_ref(), AccountKind::User).await?;
        account.password_hash = match (new.password, new.imported_hash) {
            (Some(password), _) => Some(self.0.pool.hash(password).await?),
            (None, Some(hash)) if password::importable(hash.expose()) => Some(hash.expose().to_owned()),
            (None, Some(_)) => {
                let message = "neither bcrypt of cost 10 to 14 nor an Argon2id PHC string";
                return Err(Refusal::field(RefusalCode::Invalid, "importedHash", message));
            }
            (None, None) => None,
        };
        self.0.create_account(&account, &names.all()).await?;
        audit::done("create_user", account.user_id, None);
        Ok(account.into())
    }

    /// Sets a password; all sessions of the account end.
    ///
    /// # Errors
    /// `invalid` for a password that is not accepted, `notFound`, `busy`, `unavailable`.
    pub async fn set_password(&self, user: UserId, password: Secret) -> Result<(), Refusal> {
        let account = self.0.account(user).await?.ok_or_else(no_account)?;
        password::check(&self.0.config.password, "password", &password, &super::login::context(&account))?;
        let hash = self.0.pool.hash(password).await?;
        self.0.store_password(user, &hash, None).await?;
        self.0.end_others(user, None).await?;
        audit::done("set_password", user, None);
        Ok(())
    }

    /// Switches an account off or on. Off: all its sessions end and nobody signs in.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn set_active(&self, user: UserId, active: bool) -> Result<Profile, Refusal> {
        let changed = self.0.edit_account(user, |account| {
            account.is_active = active;
            Ok(())
        });
        let account = changed.await?;
        if !active {
            self.0.end_others(user, None).await?;
        }
        audit::done(if active { "activate" } else { "deactivate" }, user, None);
        Ok(account.into())
    }

    /// Accounts in no particular order, at most `limit` (1 to 1,000) beyond `after`, which is the last id of the page
    /// before.
    ///
    /// # Errors
    /// `notFound` when `after` is no account, `unavailable`.
    pub async fn list(&self, after: Option<UserId>, limit: usize) -> Result<Vec<Profile>, Refusal> {
        let (limit, mut last, mut found) = (limit.clamp(1, 1_000), after, Vec::new());
        loop {
            let behind = last.map(|user| vec![user.to_value()]);
            let rows = self.0.store.sweep(Account::TABLE, behind, limit).await.map_err(unavailable)?;
            let is_end = rows.len() < limit;
            for row in rows {
                let account: Account = read_row(row)?;
                last = Some(account.user_id);
                // Deleted accounts are no accounts.
                if account.erased_at.is_none() {
                    found.push(Profile::from(account));
                }
            }
            if is_end || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// Accounts that fit, at most `limit` (1 to 1,000) beyond `after`, which is [`AccountPage::next`] of the page before.
    ///
    /// # Errors
    /// `notFound` when `after` is no account, `unavailable`.
    pub async fn search(
        &self,
        filter: &AccountFilter,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<AccountPage, Refusal> {
        let (mut items, mut last, mut searched) = (Vec::new(), after, 0);
        while searched < SEARCHED_AT_ONCE {
            let at_once = filter.read_at_once(limit);
            let page = self.list(last, at_once).await?;
            let is_end = page.len() < at_once;
            for account in page {
                last = Some(account.id);
                searched += 1;
                if filter.fits(&account) {
                    items.push(account);
                }
                if items.len() >= limit.clamp(1, 1_000) {
                    return Ok(AccountPage { items, next: last });
                }
            }
            if is_end {
                return Ok(AccountPage { items, next: None });
            }
        }
        Ok(AccountPage { items, next: last })
    }

    /// The account with exactly this e-mail address, telephone number, user name or id.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn lookup(&self, name_or_id: &str) -> Result<Profile, Refusal> {
        let account = match (name_or_id.parse::<UserId>(), super::names::any(name_or_id)) {
            (Ok(user), _) => self.0.account(user).await?,
            (Err(_), Ok(name)) => self.0.owner(&name).await?,
            (Err(_), Err(_)) => None,
        };
        account.map(Profile::from).ok_or_else(no_account)
    }

    /// Signs a device in without a password, for the operator.
    ///
    /// # Errors
    /// `notFound`, `forbidden` when the account is switched off, `unavailable`.
    pub async fn mint_token(&self, user: UserId, device: &str) -> Result<SignedIn, Refusal> {
        let account = self.0.account(user).await?.ok_or_else(no_account)?;
        if !account.is_active {
            return Err(Refusal::new(RefusalCode::Forbidden, "this account is switched off"));
        }
        let signed_in = self.0.start_session(account, Some(device), None).await?;
        audit::done("mint_token", user, Some(signed_in.session));
        Ok(signed_in)
    }

    /// Makes `count` accounts named "`prefix` 1" and so on, without passwords and names to sign in with, each with a
    /// session and an access token that lives for `ttl_s` seconds. For load tests: no password is hashed.
    ///
    /// # Errors
    /// `unavailable`; accounts made until then stay.
    pub async fn mint_many(&self, count: usize, prefix: &str, ttl_s: u64) -> Result<Vec<Minted>, Refusal> {
        let minting = (1..=count).map(|number| self.mint_one(format!("{prefix} {number}"), ttl_s));
        stream::iter(minting).buffered(MINT_AT_ONCE).try_collect().await
    }

    async fn mint_one(&self, full_name: String, ttl_s: u64) -> Result<Minted, Refusal> {
        let profile = ProfileUpdate { full_name: Some(full_name), ..ProfileUpdate::default() };
        let account = self.0.new_account(&Names::default(), &profile, AccountKind::User)?;
        self.0.store.insert(Account::TABLE, account.to_row()).await.map_err(unavailable)?;
        let (session, _): (_, RefreshToken) = self.0.new_session(&account, Some("minted"), AccountKind::User).await?;
        self.0.store.insert(plenum_schema::entities::Session::TABLE, session.to_row()).await.map_err(unavailable)?;
        let (access_token, _) = self.0.access_token(&account.role, &session, ttl_s)?;
        Ok(Minted { user: account.user_id, session: session.session_id, access_token })
    }
}
