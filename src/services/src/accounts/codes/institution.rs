//! Institutions sign up by themselves, and get their role when they have proved their e-mail address.
//!
//! The code is one for that address and nothing else; who is signed in asks for another one as for any change. Anybody can sign up with an
//! address that is not theirs, so the first proof takes away what was there before it, as an ordinary code does. (A code to sign in proves
//! the address as well, at its own door and by its own rules.)

use super::{Codes, Door, Purpose, wrong_code};
use crate::accounts::audit;
use crate::accounts::kinds;
use crate::accounts::names::{self, Name};
use crate::accounts::password;
use crate::accounts::requests::{Registration, SignedIn};
use crate::accounts::secret::Secret;
use plenum_actors::identity::{AccountKind, Identity};
use plenum_schema::entities::Account;
use plenum_schema::{Refusal, RefusalCode};
use std::net::IpAddr;

/// The code that an institution was sent.
#[derive(Clone, Debug)]
pub struct Confirmation {
    /// The institution's address.
    pub email: String,
    /// The digits.
    pub code: Secret,
    /// The password of the account, or the one that it is to have.
    pub password: Option<Secret>,
    /// Who asks, when the request comes from a signed-in device.
    pub by: Option<Identity>,
    /// What the device calls itself.
    pub device: Option<String>,
    /// Where the request comes from, when known; decides how fast it may try.
    pub address: Option<IpAddr>,
}

pub(super) fn is_institution(account: &Account) -> bool {
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
            let door = Door { purpose: Purpose::Institution, name: Name::Email(email.clone()) };
            if let Err(refusal) = self.send(&door, address).await {
                tracing::warn!(%refusal, user = %signed_in.profile.id, "an institution was not sent its code");
            }
        }
        Ok(signed_in)
    }

    /// Proves an institution's address by the code that it was sent: it has its role from here on, and the device is signed in.
    ///
    /// The first proof ends the other sessions and takes the password, the Google account and the telephone away, unless the request carries
    /// the password or comes from a device of the account; a password in the request takes its place.
    ///
    /// # Errors
    /// `invalid` naming `email`, `code` or `password`, for addresses of nobody and of other kinds alike; `forbidden` when the account is
    /// switched off; `rateLimited`, `busy`, `unavailable`.
    pub async fn confirm_institution(&self, confirmation: Confirmation) -> Result<SignedIn, Refusal> {
        let Confirmation { email, code, password, by, device, address } = confirmation;
        let (inner, name) = (&self.accounts.0, names::email(&email)?);
        if let Some(password) = &password {
            password::check(&inner.config.password, "password", password, &[name.text()])?;
        }
        // Whose it is is looked at behind the code: until then addresses of everybody and nobody go the same steps.
        self.redeem(&Door { purpose: Purpose::Institution, name: name.clone() }, code.expose(), address).await?;
        // The account may have another address by now, and the address another account.
        let account = inner.owner(&name).await?.filter(is_institution).ok_or_else(wrong_code)?;
        if !account.is_active {
            audit::denied("login_by_code", Some(account.user_id), address, RefusalCode::Forbidden);
            return Err(Refusal::new(RefusalCode::Forbidden, "this account is switched off"));
        }
        let account = self.first_proof(account, &name, password.as_ref(), by).await?;
        audit::done("institution_proved", account.user_id, None);
        let signed_in = inner.start_session(account, device.as_deref(), Some(AccountKind::University)).await?;
        audit::done("login_by_code", signed_in.profile.id, Some(signed_in.session));
        Ok(signed_in)
    }

    /// What a code for an address opens that somebody signed in wants to have: for the own one of an institution the same as the code that it
    /// was sent when it signed up.
    pub(super) async fn door_of(&self, identity: Identity, name: Name) -> Result<Door, Refusal> {
        let account = self.accounts.0.account(identity.user).await?;
        let is_own = |account: &Account| is_institution(account) && account.email.as_deref() == Some(name.text());
        let is_own = matches!(name, Name::Email(_)) && account.as_ref().is_some_and(is_own);
        let purpose = if is_own { Purpose::Institution } else { Purpose::Change(identity.user) };
        Ok(Door { purpose, name })
    }
}
