//! Orders: made from a cart, listed, looked at.

use super::stock::NoHold;
use super::view::{lines, state};
use super::{Market, OrderLine, OrderView, SCAN, absent, invalid};
use plenum_actors::store::Direction;
use plenum_schema::entities::{CartItem, OpenOrder, Order, OrderOf, Product, order_shard};
use plenum_schema::table::FieldValue;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, Refusal, RefusalCode, UserId};

/// An order that somebody wants to make of their cart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewOrder {
    /// Of whose things in the cart; needed when they are of several sellers.
    pub seller: Option<UserId>,
    /// Makes the order once: the same buyer and reference give the same order, for ever.
    pub client_ref: Option<String>,
}

/// Whose orders are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Those that the person has made.
    Bought,
    /// Those that were made with the person.
    Sold,
}

/// A page of orders, the newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderPage {
    /// The orders.
    pub items: Vec<OrderView>,
    /// Where to go on; `None` at the end.
    pub next: Option<(i64, OrderId)>,
}

fn sold_out(title: &str, left: i64) -> Refusal {
    let text = if left == 0 { format!("{title} is sold out") } else { format!("only {left} of {title} are left") };
    Refusal::field(RefusalCode::Conflict, "quantity", text)
}

impl Market {
    pub(crate) async fn order_row(&self, id: OrderId) -> Result<Option<Order>, Refusal> {
        self.rows.get::<Order>(vec![id.to_value()]).await
    }

    /// Makes an order of what is in the cart, at the prices of now: everything is held for `pay_within_s`, or nothing.
    ///
    /// # Errors
    /// `invalid` naming `cart` (empty, or of several currencies) or `seller` (several), `conflict` naming `quantity` (sold out), `busy`,
    /// `unavailable` (with the same reference the next try goes on where this one ended).
    pub async fn order(&self, buyer: UserId, new: NewOrder) -> Result<OrderView, Refusal> {
        let id = match &new.client_ref {
            Some(client_ref) => OrderId::of_client_ref(buyer, client_ref),
            None => OrderId(self.clock.new_id()),
        };
        let order = match self.order_row(id).await? {
            Some(order) => order,
            None => self.begin(id, buyer, new.seller).await?,
        };
        if order.buyer != buyer {
            return Err(absent("order"));
        }
        self.go_on(order).await?.try_into()
    }

