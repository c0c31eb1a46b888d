//! API keys: how programs call. An admin makes one for a purpose, it is shown once, and it ends at once when it is revoked.
//!
//! `plk_<id>_<secret>`: the id says which row, the secret proves it. Of the secret, 256 random bits, only a SHA-256 is stored:
//! a fast hash, because there is nothing to guess. Rotating gives another secret; the one before stays valid for a while, so that
//! programs can be changed one after the other.

mod check;
mod config;
mod manage;
mod text;

pub use config::ApiKeysConfig;
pub use manage::{KeyInfo, NewKey, ShownKey};

use crate::rows::Rows;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a key may do. One never includes another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub enum KeyScope {
    /// Read what is to be checked on the status board.
    #[serde(rename = "status:read")]
    StatusRead,
    /// Report what was found.
    #[serde(rename = "status:write")]
    StatusWrite,
}

impl KeyScope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[Self::StatusRead, Self::StatusWrite];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatusRead => "status:read",
            Self::StatusWrite => "status:write",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No such scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a scope is status:read or status:write")]
pub struct ScopeError;

impl FromStr for KeyScope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == text).ok_or(ScopeError)
    }
}

/// The keys of programs. Cheap to clone.
#[derive(Clone)]
pub struct ApiKeys {
    rows: Rows,
    clock: SharedClock,
    config: ApiKeysConfig,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}

impl ApiKeys {
    /// The service.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock, config: ApiKeysConfig) -> Self {
        Self { rows: Rows(store), clock, config }
    }
}
