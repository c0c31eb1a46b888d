//! What a node does now and then.

use plenum_services::accounts::{Accounts, Codes, Google};
use plenum_services::idempotency::Idempotency;
use std::sync::Arc;
use std::time::Duration;

/// How often the accounts service looks after its keys.
const MAINTAIN_EVERY: Duration = Duration::from_secs(3_600);
/// Rows looked at in one step of an hourly purge.
const PURGED_AT_ONCE: usize = 500;

/// Takes over what other nodes have made of shared keys.
pub(crate) async fn look_at_keys(accounts: Accounts) {
    while accounts.shares_keys() {
        tokio::time::sleep(Duration::from_secs(accounts.keys_every_s())).await;
        if let Err(error) = accounts.maintain().await {
            tracing::warn!(%error, "the signing keys could not be looked at");
        }
    }
}

/// Looks after keys, and forgets old answers.
pub(crate) async fn maintain(accounts: Accounts, idempotency: Arc<Idempotency>) {
    loop {
        tokio::time::sleep(MAINTAIN_EVERY).await;
        if let Err(error) = accounts.maintain().await {
            tracing::error!(%error, "the signing keys could not be looked after");
        }
        let mut after = None;
        loop {
            match idempotency.purge(after, PURGED_AT_ONCE).await {
                Ok(Some(next)) => after = Some(next),
                Ok(None) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "old idempotency keys stay until the next hour");
                    break;
                }
            }
        }
    }
}

/// Forgets codes that have ended.
pub(crate) async fn forget_codes(codes: Codes) {
    loop {
        tokio::time::sleep(MAINTAIN_EVERY).await;
        let mut after = None;
        loop {
            match codes.purge(after, PURGED_AT_ONCE).await {
                Ok(Some(next)) => after = Some(next),
                Ok(None) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "old codes stay until the next hour");
                    break;
                }
            }
        }
    }
}

/// Forgets tokens of one use that have ended.
pub(crate) async fn forget_spent(google: Google) {
    loop {
        tokio::time::sleep(MAINTAIN_EVERY).await;
        let mut after = None;
        loop {
            match google.purge(after, PURGED_AT_ONCE).await {
                Ok(Some(next)) => after = Some(next),
                Ok(None) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "marks of used tokens stay until the next hour");
                    break;
                }
            }
        }
    }
}
