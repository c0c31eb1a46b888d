//! Whether a key opens a door.

use super::text::{KeyText, is_same};
use super::{ApiKeys, KeyScope};
use plenum_schema::entities::ApiKey;
use plenum_schema::table::FieldValue;
use plenum_schema::{ApiKeyId, Refusal, RefusalCode};
use tracing::warn;

/// The one answer to every key that opens nothing.
fn unauthenticated() -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, "the API key is not valid")
}

fn denied(key: Option<ApiKeyId>, code: RefusalCode) {
    let (key, reason) = (key.map(tracing::field::display), code.as_str());
    warn!(target: "security", event = "api_key", outcome = "denied", key, reason);
}

impl ApiKeys {
    /// Which key a text is.
    ///
    /// # Errors
    /// `unauthenticated` for whatever is no valid key, `forbidden` when it may not do this, `unavailable`.
    pub async fn check(&self, text: &str, scope: KeyScope) -> Result<ApiKeyId, Refusal> {
        let found = match KeyText::parse(text) {
            Some(key) => self.rows.get::<ApiKey>(vec![key.id.to_value()]).await?.filter(|row| self.is_valid(row, &key)),
            None => None,
        };
        let Some(row) = found else {
            denied(None, RefusalCode::Unauthenticated);
            return Err(unauthenticated());
        };
        let id = row.key_id;
        if !row.scopes.split(' ').any(|word| word == scope.as_str()) {
            denied(Some(id), RefusalCode::Forbidden);
            return Err(Refusal::new(RefusalCode::Forbidden, format!("this key has no scope {scope}")));
        }
        self.note_use(row).await;
        Ok(id)
    }

    fn is_valid(&self, row: &ApiKey, key: &KeyText) -> bool {
        let (now, hash) = (self.clock.wall(), key.hash());
        let is_current = is_same(&row.current_hash, &hash);
        let is_previous = now < row.previous_until && is_same(&row.previous_hash, &hash);
        (is_current || is_previous) && row.expires_at.is_none_or(|end| now < end)
    }

    /// Best effort, now and then: a use is display. A lost race or a store that does not answer waits for the next one.
    async fn note_use(&self, row: ApiKey) {
        let (now, every) = (self.clock.wall(), i64::try_from(self.config.used_every_s).unwrap_or(i64::MAX));
        if row.last_used_at.is_some_and(|at| now < at.saturating_add(every.saturating_mul(1_000))) {
            return;
        }
        let expected = row.version;
        let used = ApiKey { last_used_at: Some(now), version: expected + 1, ..row };
        if let Err(refusal) = self.rows.swap(&used, expected).await {
            tracing::debug!(%refusal, "the use of a key was not written down");
        }
    }
}
