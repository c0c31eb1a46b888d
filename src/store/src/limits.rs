//! Limits of the interface that every engine checks before it does anything.

use bytes::Bytes;
use plenum_actors::store::{Entry, MAX_APPEND_BYTES, MAX_APPEND_ENTRIES, MAX_ENTRY_BYTES, StoreError};
use plenum_schema::Offset;

/// The most rows or logs one answer holds.
const MAX_SCAN: usize = 1_000;
/// The most rows one atomic write changes.
pub(crate) const MAX_MUTATIONS: usize = 1_000;

pub(crate) fn invalid(reason: String) -> StoreError {
    StoreError::Invalid(reason)
}

pub(crate) fn check_limit(limit: usize) -> Result<(), StoreError> {
    if (1..=MAX_SCAN).contains(&limit) { Ok(()) } else { Err(invalid(format!("limit {limit} is not 1 to {MAX_SCAN}"))) }
}

/// The bytes of an append, if it keeps the limits of the interface.
pub(crate) fn check_append(
    entries: &[Entry],
    expected: Offset,
    digest: Option<&Bytes>,
    max_digest: usize,
) -> Result<usize, StoreError> {
    let digest_alone = entries.is_empty() && digest.is_some() && expected > 0;
    if entries.is_empty() && !digest_alone || entries.len() > MAX_APPEND_ENTRIES {
        return Err(invalid(format!("{} entries in an append; 1 to {MAX_APPEND_ENTRIES} are allowed", entries.len())));
    }
    if let Some(entry) = entries.iter().find(|entry| entry.payload.len() > MAX_ENTRY_BYTES) {
        return Err(invalid(format!("an entry has {} bytes; {MAX_ENTRY_BYTES} are allowed", entry.payload.len())));
    }
    let digest = digest.map_or(0, Bytes::len);
    if digest > max_digest {
        return Err(invalid(format!("a digest has {digest} bytes; {max_digest} are allowed")));
    }
    let bytes = entries.iter().map(|entry| entry.payload.len()).sum::<usize>();
    if bytes > MAX_APPEND_BYTES {
        return Err(invalid(format!("an append has {bytes} bytes; {MAX_APPEND_BYTES} are allowed")));
    }
    // Ids, keys and what a queue itself takes.
    Ok(bytes + digest + entries.len() * 100)
}
