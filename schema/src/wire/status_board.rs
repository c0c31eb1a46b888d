//! Signals of the status board, on `status:all`.

use crate::id::DomainId;
use serde::{Deserialize, Serialize};

/// A check of a domain is on disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DomainChecked {
    /// Which domain.
    pub id: DomainId,
    /// Its name.
    pub domain: String,
    /// Whether it is blocked.
    pub blocked: bool,
    /// The id of the check.
    pub scan: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Grows with every change of the domain: of two signals the one with the higher number is the newer one.
    pub version: u64,
}

/// Brands or domains were made, changed or removed: read the list again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusListChanged {
    /// When, milliseconds since 1970.
    pub at: i64,
}