    /// Writes a new order, which holds nothing yet.
    async fn begin(&self, id: OrderId, buyer: UserId, seller: Option<UserId>) -> Result<Order, Refusal> {
        let now = self.clock.wall();
        let (lines, seller, currency) = self.cart_lines(buyer, seller).await?;
        let total = lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(line.price.checked_mul(line.quantity)?))
            .ok_or_else(|| invalid("cart", "this is more than can be paid at once"))?;
        let lines = serde_json::to_string(&lines)
            .map_err(|_| Refusal::new(RefusalCode::Internal, "the order cannot be written"))?;
        self.rows.put(&OpenOrder { shard: order_shard(id), order_id: id, at: now }).await?;
        let order = Order {
            order_id: id,
            buyer,
            seller,
            state: OrderState::Reserving.as_str().to_owned(),
            is_settled: false,
            lines,
            currency,
            total,
            reason: None,
            created_at: now,
            updated_at: now,
            expires_at: now.saturating_add(super::sweep::millis(self.config.pay_within_s)),
            version: 1,
        };
        match self.rows.insert(&order).await? {
            Ok(()) => Ok(order),
            Err(Some(stands)) => Ok(stands),
            Err(None) => Err(crate::rows::contended()),
        }
    }

    /// What the cart holds of one seller, at the prices of now.
    async fn cart_lines(
        &self,
        buyer: UserId,
        seller: Option<UserId>,
    ) -> Result<(Vec<OrderLine>, UserId, String), Refusal> {
        let mut found: Vec<(OrderLine, UserId, String)> = Vec::new();
        for item in self.cart_items(buyer).await? {
            let row = self.rows.get::<Product>(vec![item.product_id.to_value()]).await?;
            let Some(row) = row.filter(|row| row.is_active) else { continue };
            if seller.is_some_and(|seller| seller != row.seller) {
                continue;
            }
            let Product { product_id: product, title, price, .. } = row;
            found.push((OrderLine { product, title, quantity: item.quantity, price }, row.seller, row.currency));
        }
        let Some((_, seller, currency)) = found.first().cloned() else {
            return Err(invalid("cart", "the cart has nothing that can be ordered"));
        };
        if found.iter().any(|(_, other, _)| *other != seller) {
            return Err(invalid("seller", "the cart has things of several sellers: name one"));
        }
        if found.iter().any(|(_, _, other)| *other != currency) {
            return Err(invalid("cart", "the cart has prices in several currencies"));
        }
        // In one order for everybody, so that two orders of the same things do not take turns in failing.
        found.sort_by_key(|(line, ..)| line.product);
        Ok((found.into_iter().map(|(line, ..)| line).collect(), seller, currency))
    }

    /// Brings an order that is being made to an end: `created`, or a refusal.
    async fn go_on(&self, order: Order) -> Result<Order, Refusal> {
        match state(&order)? {
            OrderState::Reserving => {}
            OrderState::Cancelled if order.reason.as_deref() == Some("soldOut") => {
                return Err(sold_out("something", 0));
            }
            OrderState::Cancelled if order.reason.as_deref() == Some("unfinished") => {
                return Err(Refusal::new(RefusalCode::Conflict, "this took too long and was called off: order again"));
            }
            _ => return Ok(order),
        }
        self.list(&order).await?;
        for line in lines(&order)? {
            match self.hold(line.product, order.order_id, line.quantity).await {
                Ok(()) => {}
                Err(NoHold::SoldOut(left)) => {
                    self.give_up(order, "soldOut").await?;
                    return Err(sold_out(&line.title, left));
                }
                // The same request again goes on from here; without one the sweep lets go what is held.
                Err(NoHold::Refused(refusal)) => return Err(refusal),
            }
        }
        let made = self.set_state(order.clone(), OrderState::Created, None).await?;
        let Some(made) = made else { return self.lost(order).await };
        self.clear_cart(&made).await?;
        self.tell(&made);
        Ok(made)
    }

    /// Somebody else has brought the order elsewhere meanwhile: a repetition of this request, or the sweep.
    async fn lost(&self, order: Order) -> Result<Order, Refusal> {
        let stands = self.order_row(order.order_id).await?.ok_or_else(|| absent("order"))?;
        if state(&stands)? == OrderState::Cancelled {
            self.settle(stands).await?;
            return Err(Refusal::new(RefusalCode::Busy, "this took too long: order again").retry_after(1_000));
        }
        Ok(stands)
    }

    async fn give_up(&self, order: Order, reason: &str) -> Result<(), Refusal> {
        let ended = self.set_state(order.clone(), OrderState::Cancelled, Some(reason)).await?;
        let stands = match ended {
            Some(ended) => ended,
            None => self.order_row(order.order_id).await?.ok_or_else(|| absent("order"))?,
        };
        self.settle(stands).await.map(drop)
    }

    /// Writes the order into the lists of both.
    pub(super) async fn list(&self, order: &Order) -> Result<(), Refusal> {
        let Order { order_id, created_at: at, .. } = *order;
        self.rows.put(&OrderOf { user_id: order.buyer, at, order_id, is_seller: order.buyer == order.seller }).await?;
        if order.seller != order.buyer {
            self.rows.put(&OrderOf { user_id: order.seller, at, order_id, is_seller: true }).await?;
        }
        Ok(())
    }

    /// What was ordered leaves the cart, unless there is another number of it by now.
    async fn clear_cart(&self, order: &Order) -> Result<(), Refusal> {
        let ordered = lines(order)?;
        let items = self.cart_items(order.buyer).await?;
        let is_ordered = |item: &CartItem| {
            ordered.iter().any(|line| (line.product, line.quantity) == (item.product_id, item.quantity))
        };
        let keys = items
            .iter()
            .filter(|item| is_ordered(item))
            .map(|item| vec![order.buyer.to_value(), item.product_id.to_value()])
            .collect();
        self.rows.delete::<CartItem>(keys).await
    }

    /// Somebody's orders, the newest first, beyond `after`, at most `limit`.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn orders(
        &self,
        user: UserId,
        side: Side,
        limit: usize,
        mut after: Option<(i64, OrderId)>,
    ) -> Result<OrderPage, Refusal> {
        let mut items = Vec::new();
        loop {
            let key = after.map(|(at, order)| vec![at.to_value(), order.to_value()]);
            let rows: Vec<OrderOf> =
                self.rows.scan(vec![user.to_value()], key, Direction::Backward, SCAN.min(limit * 2 + 10)).await?;
            if rows.is_empty() {
                return Ok(OrderPage { items, next: None });
            }
            for row in rows {
                if items.len() == limit {
                    return Ok(OrderPage { items, next: after });
                }
                after = Some((row.at, row.order_id));
                let Some(order) = self.order_row(row.order_id).await? else { continue };
                let is_side = if side == Side::Bought { order.buyer == user } else { order.seller == user };
                // A second try after a crash may have listed it under another time: one of the two counts.
                let is_shown = state(&order)? != OrderState::Reserving && order.created_at == row.at;
                if is_side && is_shown {
                    items.push(order.try_into()?);
                }
            }
        }
    }

    /// An order, for its buyer, its seller and admins.
    ///
    /// # Errors
    /// `notFound` (for everybody else, too), `unavailable`.
    pub async fn order_of(&self, id: OrderId, by: UserId, is_admin: bool) -> Result<OrderView, Refusal> {
        let order = self.order_row(id).await?.filter(|order| is_admin || order.buyer == by || order.seller == by);
        order.ok_or_else(|| absent("order"))?.try_into()
    }
}
