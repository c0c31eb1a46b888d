//! Keys by which programs call: checkers, scripts, other servers.

use crate::entity;
use crate::{ApiKeyId, UserId};
use bytes::Bytes;

entity! {
    /// An API key. The key itself is shown once and never stored; removing the row ends it at once.
    pub struct ApiKey in "api_keys" {
        partition { /// Which; stands in the key's text, so that it is found by it.
            key_id: ApiKeyId }
        clustering { }
        columns {
            /// What people call it.
            name: String,
            /// What it may do: words with spaces between them.
            scopes: String,
            /// SHA-256 of the secret that is valid now.
            current_hash: Bytes,
            /// SHA-256 of the one before the last rotation; empty when there was none.
            previous_hash: Bytes,
            /// Until when the one before is valid, milliseconds since 1970; 0 when there was none.
            previous_until: i64,
            /// The admin who made it; absent when the operator did.
            created_by: Option<UserId>,
            /// Milliseconds since 1970.
            created_at: i64,
            /// When its secret was last replaced, milliseconds since 1970.
            rotated_at: i64,
            /// When it ends by itself, milliseconds since 1970; absent: never.
            expires_at: Option<i64>,
            /// About when it was last used, milliseconds since 1970; absent: never.
            last_used_at: Option<i64>,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
