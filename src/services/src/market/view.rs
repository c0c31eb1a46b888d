//! What is shown of products, carts and orders.

use plenum_schema::entities::{Order, Product};
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, ProductId, Refusal, RefusalCode, UserId};
use serde::{Deserialize, Serialize};

/// Something that is offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProductView {
    /// Which.
    pub id: ProductId,
    /// Whose.
    pub seller: UserId,
    /// What it is called.
    pub title: String,
    /// What it is.
    pub description: Option<String>,
    /// Kind of thing, lower case.
    pub category: Option<String>,
    /// Price of one in the minor unit.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    /// Addresses of pictures.
    pub images: Vec<String>,
    /// Whether it can be found and ordered.
    pub is_active: bool,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

impl From<Product> for ProductView {
    fn from(row: Product) -> Self {
        let images = row.images.as_deref().and_then(|json| serde_json::from_str(json).ok());
        Self {
            id: row.product_id,
            seller: row.seller,
            title: row.title,
            description: row.description,
            category: row.category,
            price: row.price,
            currency: row.currency,
            images: images.unwrap_or_default(),
            is_active: row.is_active,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// A thing in a cart, as it is offered now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CartLine {
    /// What.
    pub product: ProductView,
    /// Pieces.
    pub quantity: i64,
}

/// A thing in an order, as it was offered when it was ordered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// What.
    pub product: ProductId,
    /// What it was called.
    pub title: String,
    /// Pieces.
    pub quantity: i64,
    /// Price of one in the minor unit.
    pub price: i64,
}

/// An order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderView {
    /// Which.
    pub id: OrderId,
    /// Who ordered.
    pub buyer: UserId,
    /// From whom.
    pub seller: UserId,
    /// Where it stands.
    pub state: OrderState,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// ISO 4217.
    pub currency: String,
    /// Sum of the lines in the minor unit.
    pub total: i64,
    /// Why it ended early.
    pub reason: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// When it ends unless it is paid, milliseconds since 1970.
    pub expires_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

fn damaged(_: impl std::fmt::Debug) -> Refusal {
    tracing::error!("a stored order does not read back");
    Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
}

/// What is ordered.
pub(super) fn lines(order: &Order) -> Result<Vec<OrderLine>, Refusal> {
    serde_json::from_str(&order.lines).map_err(damaged)
}

/// Where an order stands.
pub(super) fn state(order: &Order) -> Result<OrderState, Refusal> {
    OrderState::from_word(&order.state).ok_or_else(|| damaged(()))
}

impl TryFrom<Order> for OrderView {
    type Error = Refusal;

    fn try_from(row: Order) -> Result<Self, Refusal> {
        Ok(Self {
            id: row.order_id,
            buyer: row.buyer,
            seller: row.seller,
            state: state(&row)?,
            lines: lines(&row)?,
            currency: row.currency,
            total: row.total,
            reason: row.reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
            expires_at: row.expires_at,
            version: row.version,
        })
    }
}
