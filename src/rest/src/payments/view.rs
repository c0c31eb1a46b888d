//! Payments as REST shows them.

use crate::moment::rfc3339;
use plenum_schema::{OrderId, PaymentId};
use plenum_services::payments::{Paying, PaymentView};
use serde::Serialize;

/// A payment.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub(crate) struct PaymentAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: PaymentId,
    /// What for: `order`.
    #[serde(rename = "type")]
    purpose: String,
    #[schema(value_type = Option<String>, format = Uuid)]
    order_id: Option<OrderId>,
    /// `manual` (the seller says what was paid) or `stripe`.
    provider: String,
    /// What is owed, in the currency's minor unit.
    amount: i64,
    /// What was given back, or is on its way back.
    refunded_amount: i64,
    /// ISO 4217.
    currency: String,
    /// `pending`, `succeeded`, `canceled`, `partiallyRefunded` or `refunded`.
    status: &'static str,
    /// Why it did not go on or was given back: `orderOver`, `amountDiffers`, or the provider's word, such as `card_declined`.
    reason: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
}

impl From<PaymentView> for PaymentAnswer {
    fn from(payment: PaymentView) -> Self {
        Self {
            id: payment.id,
            purpose: payment.purpose,
            order_id: payment.order,
            provider: payment.provider,
            amount: payment.amount,
            refunded_amount: payment.refunded,
            currency: payment.currency,
            status: payment.state.as_str(),
            reason: payment.reason,
            created_at: payment.created_at,
            updated_at: payment.updated_at,
        }
    }
}

/// A payment that was begun, and with what the payer's page goes on.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentIntent)]
pub(crate) struct IntentAnswer {
    #[serde(flatten)]
    payment: PaymentAnswer,
    /// The provider's id of the intent; null where the seller takes the money.
    payment_intent_id: Option<String>,
    /// What Stripe's page wants; null where the seller takes the money, and while the bank is at it.
    client_secret: Option<String>,
    /// The key that Stripe's page is opened with; null where it is not set up.
    publishable_key: Option<String>,
}

impl From<Paying> for IntentAnswer {
    fn from(paying: Paying) -> Self {
        Self {
            payment: paying.payment.into(),
            payment_intent_id: paying.intent,
            client_secret: paying.client_secret.map(|secret| secret.expose().to_owned()),
            publishable_key: paying.public_key,
        }
    }
}
