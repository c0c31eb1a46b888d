//! Making and sending a code.

use super::{Codes, Door, Purpose, address_of, failed};
use crate::accounts::keyring;
use crate::accounts::names::Name;
use crate::accounts::secret::Secret;
use crate::accounts::service::millis;
use crate::accounts::sessions::internal;
use crate::messenger::{Message, Sent, Text};
use crate::rows::{ATTEMPTS, contended};
use bytes::Bytes;
use hmac::Mac;
use parking_lot::Mutex;
use plenum_schema::entities::OneTimeCode;
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode};
use std::net::IpAddr;
use uuid::Uuid;

const HOUR_MS: u64 = 3_600_000;
/// Random numbers from here on would make some codes likelier than others.
const UNFAIR: u32 = 4_294_000_000;

/// A code is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeSent {
    /// How long it is valid, seconds.
    pub expires_in: u64,
    /// When the next one may be asked for, seconds.
    pub retry_after: u64,
}

/// Short messages cost money: how many this node sends in an hour.
pub(super) struct Budget {
    most: u32,
    /// When the hour began, and how many were sent since.
    spent: Mutex<(u64, u32)>,
}

impl Budget {
    pub fn new(most: u32) -> Self {
        Self { most, spent: Mutex::new((0, 0)) }
    }

    fn take(&self, now: u64) -> Result<(), Refusal> {
        let mut spent = self.spent.lock();
        if now.saturating_sub(spent.0) >= HOUR_MS {
            *spent = (now, 0);
        }
        if spent.1 >= self.most {
            tracing::error!(most = self.most, "no short messages are left in this hour: accounts.codes.sms_per_hour");
            let wait = HOUR_MS.saturating_sub(now.saturating_sub(spent.0));
            return Err(Refusal::new(RefusalCode::Busy, "codes cannot be sent now").retry_after(wait));
        }
        spent.1 += 1;
        Ok(())
    }
}

/// Six digits, each as likely as any other.
fn digits() -> Result<Secret, Refusal> {
    loop {
        let number = u32::from_be_bytes(keyring::random::<4>().map_err(internal)?);
        if number < UNFAIR {
            return Ok(Secret::from(format!("{:06}", number % 1_000_000)));
        }
    }
}

impl Codes {
    /// Sends a code to sign in with, to an e-mail address or a telephone, whether or not there is an account.
    ///
    /// # Errors
    /// `invalid` naming `email` or `phone`; `rateLimited` with a time to come back; `busy`, `unavailable`.
    pub async fn send_sign_in(
        &self,
        email: Option<String>,
        phone: Option<String>,
        address: Option<IpAddr>,
    ) -> Result<CodeSent, Refusal> {
        let name = address_of(email.as_ref(), phone.as_ref())?;
        self.send(&Door { purpose: Purpose::SignIn, name }, address).await
    }

    /// Sends a code for [`Codes::check`].
    ///
    /// # Errors
    /// As [`Codes::send_sign_in`].
    pub async fn send_check(
        &self,
        email: Option<String>,
        phone: Option<String>,
        address: Option<IpAddr>,
    ) -> Result<CodeSent, Refusal> {
        let name = address_of(email.as_ref(), phone.as_ref())?;
        self.send(&Door { purpose: Purpose::Check, name }, address).await
    }

