//! Products, carts and orders as REST shows them.

use crate::moment::rfc3339;
use crate::state::RestState;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, ProductId, Refusal, UserId};
use plenum_services::market::{Application, CartView, Inventory, OrderView, ProductView};
use serde::Serialize;

/// Whether a product can be found and ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ProductStatus {
    /// It can.
    Active,
    /// It was withdrawn.
    Inactive,
}

/// Something that is offered.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Product)]
pub(crate) struct ProductAnswer {
    #[schema(value_type = String, format = Uuid)]
    pub id: ProductId,
    #[schema(value_type = String, format = Uuid)]
    seller_id: UserId,
    title: String,
    description: Option<String>,
    category: Option<String>,
    /// Price of one, in the currency's minor unit (cents).
    price: i64,
    /// ISO 4217.
    currency: String,
    images: Vec<String>,
    status: ProductStatus,
    /// Pieces that can be ordered now; only where one product is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<i64>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

impl From<ProductView> for ProductAnswer {
    fn from(product: ProductView) -> Self {
        Self {
            id: product.id,
            seller_id: product.seller,
            title: product.title,
            description: product.description,
            category: product.category,
            price: product.price,
            currency: product.currency,
            images: product.images,
            status: if product.is_active { ProductStatus::Active } else { ProductStatus::Inactive },
            available: None,
            created_at: product.created_at,
            updated_at: product.updated_at,
            version: product.version,
        }
    }
}

/// A product as this person is shown it: images of one that is not offered have addresses of limited life.
pub(crate) async fn shown(
    state: &RestState,
    mut product: ProductView,
    asked_by: Option<UserId>,
) -> Result<ProductView, Refusal> {
    if let Some(user) = asked_by.filter(|_| !product.is_active) {
        for address in &mut product.images {
            *address = state.places.images.signed(address, user).await?;
        }
    }
    Ok(product)
}

/// A product's stock.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Inventory)]
pub(crate) struct InventoryAnswer {
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// Pieces that are there, held ones among them.
    quantity: i64,
    /// Pieces held for orders that are not paid yet.
    reserved: i64,
    /// Pieces that can be ordered now.
    available: i64,
    /// For `If-Match`.
    pub version: i64,
}

impl From<Inventory> for InventoryAnswer {
    fn from(stock: Inventory) -> Self {
        let Inventory { product: product_id, quantity, reserved, available, version } = stock;
        Self { product_id, quantity, reserved, available, version }
    }
}

/// A sum in a currency.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Sum {
    /// ISO 4217.
    currency: String,
    /// In the minor unit.
    total: i64,
}

/// A thing in a cart, as it is offered now.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CartItem {
    product: ProductAnswer,
    quantity: i64,
    /// Price of them all, in the minor unit.
    total: i64,
}

/// A cart.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Cart)]
pub(crate) struct CartAnswer {
    /// What is in it, the oldest first. What is no longer offered is left out.
    items: Vec<CartItem>,
    totals: Vec<Sum>,
}

impl From<CartView> for CartAnswer {
    fn from(cart: CartView) -> Self {
        let item = |line: plenum_services::market::CartLine| CartItem {
            total: line.product.price.saturating_mul(line.quantity),
            product: line.product.into(),
            quantity: line.quantity,
        };
        let sum = |(currency, total)| Sum { currency, total };
        Self { items: cart.lines.into_iter().map(item).collect(), totals: cart.totals.into_iter().map(sum).collect() }
    }
}

/// A thing in an order, as it was offered when it was ordered.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderItem {
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    title: String,
    quantity: i64,
    /// Price of one, in the minor unit.
    price: i64,
    /// Price of them all, in the minor unit.
    total: i64,
}

/// An order.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Order)]
pub(crate) struct OrderAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: OrderId,
    #[schema(value_type = String, format = Uuid)]
    buyer_id: UserId,
    #[schema(value_type = String, format = Uuid)]
    seller_id: UserId,
    /// `created`, `paid`, `shipped`, `delivered`, `cancelled`, `refunded` or `expired`.
    #[schema(value_type = String)]
    status: OrderState,
    items: Vec<OrderItem>,
    /// ISO 4217.
    currency: String,
    /// Sum of the items in the minor unit.
    total: i64,
    /// Why it ended early: `soldOut`, `notPaid`, `unfinished`.
    reason: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
    /// When it ends unless it is paid.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

impl From<OrderView> for OrderAnswer {
    fn from(order: OrderView) -> Self {
        let item = |line: plenum_services::market::OrderLine| OrderItem {
            product_id: line.product,
            total: line.price.saturating_mul(line.quantity),
            title: line.title,
            quantity: line.quantity,
            price: line.price,
        };
        Self {
            id: order.id,
            buyer_id: order.buyer,
            seller_id: order.seller,
            status: order.state,
            items: order.lines.into_iter().map(item).collect(),
            currency: order.currency,
            total: order.total,
            reason: order.reason,
            created_at: order.created_at,
            updated_at: order.updated_at,
            expires_at: order.expires_at,
            version: order.version,
        }
    }
}

/// Somebody wants to sell.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SellerApplication)]
pub(crate) struct ApplicationAnswer {
    /// The person's id: there is one application for each.
    #[schema(value_type = String, format = Uuid)]
    id: UserId,
    /// `pending`, `approved` or `rejected`.
    status: &'static str,
    shop: String,
    text: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
}

impl From<Application> for ApplicationAnswer {
    fn from(application: Application) -> Self {
        Self {
            id: application.user,
            status: application.state.as_str(),
            shop: application.shop,
            text: application.text,
            created_at: application.created_at,
            updated_at: application.updated_at,
        }
    }
}
