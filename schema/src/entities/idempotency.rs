//! Answers that are given again when a creating request is repeated.

use crate::entity;
use bytes::Bytes;
use uuid::Uuid;

entity! {
    /// One use of an `Idempotency-Key`. Removed a day later.
    pub struct IdempotencyRow in "idempotency_keys" {
        partition {
            /// Hash of the caller and the key: the key itself is not kept.
            key: Uuid }
        clustering { }
        columns {
            /// Hash of what was asked: another request under the same key is refused.
            fingerprint: Uuid,
            /// Who carries it out, while `status` is 0: the condition of compare-and-set.
            claim: Uuid,
            /// When it was claimed, milliseconds since 1970.
            at: i64,
            /// HTTP status of the kept answer; 0 while it is being made.
            status: i64,
            /// The kept answer's body.
            body: Option<Bytes>
        }
    }
}
