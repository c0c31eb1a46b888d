//! What buyers and sellers hear.

use super::outgoing::Events;
use plenum_schema::OrderId;
use plenum_schema::moment::rfc3339;
use plenum_schema::wire::{OrderState, OrderUpdated};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Updated<'e> {
    order_id: OrderId,
    status: OrderState,
    total: u64,
    currency: &'e str,
    version: u64,
    #[serde(serialize_with = "rfc3339")]
    updated_at: i64,
}

/// Says where an order stands, in either vocabulary alike.
pub(super) fn on_order(events: &mut Events, order: &OrderUpdated) {
    let OrderUpdated { order: order_id, state, total, currency, at, version } = order;
    let (total, version) = (*total, *version);
    let updated = Updated { order_id: *order_id, status: *state, total, currency, version, updated_at: *at };
    events.say("order_updated", &updated);
}
