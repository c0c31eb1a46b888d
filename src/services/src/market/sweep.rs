//! What is half done is finished or let go.

use super::state::{Parts, parts};
use super::stock::holds;
use super::view::{lines, state};
use super::{Market, SCAN};
use plenum_actors::store::Direction;
use plenum_schema::entities::{ORDER_SHARDS, OpenOrder, Order, Stock, order_shard};
use plenum_schema::table::FieldValue;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, ProductId, Refusal};
use std::time::Duration;

/// Sweeps between two looks at holds that no order wants: those are left behind only by a process that slept for long.
const STRAY_EVERY: u64 = 30;

pub(crate) fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// What a sweep has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Orders that were not paid in time.
    pub expired: usize,
    /// Orders that had been begun and left.
    pub given_up: usize,
    /// Orders whose stock had not followed.
    pub settled: usize,
    /// Orders that were not ended because the provider of payments does not say whether they are being paid.
    pub in_doubt: usize,
}

impl Market {
    /// Looks at every open order once.
    ///
    /// # Errors
    /// `unavailable`: what was not reached is looked at the next time.
    pub async fn sweep(&self) -> Result<Swept, Refusal> {
        let mut swept = Swept::default();
        for shard in 0..ORDER_SHARDS {
            let mut after: Option<OrderId> = None;
            loop {
                let key = after.map(|order| vec![order.to_value()]);
                let open: Vec<OpenOrder> =
                    self.rows.scan(vec![shard.to_value()], key, Direction::Forward, SCAN).await?;
                after = open.last().map(|open| open.order_id);
                let is_end = open.len() < SCAN;
                for open in open {
                    self.look_at(open, &mut swept).await?;
                }
                if is_end {
                    break;
                }
            }
        }
        Ok(swept)
    }

    async fn look_at(&self, open: OpenOrder, swept: &mut Swept) -> Result<(), Refusal> {
        let now = self.clock.wall();
        let is_old = |at: i64| now >= at.saturating_add(millis(self.config.half_done_s));
        let Some(order) = self.order_row(open.order_id).await? else {
            if is_old(open.at) {
                let key = vec![order_shard(open.order_id).to_value(), open.order_id.to_value()];
                self.rows.delete::<OpenOrder>(vec![key]).await?;
            }
            return Ok(());
        };
        match state(&order)? {
            OrderState::Reserving if is_old(order.updated_at) => {
                swept.given_up += usize::from(self.end(order, OrderState::Cancelled, "unfinished").await?);
            }
            OrderState::Created if now >= order.expires_at => {
                swept.expired += usize::from(self.expire(order, swept).await?);
            }
            OrderState::Reserving | OrderState::Created => {}
            // Whoever made the step is at it, or was cut off.
            _ if is_old(order.updated_at) => {
                self.list(&order).await?;
                if order.is_settled {
                    let key = vec![order_shard(order.order_id).to_value(), order.order_id.to_value()];
                    self.rows.delete::<OpenOrder>(vec![key]).await?;
                } else {
                    self.settle(order).await?;
                    swept.settled += 1;
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) async fn end(&self, order: Order, to: OrderState, reason: &str) -> Result<bool, Refusal> {
        self.list(&order).await?;
        let Some(ended) = self.set_state(order, to, Some(reason)).await? else { return Ok(false) };
        let settled = self.settle(ended).await?;
        self.tell(&settled);
        Ok(true)
    }

    /// Ends holds that their order does not want any more: of a process that slept between two steps and was overtaken by the sweep.
    /// Answers how many.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn sweep_stray_holds(&self) -> Result<usize, Refusal> {
        let (mut ended, mut after): (usize, Option<ProductId>) = (0, None);
        loop {
            let stocks: Vec<Stock> = self.rows.sweep(after.map(|product| vec![product.to_value()]), SCAN).await?;
            after = stocks.last().map(|stock| stock.product_id);
            for stock in &stocks {
                ended += self.end_strays(stock).await?;
            }
            if stocks.len() < SCAN {
                return Ok(ended);
            }
        }
    }

    async fn end_strays(&self, stock: &Stock) -> Result<usize, Refusal> {
        let (now, mut ended) = (self.clock.wall(), 0);
        let old = |at: i64| now >= at.saturating_add(millis(self.config.half_done_s));
        for hold in holds(stock).into_iter().filter(|hold| old(hold.at)) {
            let wanted = match self.order_row(hold.order).await? {
                Some(order) if lines(&order)?.iter().any(|line| line.product == stock.product_id) => {
                    parts(state(&order)?)
                }
                _ => Parts::LetGo,
            };
            if wanted != Parts::Held {
                self.end_hold(stock.product_id, hold.order, wanted).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }
}

/// Sweeps for ever.
pub async fn run_market(market: Market) {
    let every = Duration::from_secs(market.config.sweep_every_s);
    let mut round = 0_u64;
    loop {
        match market.sweep().await {
            Ok(swept) if swept != Swept::default() => {
                tracing::info!(
                    expired = swept.expired,
                    given_up = swept.given_up,
                    settled = swept.settled,
                    in_doubt = swept.in_doubt,
                    "orders swept"
                );
            }
            Ok(_) => {}
            Err(refusal) => tracing::warn!(%refusal, "orders are swept later"),
        }
        if round.is_multiple_of(STRAY_EVERY) {
            match market.sweep_stray_holds().await {
                Ok(0) => {}
                Ok(ended) => tracing::warn!(ended, "stock was held for orders that had ended"),
                Err(refusal) => tracing::warn!(%refusal, "stray holds are looked for later"),
            }
        }
        round += 1;
        tokio::time::sleep(every).await;
    }
}
