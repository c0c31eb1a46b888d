//! What is forgotten of somebody whose account is deleted.

use super::products::ProductFilter;
use super::{Market, Side};
use plenum_schema::entities::SellerApplication;
use plenum_schema::table::FieldValue;
use plenum_schema::wire::OrderState;
use plenum_schema::{Refusal, RefusalCode, UserId};

/// Orders and products looked at in one step.
const AT_ONCE: usize = 100;

impl Market {
    /// Empties somebody's cart, calls off what they ordered and have not paid, withdraws what they offer, and forgets that they asked to
    /// sell. Orders that were paid stay: they are the other side's too. Can be repeated.
    ///
    /// # Errors
    /// `unavailable`, `busy`: what is left is done by the next call.
    pub(crate) async fn forget(&self, user: UserId) -> Result<(), Refusal> {
        self.take_from_cart(user, None).await?;
        self.cancel_unpaid(user).await?;
        self.withdraw_all(user).await?;
        self.rows.delete::<SellerApplication>(vec![vec![user.to_value()]]).await
    }

    async fn cancel_unpaid(&self, user: UserId) -> Result<(), Refusal> {
        let mut after = None;
        loop {
            let page = self.orders(user, Side::Bought, AT_ONCE, after).await?;
            for order in page.items.iter().filter(|order| order.state == OrderState::Created) {
                match self.cancel(order.id, user).await {
                    // Paid or expired in this moment.
                    Err(refusal) if refusal.code != RefusalCode::Conflict => return Err(refusal),
                    _ => {}
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn withdraw_all(&self, user: UserId) -> Result<(), Refusal> {
        let own = ProductFilter { seller: Some(user), ..ProductFilter::default() };
        loop {
            // Another node may have put something there.
            self.shelf.read_now().await?;
            let page = self.products(&own, AT_ONCE, 0).await?;
            for product in &page.items {
                self.withdraw(product.id, user, false).await?;
            }
            if page.next.is_none() {
                return Ok(());
            }
        }
    }
}
