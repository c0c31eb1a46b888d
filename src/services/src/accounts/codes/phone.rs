//! Changing the own telephone number.

use super::{CodeSent, Codes, Door, Purpose};
use crate::accounts::audit;
use crate::accounts::names::{self, Name};
use crate::accounts::password::Checked;
use crate::accounts::profile::Profile;
use crate::accounts::secret::Secret;
use crate::accounts::service::unauthenticated;
use crate::messenger::{Message, Recipient, Text};
use plenum_actors::identity::Identity;
use plenum_schema::entities::AccountKey;
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode};
use std::net::IpAddr;

impl Codes {
    /// Sends a code to the number that the person wants to have.
    ///
    /// # Errors
    /// `invalid` naming `phone` or `currentPassword`; `rateLimited`, `busy`, `unavailable`. Whether somebody else has the number is
    /// only told to whoever proves it.
    pub async fn send_phone(
        &self,
        identity: Identity,
        phone: &str,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<CodeSent, Refusal> {
        let name = names::phone(phone)?;
        self.authenticate_again(identity, password, address).await?;
        self.send(&Door { purpose: Purpose::ChangePhone(identity.user), name }, address).await
    }

    /// Lets those pass who signed in a moment ago or know the password: a stolen token alone must not take an account over.
    async fn authenticate_again(
        &self,
        identity: Identity,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        let inner = &self.accounts.0;
        if let Some(password) = password {
            let tried = inner.try_once("change_phone", Some(&identity.user.to_string()), address).await?;
            let account = inner.account(identity.user).await?.ok_or_else(unauthenticated)?;
            if inner.pool.check(password, account.password_hash).await? == Checked::Wrong {
                audit::denied("change_phone", Some(identity.user), address, RefusalCode::Invalid);
                return Err(Refusal::field(RefusalCode::Invalid, "currentPassword", "the current password is wrong"));
            }
            tried.forgive();
            return Ok(());
        }
        inner.check_fresh(identity).await
    }

    /// Gives the account the number that the code was sent to, and tells the old address.
    ///
    /// # Errors
    /// `invalid` naming `code`, `conflict` naming `phone` when another account has it, `rateLimited`, `busy`, `unavailable`.
    pub async fn change_phone(
        &self,
        identity: Identity,
        phone: &str,
        code: &str,
        address: Option<IpAddr>,
    ) -> Result<Profile, Refusal> {
        let inner = &self.accounts.0;
        let door = Door { purpose: Purpose::ChangePhone(identity.user), name: names::phone(phone)? };
        self.redeem(&door, code, address).await?;
        let before = inner.account(identity.user).await?.ok_or_else(unauthenticated)?;
        let now = inner.now();
        if before.phone.as_deref() == Some(door.name.text()) {
            let proved = inner.edit_account(identity.user, |account| {
                account.phone_verified_at.get_or_insert(now);
                Ok(())
            });
            return Ok(proved.await?.into());
        }
        let claim = inner.claim(&door.name, identity.user).await?;
        let changed = inner.edit_account(identity.user, |account| {
            account.phone = Some(door.name.text().to_owned());
            account.phone_verified_at = Some(now);
            Ok(())
        });
        let account = match changed.await {
            Ok(account) => account,
            Err(refusal) => {
                inner.release(&claim).await;
                return Err(refusal);
            }
        };
        if !inner.confirm(&claim).await? {
            let undone = inner.edit_account(identity.user, |account| {
                if account.phone.as_deref() == Some(door.name.text()) {
                    (account.phone, account.phone_verified_at) = (None, None);
                }
                Ok(())
            });
            undone.await?;
            return Err(door.name.taken());
        }
        audit::done("change_phone", identity.user, Some(identity.session));
        self.give_back(before.phone.as_deref(), identity).await;
        self.tell(before.email, before.phone).await;
        Ok(account.into())
    }

    /// The old number is free for others. Best effort: a key whose account does not carry it may be taken over anyhow.
    async fn give_back(&self, old: Option<&str>, identity: Identity) {
        let Some(old) = old else { return };
        let name = Name::Phone(old.to_owned());
        if let Ok(Some(key)) = self.accounts.0.row::<AccountKey>(vec![name.key().to_value()]).await
            && key.user_id == identity.user
        {
            self.accounts.0.release(&key).await;
        }
    }

    /// The old address hears of it: whoever did not want this finds out.
    async fn tell(&self, email: Option<String>, phone: Option<String>) {
        let Some(to) = email.map(Recipient::Email).or(phone.map(Recipient::Phone)) else { return };
        if let Err(error) = self.messenger.send(Message { to, text: Text::PhoneChanged }).await {
            tracing::warn!(%error, "the old address was not told of the new telephone number");
        }
    }
}
