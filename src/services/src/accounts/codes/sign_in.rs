//! Signing in, and up, by a code.

use super::institution::is_institution;
use super::{Codes, Door, Purpose, address_of, wrong_code};
use crate::accounts::audit;
use crate::accounts::kinds;
use crate::accounts::login::context;
use crate::accounts::names::Name;
use crate::accounts::password::{self, Checked};
use crate::accounts::register::Names;
use crate::accounts::requests::{ProfileUpdate, SignedIn};
use crate::accounts::secret::Secret;
use plenum_actors::identity::{AccountKind, Identity};
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode};
use std::net::IpAddr;

/// A code from an e-mail address or a telephone. The account is made where there is none.
#[derive(Clone, Debug)]
pub struct CodeSignIn {
    /// Where the code was sent: this or `phone`.
    pub email: Option<String>,
    /// Where the code was sent.
    pub phone: Option<String>,
    /// The digits.
    pub code: Secret,
    /// Of a new account, or of one whose address nobody had proved until now.
    pub password: Option<Secret>,
    /// Members of a new account's profile.
    pub profile: ProfileUpdate,
    /// What the device calls itself.
    pub device: Option<String>,
    /// Where the request comes from, when known; decides how fast it may try.
    pub address: Option<IpAddr>,
}

/// Whether the account has the name still, that a code was sent to.
fn carries(account: &Account, name: &Name) -> bool {
    let held = if matches!(name, Name::Phone(_)) { &account.phone } else { &account.email };
    held.as_deref() == Some(name.text())
}

fn proved_at(account: &Account, name: &Name) -> Option<i64> {
    if matches!(name, Name::Phone(_)) { account.phone_verified_at } else { account.email_verified_at }
}

fn prove(account: &mut Account, name: &Name, now: i64) {
    let was = account.email_verified_at;
    let at =
        if matches!(name, Name::Phone(_)) { &mut account.phone_verified_at } else { &mut account.email_verified_at };
    at.get_or_insert(now);
    kinds::prove(account, was);
}

impl Codes {
    /// Signs in whoever has the code, making the account where there is none.
    ///
    /// An account whose address was never proved may have been made by somebody else, who knows its password. The first code
    /// therefore ends its other sessions and takes its password and its Google account away, unless the request carries the
    /// password; a password in the request takes its place.
    ///
    /// # Errors
    /// `invalid` naming `code` or another member (then the code is not used up), `conflict` naming `username`, `forbidden` when
    /// the account is switched off, `rateLimited`, `busy`, `unavailable`.
    pub async fn sign_in(&self, request: CodeSignIn) -> Result<SignedIn, Refusal> {
        let inner = &self.accounts.0;
        let name = address_of(request.email.as_ref(), request.phone.as_ref())?;
        let mut names = Names::read(None, None, request.profile.username.as_ref())?;
        match &name {
            Name::Phone(_) => names.phone = Some(name.clone()),
            _ => names.email = Some(name.clone()),
        }
        // What is wrong with the rest is said before the code is used up.
        let new = inner.new_account(&names, &request.profile, AccountKind::User)?;
        if let Some(password) = &request.password {
            password::check(&inner.config.password, "password", password, &context(&new))?;
        }
        let door = Door { purpose: Purpose::SignIn, name };
        self.redeem(&door, request.code.expose(), request.address).await?;
        let account = match inner.owner(&door.name).await? {
            Some(account) => self.welcome(account, &door.name, &request).await?,
            None => match self.found(new, &names, &door.name, &request).await {
                // Somebody made it in the same moment.
                Err(refusal) if refusal.code == RefusalCode::Conflict => match inner.owner(&door.name).await? {
                    Some(account) => self.welcome(account, &door.name, &request).await?,
                    None => return Err(refusal),
                },
                other => other?,
            },
        };
        let signed_in = inner.start_session(account, request.device.as_deref(), None).await?;
        audit::done("login_by_code", signed_in.profile.id, Some(signed_in.session));
        Ok(signed_in)
    }

    /// A new account.
    async fn found(
        &self,
        mut account: Account,
        names: &Names,
        name: &Name,
        request: &CodeSignIn,
    ) -> Result<Account, Refusal> {
        let inner = &self.accounts.0;
        if let Some(password) = &request.password {
            account.password_hash = Some(inner.pool.hash(password.clone()).await?);
        }
        prove(&mut account, name, inner.now());
        inner.create_account(&account, &names.all()).await?;
        audit::done("register", account.user_id, None);
        Ok(account)
    }

    /// An account that exists.
    async fn welcome(&self, account: Account, name: &Name, request: &CodeSignIn) -> Result<Account, Refusal> {
        if !account.is_active {
            audit::denied("login_by_code", Some(account.user_id), request.address, RefusalCode::Forbidden);
            return Err(Refusal::new(RefusalCode::Forbidden, "this account is switched off"));
        }
        self.first_proof(account, name, request.password.as_ref(), None).await
    }

    /// An account whose code came back. When nobody had proved the address before, what somebody else may have prepared is taken away, unless
    /// the request carries the password or comes from a device of the account (`by`); a password in the request takes its place.
    pub(super) async fn first_proof(
        &self,
        account: Account,
        name: &Name,
        password: Option<&Secret>,
        by: Option<Identity>,
    ) -> Result<Account, Refusal> {
        if proved_at(&account, name).is_some() {
            return Ok(account);
        }
        let inner = &self.accounts.0;
        let now = inner.now();
        let is_own_device = by.is_some_and(|by| by.is_account() && by.user == account.user_id);
        let knows_password = match (password, &account.password_hash) {
            (Some(password), Some(hash)) => {
                inner.pool.check(password.clone(), Some(hash.clone())).await? != Checked::Wrong
            }
            _ => false,
        };
        let is_owner = knows_password || is_own_device;
        let hash = match password {
            Some(password) if !is_owner => Some(inner.pool.hash(password.clone()).await?),
            _ => None,
        };
        if !is_owner {
            // Before the code counts as well as after: if this fails, the proof can be tried again.
            inner.end_others(account.user_id, None).await?;
        }
        let changed = inner.edit_account(account.user_id, |account| {
            if !carries(account, name) || !account.is_active {
                return Err(wrong_code());
            }
            prove(account, name, now);
            if !is_owner {
                account.password_hash.clone_from(&hash);
                // Its key may be taken over from here on, as no account carries it.
                account.google_id = None;
                account.credential += 1;
                if is_institution(account) && matches!(name, Name::Email(_)) {
                    // An institution is its e-mail address: a telephone that somebody else named would open it by another code.
                    (account.phone, account.phone_verified_at) = (None, None);
                }
            }
            Ok(())
        });
        let account = changed.await?;
        if !is_owner {
            inner.end_others(account.user_id, None).await?;
            audit::done("address_proved", account.user_id, None);
        }
        Ok(account)
    }
}
