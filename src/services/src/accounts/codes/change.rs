//! Changing the own e-mail address or telephone number.

use super::{CodeSent, Codes};
use crate::accounts::audit;
use crate::accounts::kinds;
use crate::accounts::names::{self, Name};
use crate::accounts::profile::Profile;
use crate::accounts::secret::Secret;
use crate::accounts::service::unauthenticated;
use crate::messenger::{Message, Recipient, Text};
use plenum_actors::identity::Identity;
use plenum_schema::Refusal;
use plenum_schema::entities::{Account, AccountKey};
use plenum_schema::table::FieldValue;
use std::net::IpAddr;

/// What carries such a name in an account: the name, and when it was proved.
fn place<'a>(account: &'a mut Account, name: &Name) -> (&'a mut Option<String>, &'a mut Option<i64>) {
    match name {
        Name::Email(_) => (&mut account.email, &mut account.email_verified_at),
        Name::Phone(_) => (&mut account.phone, &mut account.phone_verified_at),
        // Nothing can be sent to one: no door is made of it.
        Name::Username(_) => (&mut account.username, &mut account.email_verified_at),
        Name::Google(_) => (&mut account.google_id, &mut account.email_verified_at),
    }
}

fn event(name: &Name) -> &'static str {
    if matches!(name, Name::Phone(_)) { "change_phone" } else { "change_email" }
}

impl Codes {
    /// Sends a code to the telephone number that the person wants to have.
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
        self.send_change(identity, names::phone(phone)?, password, address).await
    }

    /// Sends a code to the e-mail address that the person wants to have.
    ///
    /// # Errors
    /// As [`Codes::send_phone`], naming `email`.
    pub async fn send_email(
        &self,
        identity: Identity,
        email: &str,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<CodeSent, Refusal> {
        self.send_change(identity, names::email(email)?, password, address).await
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
        self.change(identity, names::phone(phone)?, code, address).await
    }

    /// Gives the account the e-mail address that the code was sent to, and tells the old one.
    ///
    /// # Errors
    /// As [`Codes::change_phone`], naming `email`.
    pub async fn change_email(
        &self,
        identity: Identity,
        email: &str,
        code: &str,
        address: Option<IpAddr>,
    ) -> Result<Profile, Refusal> {
        self.change(identity, names::email(email)?, code, address).await
    }

    async fn send_change(
        &self,
        identity: Identity,
        name: Name,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<CodeSent, Refusal> {
        self.accounts.0.authenticate_again(identity, event(&name), password, address).await?;
        self.send(&self.door_of(identity, name).await?, address).await
    }

    async fn change(
        &self,
        identity: Identity,
        name: Name,
        code: &str,
        address: Option<IpAddr>,
    ) -> Result<Profile, Refusal> {
        let inner = &self.accounts.0;
        let door = self.door_of(identity, name).await?;
        self.redeem(&door, code, address).await?;
        let mut before = inner.account(identity.user).await?.ok_or_else(unauthenticated)?;
        let now = inner.now();
        let old = place(&mut before, &door.name).0.clone();
        if old.as_deref() == Some(door.name.text()) {
            let proved = inner.edit_account(identity.user, |account| {
                let was = account.email_verified_at;
                place(account, &door.name).1.get_or_insert(now);
                kinds::prove(account, was);
                Ok(())
            });
            return Ok(proved.await?.into());
        }
        let account = self.rename(identity, &door.name, now).await?;
        audit::done(event(&door.name), identity.user, Some(identity.session));
        self.give_back(old.as_deref(), &door.name, identity).await;
        self.tell(&door.name, before.email, before.phone).await;
        Ok(account.into())
    }

    /// Claims the name, writes it, confirms the claim.
    async fn rename(&self, identity: Identity, name: &Name, now: i64) -> Result<Account, Refusal> {
        let inner = &self.accounts.0;
        let claim = inner.claim(name, identity.user).await?;
        let changed = inner.edit_account(identity.user, |account| {
            let was = account.email_verified_at;
            let (held, proved_at) = place(account, name);
            (*held, *proved_at) = (Some(name.text().to_owned()), Some(now));
            kinds::prove(account, was);
            Ok(())
        });
        let account = match changed.await {
            Ok(account) => account,
            Err(refusal) => {
                inner.release(&claim).await;
                return Err(refusal);
            }
        };
        if inner.confirm(&claim).await? {
            return Ok(account);
        }
        // The claim was taken over before the account carried the name: it must not go on showing it.
        let undone = inner.edit_account(identity.user, |account| {
            let (held, proved_at) = place(account, name);
            if held.as_deref() == Some(name.text()) {
                (*held, *proved_at) = (None, None);
            }
            Ok(())
        });
        undone.await?;
        Err(name.taken())
    }

    /// The old name is free for others. Best effort: a key whose account does not carry it may be taken over anyhow.
    async fn give_back(&self, old: Option<&str>, new: &Name, identity: Identity) {
        let Some(old) = old.map(str::to_owned) else { return };
        let name = if matches!(new, Name::Phone(_)) { Name::Phone(old) } else { Name::Email(old) };
        if let Ok(Some(key)) = self.accounts.0.row::<AccountKey>(vec![name.key().to_value()]).await
            && key.user_id == identity.user
        {
            self.accounts.0.release(&key).await;
        }
    }

    /// The old address hears of it: whoever did not want this finds out.
    async fn tell(&self, changed: &Name, email: Option<String>, phone: Option<String>) {
        let Some(to) = email.map(Recipient::Email).or(phone.map(Recipient::Phone)) else { return };
        let text = if matches!(changed, Name::Phone(_)) { Text::PhoneChanged } else { Text::EmailChanged };
        if let Err(error) = self.messenger.send(Message { to, text }).await {
            tracing::warn!(%error, "the old address was not told of the new one");
        }
    }
}
