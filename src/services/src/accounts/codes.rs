//! One-time codes by e-mail and short message: to sign in, to prove an address, to change one.
//!
//! One row for each purpose and recipient, whether or not there is an account: so the answer, its time and the limits tell
//! nobody who has one. A try is decided by compare-and-set *before* its outcome is told: five wrong ones are five, also when
//! they come at once, and a right one counts for one caller only.

mod change;
mod config;
mod institution;
mod send;
mod sign_in;

pub use config::CodesConfig;
pub use institution::Confirmation;
pub use send::CodeSent;
pub use sign_in::CodeSignIn;

use super::audit;
use super::names::{self, Name, given};
use super::refresh_token::mac;
use super::service::Accounts;
use crate::messenger::{Messenger, Recipient, SendError};
use crate::rows::{ATTEMPTS, Rows, contended};
use hmac::Mac;
use plenum_actors::clock::WallMillis;
use plenum_schema::entities::OneTimeCode;
use plenum_schema::id::derived;
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode, UserId};
use send::Budget;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// When to come back after a provider failed, milliseconds.
const RETRY_MS: u64 = 5_000;

/// Codes. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Codes {
    accounts: Accounts,
    rows: Rows,
    messenger: Arc<dyn Messenger>,
    config: Arc<CodesConfig>,
    budget: Arc<Budget>,
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codes").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What a code is for: it opens this door and no other.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Purpose {
    SignIn,
    /// Only says whether the code was right.
    Check,
    /// The person's new address or number.
    Change(UserId),
    /// Proves the address of an institution. Whose account it is is not part of it: a door for every address that anybody names.
    Institution,
}

/// A purpose and to whom the code goes.
#[derive(Clone, Debug)]
struct Door {
    purpose: Purpose,
    name: Name,
}

impl Door {
    fn key(&self) -> Uuid {
        let name = self.name.key();
        match &self.purpose {
            Purpose::SignIn => derived("plenum.code.sign-in", &[name.as_bytes()]),
            Purpose::Check => derived("plenum.code.check", &[name.as_bytes()]),
            Purpose::Change(user) => derived("plenum.code.change", &[user.0.as_bytes(), name.as_bytes()]),
            Purpose::Institution => derived("plenum.code.institution", &[name.as_bytes()]),
        }
    }

    fn recipient(&self) -> Recipient {
        let text = self.name.text().to_owned();
        if matches!(self.name, Name::Phone(_)) { Recipient::Phone(text) } else { Recipient::Email(text) }
    }
}

/// The e-mail address or telephone number that a request names; the first that is there counts.
fn address_of(email: Option<&String>, phone: Option<&String>) -> Result<Name, Refusal> {
    match (given(email), given(phone)) {
        (Some(email), _) => names::email(email),
        (None, Some(phone)) => names::phone(phone),
        (None, None) => {
            Err(Refusal::field(RefusalCode::Invalid, "email", "an e-mail address or a telephone number is needed"))
        }
    }
}

/// The one answer to every code that does not open the door.
fn wrong_code() -> Refusal {
    Refusal::field(RefusalCode::Invalid, "code", "the code is wrong or no longer valid: ask for a new one")
}

/// What a provider's failure means for the caller. Which one failed and how is for the log.
fn failed(error: &SendError) -> Refusal {
    tracing::warn!(%error, "a code could not be sent or checked");
    match error {
        SendError::NotSetUp => Refusal::new(RefusalCode::Unavailable, "codes cannot be sent to such an address here"),
        SendError::Recipient(_) => {
            Refusal::field(RefusalCode::Invalid, "to", "nothing can be sent to this address or number")
        }
        SendError::Provider(_) => {
            Refusal::new(RefusalCode::Unavailable, "codes cannot be sent now").retry_after(RETRY_MS)
        }
    }
}

impl Codes {
    /// The service.
    #[must_use]
    pub fn new(accounts: Accounts, messenger: Arc<dyn Messenger>) -> Self {
        let config = accounts.0.config.codes.clone();
        let rows = Rows(accounts.0.store.clone());
        let budget = Arc::new(Budget::new(config.sms_per_hour));
        Self { accounts, rows, messenger, config: Arc::new(config), budget }
    }

    fn digest(&self, key: Uuid, code: &str) -> hmac::Hmac<sha2::Sha256> {
        mac(self.accounts.0.ring().refresh_key(), "plenum one-time code", &[key.as_bytes(), code.as_bytes()])
    }

