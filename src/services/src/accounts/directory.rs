//! Accounts in the store, and the rows that make their names unique.
//!
//! A name is claimed, then the account that carries it is written, then the claim is confirmed; each step is one conditional
//! write, so a crash between two leaves a state that the next one who meets it completes or takes over:
//!
//! | key row | account | meaning |
//! |---|---|---|
//! | unconfirmed | carries the name | almost done: whoever sees it confirms |
//! | unconfirmed | absent, or without the name | somebody is at it, or crashed: may be taken over after a grace |
//! | confirmed | carries the name | taken |
//! | confirmed | absent, or without the name | given up: may be taken over |
//!
//! Taking over and confirming compete for the same version of the row: exactly one wins. The clock decides only how
//! long one waits.

use super::names::Name;
use super::service::{Inner, millis};
use crate::unavailable::{damaged, unavailable};
use plenum_actors::store::{Conditional, Mutation};
use plenum_schema::entities::{Account, AccountKey};
use plenum_schema::table::{Entity, FieldValue, Key, Value};
use plenum_schema::{Refusal, RefusalCode, UserId};
use uuid::Uuid;

/// How often a lost race is run again.
pub(super) const ATTEMPTS: usize = 8;

pub(super) fn read_row<E: Entity>(row: plenum_schema::table::Row) -> Result<E, Refusal> {
    E::from_row(row).map_err(|error| damaged(&error))
}

pub(super) fn contended() -> Refusal {
    Refusal::new(RefusalCode::Busy, "somebody else changes the same thing right now").retry_after(200)
}

/// Whether an account carries a name.
pub(super) fn carries(account: &Account, name: &Name) -> bool {
    let held = match name {
        Name::Email(_) => &account.email,
        Name::Phone(_) => &account.phone,
        Name::Username(_) => &account.username,
        Name::Google(_) => &account.google_id,
    };
    held.as_deref() == Some(name.text())
}

impl Inner {
    pub async fn row<E: Entity>(&self, key: Key) -> Result<Option<E>, Refusal> {
        let row = self.store.get(E::TABLE, key).await.map_err(unavailable)?;
        row.map(read_row).transpose()
    }

    /// Replaces a row whose `version` is still `expected`; gives back what stands there when it is not.
    pub async fn swap<E: Entity>(&self, new: &E, expected: i64) -> Result<Result<(), Option<E>>, Refusal> {
        let missing = || Refusal::new(RefusalCode::Internal, "the table has no version");
        let column = E::TABLE.column("version").ok_or_else(missing)?;
        let answer = self.store.replace(E::TABLE, new.to_row(), column, Value::Int(expected)).await;
        match answer.map_err(unavailable)? {
            Conditional::Applied => Ok(Ok(())),
            Conditional::Refused(stands) => Ok(Err(stands.map(read_row).transpose()?)),
        }
    }

    /// An account. One that was deleted is none.
    pub async fn account(&self, user: UserId) -> Result<Option<Account>, Refusal> {
        Ok(self.any_account(user).await?.filter(|account| account.erased_at.is_none()))
    }

    /// An account's row, also of one that was deleted.
    pub async fn any_account(&self, user: UserId) -> Result<Option<Account>, Refusal> {
        self.row(vec![user.to_value()]).await
    }

    /// Changes an account by compare-and-set; `change` sees the newest state each time and may refuse.
    pub async fn edit_account(
        &self,
        user: UserId,
        mut change: impl FnMut(&mut Account) -> Result<(), Refusal>,
    ) -> Result<Account, Refusal> {
        for _ in 0..ATTEMPTS {
            let gone = || Refusal::new(RefusalCode::NotFound, "no such account");
            let mut account = self.account(user).await?.ok_or_else(gone)?;
            let expected = account.version;
            change(&mut account)?;
            account.version = expected + 1;
            account.updated_at = self.now();
            if self.swap(&account, expected).await?.is_ok() {
                return Ok(account);
            }
        }
        Err(contended())
    }

    /// The account that a name belongs to.
    pub async fn owner(&self, name: &Name) -> Result<Option<Account>, Refusal> {
        let key = self.row::<AccountKey>(vec![name.key().to_value()]).await?;
        let Some(key) = key.filter(|key| !key.user_id.0.is_nil()) else { return Ok(None) };
        let account = self.account(key.user_id).await?.filter(|account| carries(account, name));
        let held = account.is_some() && self.confirm(&key).await?;
        Ok(account.filter(|_| held))
    }

