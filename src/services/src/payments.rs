//! Payments: what is owed for an order, taken by a provider or by its seller, and given back.
//!
//! A payment is a row with compare-and-set, one for each order. What the provider says of an intent or a refund, by an event or by an
//! answer, is told to the row, which takes it in whatever order and however often it comes; then the order follows the row:
//!
//! | step | after a crash behind it |
//! |---|---|
//! | `open_payments` says that there may be a payment, and the payer's list | the sweep finds nothing and forgets it; what is listed and not there is not shown |
//! | the payment, `creating` | the next request goes on; the order's end calls it off |
//! | the intent at the provider | the same idempotency key finds it again; nobody can pay by it yet |
//! | the payment, `pending` | events come, and the sweep asks |
//! | the payment, `succeeded` | the sweep makes the order `paid`, or wants the money back if the order is over |
//! | a refund is wanted | the sweep asks for it, with the same idempotency key |
//! | the refund at the provider | the same |
//! | the refund in the row | the sweep makes the order `refunded` |
//!
//! An order whose time is over ends only when its intent was called off. While the provider is away it is kept, for `doubt_s` at most;
//! money that comes for an order that has ended is given back.

mod intents;
mod metrics;
mod patience;
mod provider;
mod row;
mod rules;
mod sweep;
mod till;
mod webhook;

pub use intents::{Paying, PaymentPage};
pub use metrics::PaymentMetrics;
pub use provider::{
    Belongs, Event, Happened, Intent, IntentState, NewIntent, NewRefund, Provider, ProviderError, ProviderFuture,
    Refund, RefundState,
};
pub use row::{PaymentState, PaymentView};
pub use rules::PaymentRules;
pub use sweep::{Looked, run_payments};
pub use till::Till;
pub(crate) use till::{Ask, Closed, MANUAL};

use crate::market::Market;

/// Takes payments for orders. Cheap to clone; all clones are one service.
#[derive(Clone, Debug)]
pub struct Payments {
    till: Till,
    market: Market,
}

impl Payments {
    /// The service.
    #[must_use]
    pub fn new(till: Till, market: Market) -> Self {
        Self { till, market }
    }
}
