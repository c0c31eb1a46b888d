//! Stripe's documents as what the port speaks of. Nothing in them is believed to be there.

use super::money::from_stripe;
use plenum_schema::PaymentId;
use plenum_services::accounts::Secret;
use plenum_services::payments::{Belongs, Event, Happened, Intent, IntentState, Refund, RefundState};
use serde_json::Value;

/// An id of Stripe's, fit to stand in an address.
pub(super) fn id(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let fine = (3..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fine.then(|| text.to_owned())
}

/// An id, or the object with it where Stripe was told to expand it.
fn id_of(value: &Value) -> Option<String> {
    id(value).or_else(|| id(&value["id"]))
}

/// One of Stripe's words, cut to what can be shown.
pub(super) fn word(value: &Value) -> Option<String> {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let text: String = value.as_str()?.chars().filter(plain).take(64).collect();
    (!text.is_empty()).then_some(text)
}

fn payment(metadata: &Value) -> Option<PaymentId> {
    metadata["payment_id"].as_str()?.parse().ok()
}

fn belongs(metadata: &Value) -> Option<Belongs> {
    let attempt = metadata["attempt"].as_str()?.parse().ok()?;
    Some(Belongs { payment: payment(metadata)?, attempt })
}

fn currency(value: &Value) -> Option<String> {
    word(&value["currency"]).map(|text| text.to_ascii_uppercase())
}

/// A payment intent.
pub(super) fn intent(value: &Value) -> Option<Intent> {
    let currency = currency(value)?;
    let state = match value["status"].as_str()? {
        "succeeded" => IntentState::Succeeded,
        "canceled" => IntentState::Canceled,
        "processing" => IntentState::Processing,
        // What Stripe may invent waits, too: it can be called off, or is asked about again.
        _ => IntentState::Waiting,
    };
    let received = value["amount_received"].as_i64().unwrap_or(0);
    let failure = &value["last_payment_error"];
    Some(Intent {
        id: id(&value["id"])?,
        belongs: belongs(&value["metadata"]),
        state,
        received: from_stripe(received, &currency),
        currency,
        client_secret: value["client_secret"].as_str().filter(|text| text.len() <= 512).map(Secret::from),
        failure: word(&failure["decline_code"]).or_else(|| word(&failure["code"])),
    })
}

/// A refund.
pub(super) fn refund(value: &Value) -> Option<Refund> {
    let state = match value["status"].as_str()? {
        "succeeded" => RefundState::Succeeded,
        "failed" | "canceled" => RefundState::Failed,
        _ => RefundState::Pending,
    };
    Some(Refund {
        id: id(&value["id"])?,
        key: value["metadata"]["refund_key"].as_str().map(str::to_owned),
        payment: payment(&value["metadata"]),
        intent: id_of(&value["payment_intent"])?,
        amount: from_stripe(value["amount"].as_i64()?, &currency(value)?),
        state,
    })
}

/// An event, by <https://docs.stripe.com/api/events/types>.
pub(super) fn event(value: &Value) -> Option<Event> {
    let (id, kind, object) = (id(&value["id"])?, word(&value["type"])?, &value["data"]["object"]);
    let what = if kind.starts_with("payment_intent.") {
        Happened::Intent(intent(object)?)
    } else if kind.starts_with("refund.") || kind == "charge.refund.updated" {
        // One without an intent belongs to none of our payments.
        refund(object).map_or(Happened::Other, Happened::Refund)
    } else if kind == "charge.refunded" {
        id_of(&object["payment_intent"]).map_or(Happened::Other, |intent| Happened::GivenBack { intent })
    } else {
        Happened::Other
    };
    Some(Event { id, kind, what })
}
