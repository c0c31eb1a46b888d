//! The marketplace: what is offered, how much of it is there, carts, orders, and who asks to sell.

use crate::entity;
use crate::{OrderId, ProductId, UserId};
use bytes::Bytes;

/// Partitions that the list of open orders is spread over.
pub const ORDER_SHARDS: u64 = 16;

/// The partition of an open order.
#[must_use]
pub fn order_shard(id: OrderId) -> u64 {
    u64::from(id.0.as_bytes()[15]) % ORDER_SHARDS
}

entity! {
    /// Something that is offered.
    pub struct Product in "products" {
        partition { /// Which.
            product_id: ProductId }
        clustering { }
        columns {
            /// Whose.
            seller: UserId,
            /// What it is called.
            title: String,
            /// What it is.
            description: Option<String>,
            /// Kind of thing, lower case.
            category: Option<String>,
            /// Price of one, in the currency's minor unit.
            price: i64,
            /// ISO 4217.
            currency: String,
            /// JSON array of addresses of pictures.
            images: Option<String>,
            /// Whether it can be found and ordered.
            is_active: bool,
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
    /// How much of a product is there, and for which orders parts of it are held.
    pub struct Stock in "stocks" {
        partition { /// Of which product.
            product_id: ProductId }
        clustering { }
        columns {
            /// Pieces that are there, held ones among them.
            on_hand: i64,
            /// Holds: of each the order's id (16 bytes), pieces (4) and when, milliseconds since 1970 (8), big-endian.
            holds: Bytes,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// An order: a small state machine. Its row decides; stock and lists follow it.
    pub struct Order in "orders" {
        partition { /// Which.
            order_id: OrderId }
        clustering { }
        columns {
            /// Whose.
            buyer: UserId,
            /// From whom.
            seller: UserId,
            /// Word of an order's state.
            state: String,
            /// Whether the stock has followed the state.
            is_settled: bool,
            /// JSON array of what is ordered, at the prices of that moment.
            lines: String,
            /// ISO 4217.
            currency: String,
            /// Sum of the lines in the minor unit.
            total: i64,
            /// Why it ended early.
            reason: Option<String>,
            /// Milliseconds since 1970.
            created_at: i64,
            /// Milliseconds since 1970.
            updated_at: i64,
            /// When it ends unless it is paid, milliseconds since 1970.
            expires_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// An order about which something is still to be done: written before the order, removed when stock and state agree for good.
    pub struct OpenOrder in "open_orders" {
        partition { /// [`order_shard`] of the order.
            shard: u64 }
        clustering { /// Which.
            order_id: OrderId }
        columns { /// When it was made, milliseconds since 1970.
            at: i64 }
    }
}

entity! {
    /// An order in the lists of its buyer and its seller.
    pub struct OrderOf in "orders_of" {
        partition { /// Whose list.
            user_id: UserId }
        clustering {
            /// When the order was made, milliseconds since 1970.
            at: i64,
            /// Which.
            order_id: OrderId }
        columns { /// Whether the person is its seller.
            is_seller: bool }
    }
}

entity! {
    /// Something in a cart.
    pub struct CartItem in "cart_items" {
        partition { /// Whose cart.
            user_id: UserId }
        clustering { /// What.
            product_id: ProductId }
        columns {
            /// Pieces.
            quantity: i64,
            /// Since when, milliseconds since 1970.
            added_at: i64 }
    }
}

entity! {
    /// Somebody wants to sell. One for each person; asking again after a rejection takes its place.
    pub struct SellerApplication in "seller_applications" {
        partition { /// Who.
            user_id: UserId }
        clustering { }
        columns {
            /// `pending`, `approved` or `rejected`.
            state: String,
            /// The name of the shop.
            shop: String,
            /// What the person says about it.
            text: Option<String>,
            /// Who decided.
            decided_by: Option<UserId>,
            /// Milliseconds since 1970.
            created_at: i64,
            /// Milliseconds since 1970.
            updated_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
