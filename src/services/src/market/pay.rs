//! Where orders and their payments meet.

use super::state::{Actor, may};
use super::sweep::Swept;
use super::view::state;
use super::{Market, absent};
use crate::payments::{Ask, Closed};
use plenum_actors::clock::WallMillis;
use plenum_schema::entities::Order;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, Refusal, RefusalCode};

/// When to come back while the provider of payments does not say something, milliseconds.
const RETRY_MS: u64 = 5_000;

fn conflict(text: &str) -> Refusal {
    Refusal::field(RefusalCode::Conflict, "status", text)
}

impl Market {
    /// What has to be done with an order's payment before the order takes a step; steps that are not allowed anyway need nothing.
    pub(super) async fn before(&self, order: &Order, to: OrderState, actor: Actor) -> Result<(), Refusal> {
        if !may(actor, state(order)?, to) {
            return Ok(());
        }
        match to {
            OrderState::Paid if self.till.has_provider() && order.total > 0 => {
                Err(conflict("the payment provider says what is paid"))
            }
            OrderState::Paid if order.total > 0 => self.till.begin(order).await.map(drop),
            OrderState::Cancelled => self.let_go(order.order_id).await,
            OrderState::Refunded => self.till.pay_back(order.order_id).await,
            _ => Ok(()),
        }
    }

    async fn let_go(&self, order: OrderId) -> Result<(), Refusal> {
        match self.till.close(order, Ask::Provider).await? {
            Closed::Ended => Ok(()),
            Closed::Paid => {
                self.pay(order).await?;
                Err(conflict("it has just been paid"))
            }
            Closed::Processing => Err(conflict("its payment is on its way")),
            Closed::InDoubt => {
                let text = "the payment provider does not say now whether this is being paid";
                Err(Refusal::new(RefusalCode::Unavailable, text).retry_after(RETRY_MS))
            }
        }
    }

    /// Tells the payment what its seller has said. Where that fails the sweep does it.
    pub(super) async fn after(&self, order: OrderId, to: OrderState) -> Result<(), Refusal> {
        if matches!(to, OrderState::Paid | OrderState::Refunded) && !self.till.has_provider() {
            let row = self.order_row(order).await?.ok_or_else(|| absent("order"))?;
            if row.total > 0 {
                let payment = self.till.begin(&row).await?;
                self.till.follow_seller(payment, Some(state(&row)?)).await?;
            }
        }
        Ok(())
    }

    /// Where an order stands; `None`: there is none.
    pub(crate) async fn state_of(&self, order: OrderId) -> Result<Option<OrderState>, Refusal> {
        self.order_row(order).await?.map(|row| state(&row)).transpose()
    }

    /// Since when an order waits for no payment; `None` while it does. One that is not there never did.
    pub(crate) async fn over_since(&self, order: OrderId) -> Result<Option<WallMillis>, Refusal> {
        let Some(row) = self.order_row(order).await? else { return Ok(Some(WallMillis::MIN)) };
        Ok((state(&row)? != OrderState::Created).then_some(row.updated_at))
    }

    /// The money for an order is there: it is paid. `false`: the order has ended, the money is to go back.
    pub(crate) async fn pay(&self, order: OrderId) -> Result<bool, Refusal> {
        use OrderState::{Cancelled, Created, Delivered, Expired, Paid, Refunded, Reserving, Shipped};
        // Once more where it is paid: the stock may not have followed.
        if matches!(self.state_of(order).await?, Some(Created | Paid)) {
            match self.advance(order, Paid, None, |_| Some(Actor::Money)).await {
                Ok(_) => return Ok(true),
                // It has ended in this moment, or somebody else has said so.
                Err(refusal) if refusal.code == RefusalCode::Conflict => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(match self.state_of(order).await? {
            Some(Paid | Shipped | Delivered | Refunded) => true,
            None | Some(Cancelled | Expired) => false,
            Some(Reserving | Created) => return Err(crate::rows::contended()),
        })
    }

    /// All the money for an order went back.
    pub(crate) async fn give_back(&self, order: OrderId) -> Result<(), Refusal> {
        use OrderState::{Delivered, Paid, Refunded, Shipped};
        if matches!(self.state_of(order).await?, Some(Paid | Shipped | Delivered)) {
            self.advance(order, Refunded, None, |_| Some(Actor::Money)).await?;
        }
        Ok(())
    }

    /// Ends an order whose time is over, unless it is being paid. Answers whether it has ended.
    pub(super) async fn expire(&self, order: Order, swept: &mut Swept) -> Result<bool, Refusal> {
        let is_in_doubt = self.clock.wall() < order.expires_at.saturating_add(self.till.doubt_ms());
        // A provider that has just not answered is not asked again for every order.
        let ask = match swept.in_doubt {
            0 if is_in_doubt => Ask::Seldom,
            // The last question before it ends.
            0 => Ask::Provider,
            _ => Ask::Nothing,
        };
        match self.till.close(order.order_id, ask).await? {
            Closed::Ended => self.end(order, OrderState::Expired, "notPaid").await,
            Closed::Paid => self.pay(order.order_id).await.map(|_| false),
            Closed::Processing if is_in_doubt => Ok(false),
            Closed::InDoubt if is_in_doubt => {
                swept.in_doubt += 1;
                Ok(false)
            }
            closed @ (Closed::Processing | Closed::InDoubt) => {
                swept.in_doubt += usize::from(closed == Closed::InDoubt);
                self.end(order, OrderState::Expired, "notPaid").await
            }
        }
    }
}
