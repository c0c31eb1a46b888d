//! Signing in by password, and changing it.

use super::audit;
use super::directory::{ATTEMPTS, contended};
use super::names::{self, Name, given};
use super::password::{self, Checked};
use super::requests::{Login, PasswordChange, SignedIn};
use super::secret::Secret;
use super::service::{Accounts, Inner, unauthenticated};
use plenum_actors::identity::Identity;
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode, SessionId, UserId};

/// The one answer to an unknown name and to a wrong password.
fn wrong_credentials() -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, "the name or the password is wrong")
}

/// The name that counts. `None` when it cannot be anybody's.
fn name_of(login: &Login) -> Result<Option<Name>, Refusal> {
    let (email, phone, username) =
        (given(login.email.as_ref()), given(login.phone.as_ref()), given(login.username.as_ref()));
    match (email, phone, username) {
        (Some(email), _, _) => Ok(names::any(email).ok()),
        (None, Some(phone), _) => Ok(names::phone(phone).ok()),
        (None, None, Some(username)) => Ok(names::any(username).ok()),
        (None, None, None) => {
            Err(Refusal::field(RefusalCode::Invalid, "email", "an e-mail address, phone or username is needed"))
        }
    }
}

impl Inner {
    /// The account behind a name and a password; the same answer after the same time when either is wrong.
    async fn authenticate_password(&self, name: Option<&Name>, login: &Login) -> Result<Account, Refusal> {
        let password = &login.password;
        let account = match name {
            Some(name) => self.owner(name).await?,
            None => None,
        };
        let stored = account.as_ref().and_then(|account| account.password_hash.clone());
        let too_long = password.expose().chars().count() > self.config.password.max_chars;
        let checked = self.pool.check(password.clone(), stored.filter(|_| !too_long)).await?;
        match account {
            Some(account) if checked == Checked::Right => Ok(account),
            Some(account) if checked == Checked::RightButOld => Ok(self.rehash(account, password).await),
            account => {
                let user = account.map(|account| account.user_id);
                audit::denied("login", user, login.address, RefusalCode::Unauthenticated);
                Err(wrong_credentials())
            }
        }
    }

    /// Stores a right password anew with the present parameters. When that fails the old hash stays, until next time.
    async fn rehash(&self, account: Account, password: &Secret) -> Account {
        let Ok(hash) = self.pool.hash(password.clone()).await else { return account };
        let old = account.password_hash.clone();
        let changed = self.edit_account(account.user_id, |account| {
            if account.password_hash != old {
                return Err(contended());
            }
            account.password_hash = Some(hash.clone());
            Ok(())
        });
        changed.await.unwrap_or(account)
    }

    /// Stores a new password. Sessions of the old one are worth nothing from here on.
    pub async fn store_password(&self, user: UserId, hash: &str, credential: Option<i64>) -> Result<(), Refusal> {
        let changed = self.edit_account(user, |account| {
            if credential.is_some_and(|credential| credential != account.credential) {
                return Err(Refusal::new(RefusalCode::Conflict, "the password was changed on another device"));
            }
            account.password_hash = Some(hash.to_owned());
            account.credential += 1;
            Ok(())
        });
        changed.await.map(drop)
    }

    /// Lets a session outlive the change of password that it asks for.
    async fn keep_session(&self, user: UserId, session: SessionId, credential: i64) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            let mut row = self.session(user, session).await?.ok_or_else(unauthenticated)?;
            let expected = row.version;
            (row.credential, row.version) = (credential, expected + 1);
            if self.swap(&row, expected).await?.is_ok() {
                return Ok(());
            }
        }
        Err(contended())
    }

    async fn change_password(&self, identity: Identity, change: PasswordChange) -> Result<(), Refusal> {
        let account = self.account(identity.user).await?.ok_or_else(unauthenticated)?;
        let tried = self.try_once("change_password", Some(&identity.user.to_string()), change.address).await?;
        if account.password_hash.is_none() {
            // Whoever signs in by codes gets a first password: a code of a moment ago stands for the old one.
            self.check_fresh(identity).await?;
        } else if self.pool.check(change.current.clone(), account.password_hash.clone()).await? == Checked::Wrong {
            audit::denied("change_password", Some(identity.user), change.address, RefusalCode::Invalid);
            return Err(Refusal::field(RefusalCode::Invalid, "currentPassword", "the current password is wrong"));
        }
        tried.forgive();
        password::check(&self.config.password, "newPassword", &change.new, &context(&account))?;
        if change.new == change.current {
            return Err(Refusal::field(RefusalCode::Invalid, "newPassword", "this is the password until now"));
        }
        let hash = self.pool.hash(change.new).await?;
        self.keep_session(identity.user, identity.session, account.credential + 1).await?;
        self.store_password(identity.user, &hash, Some(account.credential)).await?;
        self.end_others(identity.user, Some(identity.session)).await
    }
}

/// Words about a person that do not make a password stronger, longer ones first: they may contain the shorter ones.
pub(super) fn context(account: &Account) -> Vec<&str> {
    let local = account.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(local, _)| local);
    let Account { email, phone, username, first_name, last_name, full_name, .. } = account;
    let names = [email, phone, username, first_name, last_name, full_name];
    let mut words: Vec<&str> = local.into_iter().chain(names.into_iter().flatten().map(String::as_str)).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

impl Accounts {
    /// Signs a device in. Beyond the limit of sessions the oldest ends.
    ///
    /// # Errors
    /// `unauthenticated` for an unknown name and a wrong password alike; `rateLimited` and `busy` with a time to come back;
    /// `forbidden` when the account is switched off or not of the kind whose door this is; `unavailable`.
    pub async fn login(&self, login: Login) -> Result<SignedIn, Refusal> {
        let name = name_of(&login)?;
        // What cannot be anybody's name shares one bucket, and costs the same time.
        let bucket = name.as_ref().map_or_else(|| "nobody".to_owned(), Name::key);
        let tried = self.0.try_once("login", Some(&bucket), login.address).await?;
        let outcome = self.0.authenticate_password(name.as_ref(), &login).await;
        // A try counts when the password was wrong, not when nobody looked at it.
        if outcome.as_ref().err().is_none_or(|refusal| refusal.code.is_retryable()) {
            tried.forgive();
        } else {
            drop(tried);
        }
        let account = outcome?;
        if !account.is_active {
            audit::denied("login", Some(account.user_id), login.address, RefusalCode::Forbidden);
            return Err(Refusal::new(RefusalCode::Forbidden, "this account is switched off"));
        }
        let signed_in = self.0.start_session(account, login.device.as_deref(), login.door).await?;
        audit::done("login", signed_in.profile.id, Some(signed_in.session));
        Ok(signed_in)
    }

    /// Changes the password; all other sessions end and their sockets close.
    ///
    /// # Errors
    /// `invalid` naming `currentPassword` or `newPassword`, `conflict` when another device changed it at the same time,
    /// `rateLimited`, `busy`, `unavailable`.
    pub async fn change_password(&self, identity: Identity, change: PasswordChange) -> Result<(), Refusal> {
        self.0.change_password(identity, change).await?;
        audit::done("change_password", identity.user, Some(identity.session));
        Ok(())
    }
}
