//! Signals of the marketplace, on `user:<id>`.

use crate::id::OrderId;
use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderState {
    /// Its things are being held. Nobody is told of this state.
    Reserving,
    /// Everything is held; it waits to be paid.
    Created,
    /// It is paid.
    Paid,
    /// It is on its way.
    Shipped,
    /// It has arrived.
    Delivered,
    /// It was called off before it was paid, or there was not enough.
    Cancelled,
    /// The money was given back.
    Refunded,
    /// It was not paid in time.
    Expired,
}

impl OrderState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Reserving,
        Self::Created,
        Self::Paid,
        Self::Shipped,
        Self::Delivered,
        Self::Cancelled,
        Self::Refunded,
        Self::Expired,
    ];

    /// The word for it, on the wire and in rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserving => "reserving",
            Self::Created => "created",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Expired => "expired",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == word)
    }
}

/// An order that one has made or received has another state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderUpdated {
    /// Which order.
    pub order: OrderId,
    /// Where it stands now.
    pub state: OrderState,
    /// What it costs, in the currency's minor unit.
    pub total: u64,
    /// ISO 4217.
    pub currency: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Grows with every change: of two signals the one with the higher number is the newer one.
    pub version: u64,
}