    /// Whether the code opens the door; it does so once. Wrong codes cost tries, of the door and of the caller.
    async fn redeem(&self, door: &Door, code: &str, address: Option<IpAddr>) -> Result<(), Refusal> {
        let key = door.key();
        let tried = self.accounts.0.try_once("verify_code", Some(&key.to_string()), address).await?;
        let outcome = self.decide(door, key, code.trim()).await;
        match &outcome {
            Ok(()) => tried.forgive(),
            Err(refusal) if refusal.code.is_retryable() => tried.forgive(),
            Err(refusal) => audit::denied("verify_code", None, address, refusal.code),
        }
        outcome
    }

    async fn decide(&self, door: &Door, key: Uuid, code: &str) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            let row = self.rows.get::<OneTimeCode>(vec![key.to_value()]).await?;
            let now = self.accounts.0.now();
            let valid = row.as_ref().filter(|row| now < row.expires_at && row.tries < self.config.tries).cloned();
            let Some(row) = valid else {
                if door.purpose == Purpose::Institution {
                    self.try_nothing(key, row, now).await?;
                }
                return Err(wrong_code());
            };
            let is_ours = row.provider_ref.is_none();
            let is_right = is_ours && self.digest(key, code).verify_slice(&row.digest).is_ok();
            let next = if is_right { spent(&row) } else { tried(&row) };
            if self.rows.swap(&next, row.version).await?.is_err() {
                continue;
            }
            return match next.provider_ref.clone() {
                None if is_right => Ok(()),
                None => Err(wrong_code()),
                Some(reference) => self.ask_provider(door, next, reference, code).await,
            };
        }
        Err(contended())
    }

    /// Writes where no code is, as much as for a wrong one: nobody asked for a code of their own at this door, so how long the answer takes
    /// would tell who signed up. Who asks for a code next does not wait for it.
    async fn try_nothing(&self, key: Uuid, row: Option<OneTimeCode>, now: WallMillis) -> Result<(), Refusal> {
        let written = match row {
            Some(row) => self.rows.swap(&OneTimeCode { version: row.version + 1, ..row.clone() }, row.version).await?,
            None => self.rows.insert(&nothing(key, now)).await?,
        };
        // Somebody else's write took as long.
        drop(written);
        Ok(())
    }

    /// The try is already counted. The provider's yes counts for whoever marks the row as spent.
    async fn ask_provider(
        &self,
        door: &Door,
        mut row: OneTimeCode,
        reference: String,
        code: &str,
    ) -> Result<(), Refusal> {
        let checked = self.messenger.check(door.recipient(), reference.clone(), code.into()).await;
        if !checked.map_err(|error| failed(&error))? {
            return Err(wrong_code());
        }
        for _ in 0..ATTEMPTS {
            match self.rows.swap(&spent(&row), row.version).await? {
                Ok(()) => return Ok(()),
                // Somebody else's try came between; another code or a spent one is not this one.
                Err(Some(stands)) if stands.provider_ref.as_ref() == Some(&reference) && stands.expires_at != 0 => {
                    row = stands;
                }
                Err(_) => return Err(wrong_code()),
            }
        }
        Err(contended())
    }

    /// Whether a code of [`Codes::send_check`] was right. Nothing else happens.
    ///
    /// # Errors
    /// `invalid` naming `code`, `email` or `phone`; `rateLimited`, `busy`, `unavailable`.
    pub async fn check(
        &self,
        email: Option<String>,
        phone: Option<String>,
        code: &str,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        let name = address_of(email.as_ref(), phone.as_ref())?;
        self.redeem(&Door { purpose: Purpose::Check, name }, code, address).await
    }
}

/// The row of an address that was sent no code.
fn nothing(key: Uuid, now: WallMillis) -> OneTimeCode {
    OneTimeCode {
        key,
        digest: bytes::Bytes::new(),
        provider_ref: None,
        sent_at: 0,
        expires_at: 0,
        tries: 0,
        window_at: now,
        sends: 0,
        version: 1,
    }
}

/// The row after its code was used.
fn spent(row: &OneTimeCode) -> OneTimeCode {
    OneTimeCode { digest: bytes::Bytes::new(), expires_at: 0, version: row.version + 1, ..row.clone() }
}

/// The row after a try.
fn tried(row: &OneTimeCode) -> OneTimeCode {
    OneTimeCode { tries: row.tries + 1, version: row.version + 1, ..row.clone() }
}
