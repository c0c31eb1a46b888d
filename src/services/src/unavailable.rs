//! Failures of the store as refusals: what happened goes to the log, the caller is told to come back.

use plenum_actors::store::StoreError;
use plenum_schema::table::RowError;
use plenum_schema::{Refusal, RefusalCode};

/// When to try again after the store could not answer, milliseconds.
const RETRY_MS: u64 = 1_000;

/// The refusal for a store that did not answer.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(crate) fn unavailable(error: StoreError) -> Refusal {
    match error {
        StoreError::Damaged(_) | StoreError::Invalid(_) => {
            tracing::error!(%error, "the store cannot do what was asked");
            Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
        }
        StoreError::Unavailable(_) | StoreError::Unknown(_) | StoreError::Full(_) => {
            tracing::warn!(%error, "the store did not answer");
            Refusal::new(RefusalCode::Unavailable, "the store cannot answer now").retry_after(RETRY_MS)
        }
    }
}

/// The refusal for a row that does not read back.
pub(crate) fn damaged(error: &RowError) -> Refusal {
    tracing::error!(%error, "a stored row does not read back");
    Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
}
