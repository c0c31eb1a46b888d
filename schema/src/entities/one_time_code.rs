//! What opens a door once: codes that are sent to an e-mail address or a telephone, tokens of one use.

use crate::entity;
use bytes::Bytes;
use uuid::Uuid;

entity! {
    /// A token of one use that was used: a second one of the same finds the row.
    pub struct SpentToken in "spent_tokens" {
        partition {
            /// Hash of what it was for and of the token.
            key: Uuid }
        clustering { }
        columns { /// When the token ends anyhow, milliseconds since 1970.
            expires_at: i64 }
    }
}

entity! {
    /// The one code that is valid for a purpose and a recipient, and how often one was sent. Worth nothing after `expires_at`.
    pub struct OneTimeCode in "one_time_codes" {
        partition {
            /// Hash of the purpose and the recipient: neither is kept.
            key: Uuid }
        clustering { }
        columns {
            /// HMAC of the code by a key of the server; empty once it was used.
            digest: Bytes,
            /// Where the provider makes and checks the code itself: its name for it.
            provider_ref: Option<String>,
            /// When the last one was sent, milliseconds since 1970; 0 when sending failed.
            sent_at: i64,
            /// When the code ends, milliseconds since 1970.
            expires_at: i64,
            /// Wrong tries at this code.
            tries: i64,
            /// When the window began in which `sends` counts, milliseconds since 1970.
            window_at: i64,
            /// Codes sent within the window.
            sends: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
