//! Orders on their way from state to state.

use super::state::{Actor, Parts, may, parts};
use super::view::{lines, state};
use super::{Market, OrderView, absent, invalid};
use crate::rows::{ATTEMPTS, contended};
use plenum_schema::entities::{OpenOrder, Order, order_shard};
use plenum_schema::table::FieldValue;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, Refusal, RefusalCode, UserId};

fn changed(expected: Option<i64>, order: &Order) -> Result<(), Refusal> {
    if expected.is_some_and(|expected| expected != order.version) {
        return Err(Refusal::field(RefusalCode::Conflict, "version", "it was changed since"));
    }
    Ok(())
}

impl Market {
    /// Calls an order off that is not paid; what it holds is free again.
    ///
    /// # Errors
    /// `notFound`, `conflict` naming `status` when it is too late, `unavailable`.
    pub async fn cancel(&self, id: OrderId, by: UserId) -> Result<OrderView, Refusal> {
        let row = self.order_row(id).await?.filter(|order| order.buyer == by).ok_or_else(|| absent("order"))?;
        self.before(&row, OrderState::Cancelled, Actor::Buyer).await?;
        self.advance(id, OrderState::Cancelled, None, |order| (order.buyer == by).then_some(Actor::Buyer)).await
    }

    /// Says that an order is `paid`, `shipped`, `delivered`, `refunded` or `cancelled`: its seller, or an admin. `expected` is the version
    /// that the caller has seen, where that matters.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for its buyer, `invalid` naming `status`, `conflict` naming `status` or `version`, `unavailable`.
    pub async fn set_status(
        &self,
        id: OrderId,
        status: &str,
        expected: Option<i64>,
        by: UserId,
        is_admin: bool,
    ) -> Result<OrderView, Refusal> {
        let wanted = OrderState::from_word(&status.to_ascii_lowercase());
        let wanted =
            wanted.filter(|state| !matches!(state, OrderState::Reserving | OrderState::Created | OrderState::Expired));
        let text = "paid, shipped, delivered, refunded or cancelled is expected";
        let wanted = wanted.ok_or_else(|| invalid("status", text))?;
        let row = self.order_row(id).await?.filter(|order| is_admin || order.buyer == by || order.seller == by);
        let row = row.ok_or_else(|| absent("order"))?;
        if row.seller != by && !is_admin {
            return Err(Refusal::new(RefusalCode::Forbidden, "its seller says so"));
        }
        changed(expected, &row)?;
        self.before(&row, wanted, Actor::Seller).await?;
        let order = self.advance(id, wanted, expected, |_| Some(Actor::Seller)).await?;
        self.after(id, wanted).await?;
        Ok(order)
    }

    pub(super) async fn advance(
        &self,
        id: OrderId,
        to: OrderState,
        expected: Option<i64>,
        actor: impl Fn(&Order) -> Option<Actor>,
    ) -> Result<OrderView, Refusal> {
        for _ in 0..ATTEMPTS {
            let order = self.order_row(id).await?.ok_or_else(|| absent("order"))?;
            let actor = actor(&order).ok_or_else(|| absent("order"))?;
            let from = state(&order)?;
            if from == to {
                // The same again, or the rest of one that was cut off.
                return self.settle(order).await?.try_into();
            }
            changed(expected, &order)?;
            // Late is late: the sweep may not have come by yet. Money that is there is not late while everything is held.
            let is_payment = from == OrderState::Created && to == OrderState::Paid && actor != Actor::Money;
            let is_over = is_payment && self.clock.wall() >= order.expires_at;
            if is_over || !may(actor, from, to) {
                let from = if is_over { "expired" } else { from.as_str() };
                let text = format!("an order that is {from} cannot become {}", to.as_str());
                return Err(Refusal::field(RefusalCode::Conflict, "status", text));
            }
            // A step out of a state whose stock has not followed yet would lose sight of it.
            let order = self.settle(order).await?;
            if let Some(changed) = self.set_state(order, to, None).await? {
                let settled = self.settle(changed).await?;
                self.tell(&settled);
                return settled.try_into();
            }
        }
        Err(contended())
    }

    /// Writes the next state if nobody has changed the order; `None`: somebody has.
    pub(super) async fn set_state(
        &self,
        order: Order,
        to: OrderState,
        reason: Option<&str>,
    ) -> Result<Option<Order>, Refusal> {
        let (version, before) = (order.version, state(&order)?);
        let changed = Order {
            state: to.as_str().to_owned(),
            is_settled: order.is_settled && parts(before) == parts(to),
            reason: reason.map(str::to_owned).or(order.reason),
            updated_at: self.clock.wall(),
            version: version + 1,
            ..order
        };
        Ok(self.rows.swap(&changed, version).await?.is_ok().then_some(changed))
    }

    /// Lets the stock follow the order's state; nothing where it has already, or where the parts stay held.
    pub(super) async fn settle(&self, order: Order) -> Result<Order, Refusal> {
        let parts = parts(state(&order)?);
        if parts == Parts::Held || order.is_settled {
            return Ok(order);
        }
        for line in lines(&order)? {
            self.end_hold(line.product, order.order_id, parts).await?;
        }
        let version = order.version;
        // Who has seen a version of a state has seen this one, too: only the server looks at `is_settled`.
        let settled = Order { is_settled: true, version: version + 1, ..order };
        let settled = match self.rows.swap(&settled, version).await? {
            Ok(()) => settled,
            Err(stands) => stands.ok_or_else(contended)?,
        };
        let key = vec![order_shard(settled.order_id).to_value(), settled.order_id.to_value()];
        self.rows.delete::<OpenOrder>(vec![key]).await?;
        Ok(settled)
    }
}
