//! Institutions sign up by themselves, and get their role when they have proved their e-mail address.
//!
//! The code is one to change the address of that account, to the one that it has: who is signed in asks for another one as for any
//! change. It opens nothing of another account. (A code to sign in proves the address as well, at its own door and by its own rules.)

use super::{Codes, Door, Purpose};
use crate::accounts::audit;
use crate::accounts::kinds;
use crate::accounts::names::{self, Name};
use crate::accounts::requests::{Registration, SignedIn};
use crate::accounts::secret::Secret;
use plenum_actors::identity::AccountKind;
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode, UserId};
use std::net::IpAddr;
use uuid::Uuid;

/// The code that an institution was sent.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The institution's address.
    pub email: String,
    /// The digits.
    pub code: Secret,
    /// What the device calls itself.
    pub device: Option<String>,
    /// Where the request comes from, when known; decides how fast it may try.
    pub address: Option<IpAddr>,
}

fn is_institution(account: &Account) -> bool {
    kinds::kind_of(account).is_ok_and(|kind| kind == AccountKind::University)
}

impl Codes {
    /// Makes an account of any kind and signs its first device in; an institution is sent a code. When that cannot be sent, the account is
    /// made nevertheless: it asks for another one.
    ///
    /// # Errors
    /// As [`Accounts::register`](crate::accounts::Accounts::register).
    pub async fn register(&self, registration: Registration) -> Result<SignedIn, Refusal> {
        let (kind, address) = (registration.kind, registration.address);
        let signed_in = self.accounts.register(registration).await?;
        if let (AccountKind::University, Some(email)) = (kind, &signed_in.profile.email) {
            let door = Door { purpose: Purpose::Change(signed_in.profile.id), name: Name::Email(email.clone()) };
            if let Err(refusal) = self.send(&door, address).await {
                tracing::warn!(%refusal, user = %signed_in.profile.id, "an institution was not sent its code");
            }
        }
        Ok(signed_in)
    }

    /// Proves an institution's address by the code that it was sent: it has its role from here on, and the device is signed in.
    ///
    /// # Errors
    /// `invalid` naming `email` or `code`, for addresses of nobody and of other kinds alike; `forbidden` when the account is switched off;
    /// `rateLimited`, `busy`, `unavailable`.
    pub async fn confirm_institution(&self, confirmation: Confirmation) -> Result<SignedIn, Refusal> {
        let Confirmation { email, code, device, address } = confirmation;
        let (inner, name) = (&self.accounts.0, names::email(&email)?);
        let account = inner.owner(&name).await?.filter(is_institution);
        // A door that nobody has a code for: the same steps as for a wrong one.
        let user = account.as_ref().map_or(UserId(Uuid::nil()), |account| account.user_id);
        self.redeem(&Door { purpose: Purpose::Change(user), name: name.clone() }, code.expose(), address).await?;
        let now = inner.now();
        let proved = inner.edit_account(user, |account| {
            if account.email.as_deref() != Some(name.text()) || !account.is_active {
                return Err(Refusal::new(RefusalCode::Forbidden, "this account is switched off"));
            }
            super::sign_in::prove(account, &name, now);
            Ok(())
        });
        let account = proved.await?;
        audit::done("institution_proved", user, None);
        let door = Some(AccountKind::University);
        let signed_in = inner.start_session(account, device.as_deref(), door).await?;
        audit::done("login_by_code", user, Some(signed_in.session));
        Ok(signed_in)
    }
}