    pub(super) async fn send(&self, door: &Door, address: Option<IpAddr>) -> Result<CodeSent, Refusal> {
        let is_phone = matches!(door.name, Name::Phone(_));
        let prefixes = &self.config.sms_prefixes;
        if is_phone && !prefixes.is_empty() && !prefixes.iter().any(|one| door.name.text().starts_with(one.as_str())) {
            return Err(Refusal::field(RefusalCode::Invalid, "phone", "codes are not sent to this country"));
        }
        // Whoever asks pays with the tokens of the address, also when it is for one's own account.
        drop(self.accounts.0.try_once("send_code", None, address).await?);
        let (key, code) = (door.key(), digits()?);
        let row = self.reserve(key, &code).await?;
        if is_phone {
            self.budget.take(self.accounts.0.clock.mono())?;
        }
        let minutes = self.config.ttl_s.div_ceil(60);
        let message = Message { to: door.recipient(), text: Text::Code { code, minutes } };
        match self.messenger.send(message).await {
            Ok(Sent::AsIs) => {}
            Ok(Sent::OwnCode(reference)) => {
                let theirs = OneTimeCode {
                    provider_ref: Some(reference),
                    digest: Bytes::new(),
                    version: row.version + 1,
                    ..row.clone()
                };
                self.rows.swap(&theirs, row.version).await?.map_err(|_| contended())?;
            }
            Err(error) => {
                // Nobody has it, so nobody needs to wait for the next one.
                let nothing = OneTimeCode { sent_at: 0, expires_at: 0, version: row.version + 1, ..row.clone() };
                drop(self.rows.swap(&nothing, row.version).await?);
                return Err(failed(&error));
            }
        }
        tracing::info!(target: "security", event = "code_sent", outcome = "ok", is_phone);
        Ok(CodeSent { expires_in: self.config.ttl_s, retry_after: self.config.resend_s })
    }

    /// Writes the row of a new code; the one before is worth nothing from here on.
    async fn reserve(&self, key: Uuid, code: &Secret) -> Result<OneTimeCode, Refusal> {
        let config = &self.config;
        let digest = Bytes::copy_from_slice(&self.digest(key, code.expose()).finalize().into_bytes());
        for _ in 0..ATTEMPTS {
            let before = self.rows.get::<OneTimeCode>(vec![key.to_value()]).await?;
            let now = self.accounts.0.now();
            let window_end = |row: &OneTimeCode| row.window_at.saturating_add(millis(config.window_s));
            let window = before.as_ref().filter(|row| now < window_end(row));
            let wait = before.as_ref().map_or(0, |row| row.sent_at.saturating_add(millis(config.resend_s)) - now);
            let full = window.filter(|row| row.sends >= config.per_window).map_or(0, |row| window_end(row) - now);
            if let Ok(wait @ 1..) = u64::try_from(wait.max(full)) {
                let refusal = Refusal::new(RefusalCode::RateLimited, "a code was sent a moment ago: wait a little");
                return Err(refusal.retry_after(wait));
            }
            let row = OneTimeCode {
                key,
                digest: digest.clone(),
                provider_ref: None,
                sent_at: now,
                expires_at: now.saturating_add(millis(config.ttl_s)),
                tries: 0,
                window_at: window.map_or(now, |row| row.window_at),
                sends: window.map_or(0, |row| row.sends) + 1,
                version: before.as_ref().map_or(1, |row| row.version + 1),
            };
            let written = match &before {
                None => self.rows.insert(&row).await?,
                Some(before) => self.rows.swap(&row, before.version).await?,
            };
            if written.is_ok() {
                return Ok(row);
            }
        }
        Err(contended())
    }

    /// Removes rows of codes that ended and whose windows are over, from up to `most` rows behind `after`; answers where to go
    /// on, `None` at the end.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn purge(&self, after: Option<Uuid>, most: usize) -> Result<Option<Uuid>, Refusal> {
        let rows = self.rows.sweep::<OneTimeCode>(after.map(|key| vec![key.to_value()]), most).await?;
        let (is_last, last) = (rows.len() < most, rows.last().map(|row| row.key));
        let now = self.accounts.0.now();
        let kept_ms = millis(self.config.window_s.max(self.config.ttl_s).saturating_add(60));
        for row in rows.iter().filter(|row| row.window_at.max(row.sent_at).saturating_add(kept_ms) < now) {
            self.rows.delete::<OneTimeCode>(vec![vec![row.key.to_value()]]).await?;
        }
        Ok(last.filter(|_| !is_last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits() {
        for _ in 0..1_000 {
            let code = digits().unwrap();
            assert!(code.expose().len() == 6 && code.expose().bytes().all(|b| b.is_ascii_digit()));
        }
    }

    #[test]
    fn the_hours_messages_run_out_and_come_back() {
        let budget = Budget::new(2);
        budget.take(5).unwrap();
        budget.take(6).unwrap();
        let refusal = budget.take(7).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Busy);
        budget.take(HOUR_MS + refusal.retry_after_ms.unwrap()).unwrap();
    }
}
