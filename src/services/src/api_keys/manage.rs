//! Making, listing, rotating and revoking keys. Who may do so is checked by the caller.

use super::text::{KeyText, prefix};
use super::{ApiKeys, KeyScope};
use crate::accounts::Secret;
use crate::rows::{ATTEMPTS, contended};
use crate::text;
use bytes::Bytes;
use plenum_schema::entities::ApiKey;
use plenum_schema::table::FieldValue;
use plenum_schema::{ApiKeyId, Refusal, RefusalCode, UserId};
use std::collections::BTreeSet;
use tracing::info;

/// Longest name, characters.
const NAME_CHARS: usize = 80;

/// A key that is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewKey {
    /// What people call it: 1 to 80 characters.
    pub name: String,
    /// What it may do; one at least.
    pub scopes: BTreeSet<KeyScope>,
    /// When it ends by itself, milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// The admin who makes it; `None`: the operator.
    pub by: Option<UserId>,
}

/// What may be seen of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyInfo {
    /// Which.
    pub id: ApiKeyId,
    /// What people call it.
    pub name: String,
    /// The beginning of its text.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<KeyScope>,
    /// Who made it, when it was not the operator.
    pub created_by: Option<UserId>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When its secret was last replaced, milliseconds since 1970.
    pub rotated_at: i64,
    /// Until when the secret before is valid, milliseconds since 1970, when it still is.
    pub previous_until: Option<i64>,
    /// When it ends by itself, milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// About when it was last used, milliseconds since 1970.
    pub last_used_at: Option<i64>,
}

/// A key and its text, which is never shown again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownKey {
    /// What may be seen of it later.
    pub info: KeyInfo,
    /// The whole key.
    pub key: Secret,
}

fn absent() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such key")
}

fn audit(event: &'static str, key: ApiKeyId, by: Option<UserId>) {
    let by = by.map(tracing::field::display);
    info!(target: "security", event, outcome = "ok", %key, by);
}

impl ApiKeys {
    /// Makes a key.
    ///
    /// # Errors
    /// `invalid` naming `name`, `scopes` or `expiresAt`, `limitReached`, `unavailable` (a key that nobody has seen may exist then:
    /// revoke it).
    pub async fn create(&self, new: NewKey) -> Result<ShownKey, Refusal> {
        let invalid = |field: &str, message: &str| Refusal::field(RefusalCode::Invalid, field, message);
        let name = text::name("name", &new.name)?;
        if name.is_empty() || name.chars().count() > NAME_CHARS {
            return Err(invalid("name", "a name has 1 to 80 characters"));
        }
        if new.scopes.is_empty() {
            return Err(invalid("scopes", "a key needs one scope at least"));
        }
        let now = self.clock.wall();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(invalid("expiresAt", "this is not in the future"));
        }
        // Two who make the last one at once may both be let in: the limit is there against heaps, not to be exact.
        let most = self.config.keys.clamp(1, 1_000);
        if self.rows.sweep::<ApiKey>(None, most).await?.len() >= most {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("there are {most} keys: revoke some")));
        }
        let key = KeyText::random(ApiKeyId(self.clock.new_id()))?;
        let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        let row = ApiKey {
            key_id: key.id,
            name,
            scopes: scopes.join(" "),
            current_hash: Bytes::copy_from_slice(&key.hash()),
            previous_hash: Bytes::new(),
            previous_until: 0,
            created_by: new.by,
            created_at: now,
            rotated_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            version: 1,
        };
        self.rows.put(&row).await?;
        audit("api_key_created", key.id, new.by);
        Ok(ShownKey { info: self.info(row), key: key.text() })
    }

    /// Keys beyond `after`, at most `limit`, in an order that means nothing.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn list(&self, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<KeyInfo>, Refusal> {
        let after = after.map(|id| vec![id.to_value()]);
        let rows = self.rows.sweep::<ApiKey>(after, limit.clamp(1, 1_000)).await?;
        Ok(rows.into_iter().map(|row| self.info(row)).collect())
    }

    /// Gives a key another secret; the present one stays valid for `overlap_s` seconds (0: ends now), the one before it ends.
    ///
    /// # Errors
    /// `notFound`, `invalid` naming `overlapSeconds`, `unavailable`.
    pub async fn rotate(&self, id: ApiKeyId, overlap_s: Option<u64>, by: Option<UserId>) -> Result<ShownKey, Refusal> {
        let overlap_s = overlap_s.unwrap_or(self.config.overlap_s.min(self.config.max_overlap_s));
        if overlap_s > self.config.max_overlap_s {
            let text = format!("at most {} seconds", self.config.max_overlap_s);
            return Err(Refusal::field(RefusalCode::Invalid, "overlapSeconds", text));
        }
        for _ in 0..ATTEMPTS {
            let row = self.rows.get::<ApiKey>(vec![id.to_value()]).await?.ok_or_else(absent)?;
            let (key, now, expected) = (KeyText::random(id)?, self.clock.wall(), row.version);
            let overlap = i64::try_from(overlap_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
            let rotated = ApiKey {
                previous_hash: row.current_hash.clone(),
                current_hash: Bytes::copy_from_slice(&key.hash()),
                previous_until: now.saturating_add(overlap),
                rotated_at: now,
                version: expected + 1,
                ..row
            };
            if self.rows.swap(&rotated, expected).await?.is_ok() {
                audit("api_key_rotated", id, by);
                return Ok(ShownKey { info: self.info(rotated), key: key.text() });
            }
        }
        Err(contended())
    }

    /// Ends a key: whoever calls with it from now on is refused.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn revoke(&self, id: ApiKeyId, by: Option<UserId>) -> Result<(), Refusal> {
        self.rows.get::<ApiKey>(vec![id.to_value()]).await?.ok_or_else(absent)?;
        self.rows.delete::<ApiKey>(vec![vec![id.to_value()]]).await?;
        audit("api_key_revoked", id, by);
        Ok(())
    }

    fn info(&self, row: ApiKey) -> KeyInfo {
        let is_valid = self.clock.wall() < row.previous_until;
        KeyInfo {
            id: row.key_id,
            prefix: prefix(row.key_id),
            scopes: row.scopes.split(' ').filter_map(|word| word.parse().ok()).collect(),
            name: row.name,
            created_by: row.created_by,
            created_at: row.created_at,
            rotated_at: row.rotated_at,
            previous_until: Some(row.previous_until).filter(|_| is_valid),
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}