    /// Refuses a name that cannot be claimed now. Claiming decides; this spares the hash of a password.
    pub async fn check_free(&self, name: &Name) -> Result<(), Refusal> {
        match self.row::<AccountKey>(vec![name.key().to_value()]).await? {
            Some(key) if !self.may_take_over(&key, name).await? => Err(name.taken()),
            _ => Ok(()),
        }
    }

    async fn may_take_over(&self, key: &AccountKey, name: &Name) -> Result<bool, Refusal> {
        if key.user_id.0.is_nil() {
            return Ok(true);
        }
        // Also of an account that is being erased: its names are free when their rows are gone.
        if self.any_account(key.user_id).await?.is_some_and(|account| carries(&account, name)) {
            self.confirm(key).await?;
            return Ok(false);
        }
        let waited = self.now() >= key.claimed_at.saturating_add(millis(self.config.claim_grace_s));
        Ok(key.confirmed || waited)
    }

    /// Claims a name for an account that will be written next.
    ///
    /// # Errors
    /// `conflict` when it is somebody else's.
    pub async fn claim(&self, name: &Name, user: UserId) -> Result<AccountKey, Refusal> {
        let mut claim =
            AccountKey { key: name.key(), user_id: user, confirmed: false, claimed_at: self.now(), version: 1 };
        for _ in 0..ATTEMPTS {
            claim.version = 1;
            let answer = self.store.insert(AccountKey::TABLE, claim.to_row()).await.map_err(unavailable)?;
            let Conditional::Refused(stands) = answer else { return Ok(claim) };
            let Some(stands) = stands.map(read_row::<AccountKey>).transpose()? else { continue };
            if !self.may_take_over(&stands, name).await? {
                return Err(name.taken());
            }
            claim.version = stands.version + 1;
            if self.swap(&claim, stands.version).await?.is_ok() {
                return Ok(claim);
            }
        }
        Err(contended())
    }

    /// Confirms a claim whose account is written. `false`: somebody else has taken it over.
    pub async fn confirm(&self, claim: &AccountKey) -> Result<bool, Refusal> {
        if claim.confirmed {
            return Ok(true);
        }
        let confirmed = AccountKey { confirmed: true, version: claim.version + 1, ..claim.clone() };
        Ok(match self.swap(&confirmed, claim.version).await? {
            Ok(()) => true,
            Err(stands) => stands.is_some_and(|stands| stands.confirmed && stands.user_id == claim.user_id),
        })
    }

    /// Gives a claim back, if it is still ours. Best effort: what stays behind is taken over later.
    pub async fn release(&self, claim: &AccountKey) {
        for version in [claim.version, claim.version + 1] {
            let nobody = UserId(Uuid::nil());
            let free = AccountKey { user_id: nobody, confirmed: false, version: version + 1, ..claim.clone() };
            if matches!(self.swap(&free, version).await, Ok(Ok(())) | Err(_)) {
                return;
            }
        }
    }

    /// Writes a new account with its names. Nothing of it stays when a name is taken.
    pub async fn create_account(&self, account: &Account, names: &[Name]) -> Result<(), Refusal> {
        let mut claims = Vec::with_capacity(names.len());
        for name in names {
            match self.claim(name, account.user_id).await {
                Ok(claim) => claims.push(claim),
                Err(refusal) => return self.give_up(&claims, refusal).await,
            }
        }
        // An unknown outcome leaves the claims: with the account they are completed by the next who looks, else taken over.
        self.store.insert(Account::TABLE, account.to_row()).await.map_err(unavailable)?;
        for (claim, name) in claims.iter().zip(names) {
            if !self.confirm(claim).await? {
                let gone = Mutation::Delete(vec![account.user_id.to_value()]);
                self.store.write(Account::TABLE, vec![gone]).await.map_err(unavailable)?;
                return self.give_up(&claims, name.taken()).await;
            }
        }
        Ok(())
    }

    async fn give_up(&self, claims: &[AccountKey], refusal: Refusal) -> Result<(), Refusal> {
        for claim in claims {
            self.release(claim).await;
        }
        Err(refusal)
    }
}
