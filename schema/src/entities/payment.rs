//! Payments: what somebody owes for something, what a provider says has come of it, and what was given back.

use crate::entity;
use crate::{OrderId, PaymentId, UserId};

/// Partitions that the list of open payments is spread over.
pub const PAYMENT_SHARDS: u64 = 16;

/// The partition of an open payment.
#[must_use]
pub fn payment_shard(id: PaymentId) -> u64 {
    u64::from(id.0.as_bytes()[15]) % PAYMENT_SHARDS
}

entity! {
    /// A payment. Its row decides; the order and what is given back follow it.
    pub struct Payment in "payments" {
        partition { /// Which.
            payment_id: PaymentId }
        clustering { }
        columns {
            /// Who pays.
            user_id: UserId,
            /// What for: `order`.
            purpose: String,
            /// The order that is paid, where it is one.
            order_id: Option<OrderId>,
            /// `manual` or `stripe`.
            provider: String,
            /// How often an intent was begun; the provider is told, and what it says of an earlier one is told apart.
            attempt: i64,
            /// The provider's id of the intent of this attempt, as soon as it is known.
            intent: Option<String>,
            /// What is owed, in the currency's minor unit.
            amount: i64,
            /// What has come, in the currency's minor unit.
            received: i64,
            /// ISO 4217.
            currency: String,
            /// `creating`, `pending`, `succeeded` or `canceled`.
            state: String,
            /// JSON array of what was given back or is to be.
            refunds: String,
            /// Why it did not go on, in the provider's word.
            reason: Option<String>,
            /// When the provider was last asked, milliseconds since 1970.
            asked_at: i64,
            /// Milliseconds since 1970.
            created_at: i64,
            /// Milliseconds since 1970.
            updated_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// A payment about which something is still to be done: written before that is decided, removed when nothing is left.
    pub struct OpenPayment in "open_payments" {
        partition { /// [`payment_shard`] of the payment.
            shard: u64 }
        clustering { /// Which.
            payment_id: PaymentId }
        columns { /// Since when, milliseconds since 1970.
            at: i64 }
    }
}

entity! {
    /// A payment in the list of who pays.
    pub struct PaymentOf in "payments_of" {
        partition { /// Whose list.
            user_id: UserId }
        clustering {
            /// When it was begun, milliseconds since 1970.
            at: i64,
            /// Which.
            payment_id: PaymentId }
        columns { /// What for.
            purpose: String }
    }
}

entity! {
    /// An event of a provider that was taken in. Removed when the provider would no longer repeat it.
    pub struct PaymentEvent in "payment_events" {
        partition { /// The provider's id of it.
            event_id: String }
        clustering { }
        columns {
            /// When, milliseconds since 1970.
            at: i64,
            /// The provider's word for what has happened.
            kind: String
        }
    }
}
