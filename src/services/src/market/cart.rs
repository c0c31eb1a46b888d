//! Carts: what somebody means to order. Nothing is held for a cart.

use super::{CartLine, Market, invalid};
use plenum_actors::store::Direction;
use plenum_schema::entities::{CartItem, Product};
use plenum_schema::table::FieldValue;
use plenum_schema::{ProductId, Refusal, RefusalCode, UserId};

/// A cart as its things are offered now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CartView {
    /// What is in it, the oldest first; what is no longer offered is left out.
    pub lines: Vec<CartLine>,
    /// Sums of the lines by currency, in the minor unit.
    pub totals: Vec<(String, i64)>,
}

impl Market {
    pub(super) async fn cart_items(&self, user: UserId) -> Result<Vec<CartItem>, Refusal> {
        let most = self.config.cart_items;
        let mut items: Vec<CartItem> =
            self.rows.scan(vec![user.to_value()], None, Direction::Forward, most.saturating_mul(2).max(100)).await?;
        items.sort_by_key(|item| (item.added_at, item.product_id));
        Ok(items)
    }

    /// What is in somebody's cart.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn cart(&self, user: UserId) -> Result<CartView, Refusal> {
        let mut lines = Vec::new();
        for item in self.cart_items(user).await? {
            let row = self.rows.get::<Product>(vec![item.product_id.to_value()]).await?;
            if let Some(row) = row.filter(|row| row.is_active) {
                lines.push(CartLine { product: row.into(), quantity: item.quantity });
            }
        }
        let mut totals = std::collections::BTreeMap::<String, i64>::new();
        for line in &lines {
            let sum = totals.entry(line.product.currency.clone()).or_default();
            *sum = sum.saturating_add(line.product.price.saturating_mul(line.quantity));
        }
        Ok(CartView { lines, totals: totals.into_iter().collect() })
    }

    /// Puts so many pieces of a product into a cart, in place of those that were there.
    ///
    /// # Errors
    /// `invalid` naming `quantity`, `notFound`, `limitReached`, `unavailable`.
    pub async fn put_in_cart(&self, user: UserId, product: ProductId, quantity: i64) -> Result<CartView, Refusal> {
        if !(1..=self.config.pieces).contains(&quantity) {
            return Err(invalid("quantity", format!("must be 1 to {}", self.config.pieces)));
        }
        self.product(product, None).await?;
        let items = self.cart_items(user).await?;
        let before = items.iter().find(|item| item.product_id == product);
        if before.is_none() && items.len() >= self.config.cart_items {
            let text = format!("at most {} different things in a cart", self.config.cart_items);
            return Err(Refusal::new(RefusalCode::LimitReached, text));
        }
        let added_at = before.map_or_else(|| self.clock.wall(), |item| item.added_at);
        self.rows.put(&CartItem { user_id: user, product_id: product, quantity, added_at }).await?;
        self.cart(user).await
    }

    /// Takes a product out of a cart, or everything.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn take_from_cart(&self, user: UserId, product: Option<ProductId>) -> Result<CartView, Refusal> {
        let gone = match product {
            Some(product) => vec![product],
            None => self.cart_items(user).await?.into_iter().map(|item| item.product_id).collect(),
        };
        let keys = gone.iter().map(|product| vec![user.to_value(), product.to_value()]).collect();
        self.rows.delete::<CartItem>(keys).await?;
        self.cart(user).await
    }
}
