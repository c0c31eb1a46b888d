//! Orders follow their payments, and what nobody has told is asked.

use super::provider::IntentState;
use super::row::{
    AMOUNT_DIFFERS, RefundLine, Stage, Step, is_all_back, is_enough, refunds, told_intent, wanting_all_back,
};
use super::till::refused;
use super::{Ask, MANUAL, Payments};
use plenum_actors::clock::WallMillis;
use plenum_actors::store::Direction;
use plenum_schema::entities::{OpenPayment, PAYMENT_SHARDS, Payment, PaymentEvent};
use plenum_schema::table::FieldValue;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, PaymentId, Refusal, RefusalCode};
use std::time::Duration;

/// Rows read at a time.
const SCAN: usize = 500;
/// The longest time between two questions about one payment, milliseconds.
const SELDOM_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Sweeps between two looks for events that may be forgotten.
const FORGET_EVERY: u64 = 360;

/// What a look at the open payments has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Looked {
    /// Payments about which the provider was asked.
    pub asked: usize,
    /// Payments about which nothing is left to be done.
    pub done: usize,
    /// Payments about which the provider, or the store, did not answer.
    pub failed: usize,
    /// Payments about which something is still to be done although nobody is expected to pay.
    pub in_doubt: usize,
    /// For how long nobody has been expected to pay for the oldest of them, milliseconds.
    pub oldest_ms: i64,
}

impl Payments {
    /// Lets the order follow its payment, and the payment its order; then forgets it if nothing is left to be done. Answers whether
    /// nothing is.
    async fn followed(&self, row: Payment, ask: Ask) -> Result<bool, Refusal> {
        let Some(order) = row.order_id else { return Ok(true) };
        if row.provider == MANUAL {
            return self.follow_seller(row, order).await;
        }
        let row = match Stage::of(&row) {
            Stage::Creating | Stage::Pending => {
                let waits = self.market.state_of(order).await? == Some(OrderState::Created);
                if waits {
                    return Ok(false);
                }
                match self.till.close(order, ask).await? {
                    super::Closed::Ended => {}
                    // Who has just not answered is not asked about the next one.
                    super::Closed::InDoubt if ask != Ask::Nothing => {
                        return Err(Refusal::new(RefusalCode::Unavailable, "the payment provider did not answer"));
                    }
                    _ => return Ok(false),
                }
                self.shut(order).await?;
                return Ok(true);
            }
            Stage::Canceled => row,
            Stage::Succeeded => self.follow_money(row, order).await?,
        };
        let row = if ask == Ask::Nothing { row } else { self.till.send_back(row).await? };
        if is_all_back(&row)? {
            self.market.give_back(order).await?;
        }
        let is_done = refunds(&row)?.iter().all(|line| matches!(line.step, Step::Succeeded | Step::Failed));
        if is_done {
            self.till.shut(&row).await?;
        }
        Ok(is_done)
    }

    async fn shut(&self, order: OrderId) -> Result<(), Refusal> {
        match self.till.row(PaymentId::of_order(order)).await? {
            Some(row) => self.till.shut(&row).await,
            None => Ok(()),
        }
    }

    /// See [`Self::followed`].
    ///
    /// What is decided is in the rows when this answers. A provider that is away delays what it is still to do: the sweep goes on.
    pub(super) async fn follow(&self, row: Payment) -> Result<(), Refusal> {
        self.followed(row.clone(), Ask::Nothing).await?;
        let row = self.till.row(row.payment_id).await?.unwrap_or(row);
        match self.followed(row, Ask::Provider).await {
            Err(refusal) if refusal.code == RefusalCode::Unavailable => Ok(()),
            other => other.map(drop),
        }
    }

    /// The money is there: the order is paid, or all of it goes back.
    async fn follow_money(&self, row: Payment, order: OrderId) -> Result<Payment, Refusal> {
        let why = if !is_enough(&row) {
            AMOUNT_DIFFERS
        } else if self.market.pay(order).await? {
            return Ok(row);
        } else {
            "orderOver"
        };
        self.till.edit(row.payment_id, |row| wanting_all_back(row, Some(why))).await
    }

    /// Where no provider is, the payment says what the seller has said of the order.
    async fn follow_seller(&self, row: Payment, order: OrderId) -> Result<bool, Refusal> {
        let row = self.till.follow_seller(row, self.market.state_of(order).await?).await?;
        let is_done = matches!(Stage::of(&row), Stage::Canceled | Stage::Succeeded);
        if is_done {
            self.till.shut(&row).await?;
        }
        Ok(is_done)
    }

    /// Looks at every open payment once, and asks the provider about those of which nothing was heard for long.
    ///
    /// # Errors
    /// `unavailable`: what was not reached is looked at the next time.
    pub async fn sweep(&self) -> Result<Looked, Refusal> {
        let mut looked = Looked::default();
        for shard in 0..PAYMENT_SHARDS {
            let mut after: Option<PaymentId> = None;
            loop {
                let key = after.map(|payment| vec![payment.to_value()]);
                let open: Vec<OpenPayment> =
                    self.till.rows.scan(vec![shard.to_value()], key, Direction::Forward, SCAN).await?;
                after = open.last().map(|open| open.payment_id);
                for one in &open {
                    // One payment that makes trouble keeps no other waiting.
                    if let Err(refusal) = self.look_at(one, &mut looked).await {
                        tracing::warn!(%refusal, payment = %one.payment_id, "a payment is looked at later");
                        looked.failed += usize::from(refusal.code == RefusalCode::Unavailable);
                    }
                }
                if open.len() < SCAN {
                    break;
                }
            }
        }
        self.till.count(|metrics| metrics.looked(looked.in_doubt, looked.oldest_ms));
        Ok(looked)
    }

    async fn look_at(&self, open: &OpenPayment, looked: &mut Looked) -> Result<(), Refusal> {
        let now = self.till.clock.wall();
        let Some(row) = self.till.row(open.payment_id).await? else {
            if now >= open.at.saturating_add(crate::market::millis(self.till.rules.ask_after_s)) {
                self.till.forget_open(open.payment_id).await?;
            }
            return Ok(());
        };
        let row = if self.is_due(&row, now, looked) { self.ask(row, looked).await? } else { row };
        // Who has just not answered is not asked again for every payment.
        let ask = if looked.failed == 0 { Ask::Seldom } else { Ask::Nothing };
        let (order, began) = (row.order_id, row.created_at);
        let followed = self.followed(row, ask).await;
        if !matches!(followed, Ok(true)) {
            match self.over_since(order).await {
                Ok(Some(over)) => {
                    looked.in_doubt += 1;
                    looked.oldest_ms = looked.oldest_ms.max(now.saturating_sub(over.max(began)));
                }
                Ok(None) => {}
                // What went wrong first says more.
                Err(refusal) => return Err(followed.err().unwrap_or(refusal)),
            }
        }
        looked.done += usize::from(followed?);
        Ok(())
    }

    /// Since when nobody is expected to pay any more for what a payment is for; `None`: somebody is.
    async fn over_since(&self, order: Option<OrderId>) -> Result<Option<WallMillis>, Refusal> {
        let Some(order) = order else { return Ok(None) };
        self.market.over_since(order).await
    }

    /// Whether to ask the provider: ever more rarely, and not about all at once, nor at all when it has just not answered; and not before its
    /// time about what the bank is at.
    fn is_due(&self, row: &Payment, now: i64, looked: &Looked) -> bool {
        let first = crate::market::millis(self.till.rules.ask_after_s);
        let pause = row.asked_at.saturating_sub(row.created_at).clamp(first, SELDOM_MS.max(first));
        let is_time = now >= row.asked_at.saturating_add(pause);
        let is_processing = Stage::of(row) == Stage::Pending && self.till.patience.waits(row.payment_id, now);
        let is_time = is_time && !is_processing;
        is_time && row.provider != MANUAL && looked.failed == 0 && looked.asked < self.till.rules.asks
    }

    async fn ask(&self, row: Payment, looked: &mut Looked) -> Result<Payment, Refusal> {
        let is_pending = Stage::of(&row) == Stage::Pending;
        let on_its_way = refunds(&row)?.into_iter().find(|line| line.step == Step::Pending).map(|line| line.intent);
        let Some(intent) = row.intent.clone().filter(|_| is_pending).or(on_its_way) else { return Ok(row) };
        looked.asked += 1;
        let now = self.till.clock.wall();
        // Also about what the provider knows nothing of it is asked ever more rarely.
        let asked = |row: &Payment| Ok(Some(Payment { asked_at: now, ..row.clone() }));
        let row = self.till.edit(row.payment_id, asked).await?;
        if !is_pending {
            return self.till.ask_refunds(&row, &intent).await;
        }
        let provider = self.till.provider_of(&row).map_err(|error| refused(&error))?;
        let intent = provider.intent(intent).await.map_err(|error| refused(&error))?;
        if intent.state == IntentState::Processing {
            self.till.patience.put_off(row.payment_id, now);
        } else {
            self.till.patience.end(row.payment_id);
        }
        self.till.edit(row.payment_id, |row| told_intent(row, &intent)).await
    }

    /// Forgets events that are too old to be sent again; answers how many.
    ///
    /// # Errors
    /// `unavailable`: what is left is forgotten the next time.
    pub async fn forget_events(&self) -> Result<usize, Refusal> {
        let days = i64::try_from(self.till.rules.events_days).unwrap_or(i64::MAX);
        let oldest = self.till.clock.wall().saturating_sub(days.saturating_mul(DAY_MS));
        let (mut gone, mut after): (usize, Option<String>) = (0, None);
        loop {
            let rows: Vec<PaymentEvent> = self.till.rows.sweep(after.map(|id| vec![id.to_value()]), SCAN).await?;
            after = rows.last().map(|row| row.event_id.clone());
            for row in rows.iter().filter(|row| row.at < oldest) {
                self.till.rows.delete::<PaymentEvent>(vec![vec![row.event_id.to_value()]]).await?;
                gone += 1;
            }
            if rows.len() < SCAN {
                return Ok(gone);
            }
        }
    }
}

impl super::Till {
    /// Tells a payment without a provider how its order stands.
    pub(crate) async fn follow_seller(&self, row: Payment, order: Option<OrderState>) -> Result<Payment, Refusal> {
        use OrderState::{Cancelled, Delivered, Expired, Paid, Refunded, Shipped};
        if row.provider != MANUAL {
            return Ok(row);
        }
        let told = |row: &Payment| {
            let paid = |row: &Payment| Payment {
                state: Stage::Succeeded.as_str().to_owned(),
                received: row.amount,
                intent: Some(MANUAL.to_owned()),
                ..row.clone()
            };
            let told = match order {
                Some(Paid | Shipped | Delivered) => paid(row),
                Some(Refunded) => {
                    let paid = paid(row);
                    let mut lines = refunds(&paid)?;
                    if lines.is_empty() {
                        let (key, intent, amount) = (MANUAL.to_owned(), MANUAL.to_owned(), row.amount);
                        lines.push(RefundLine { key, id: None, intent, amount, step: Step::Succeeded });
                    }
                    super::row::with_refunds(&paid, &lines)?
                }
                None | Some(Cancelled | Expired) if Stage::of(row) == Stage::Pending => {
                    Payment { state: Stage::Canceled.as_str().to_owned(), ..row.clone() }
                }
                _ => row.clone(),
            };
            Ok((told != *row).then_some(told))
        };
        self.edit(row.payment_id, told).await
    }
}

/// Looks at payments for ever.
pub async fn run_payments(payments: Payments) {
    let every = Duration::from_secs(payments.till.rules.sweep_every_s);
    let mut round = 0_u64;
    loop {
        match payments.sweep().await {
            Ok(looked) if looked != Looked::default() => {
                tracing::debug!(asked = looked.asked, done = looked.done, failed = looked.failed, "payments looked at");
            }
            Ok(_) => {}
            Err(refusal) => tracing::warn!(%refusal, "payments are looked at later"),
        }
        if round.is_multiple_of(FORGET_EVERY)
            && let Err(refusal) = payments.forget_events().await
        {
            tracing::warn!(%refusal, "old events of payments are forgotten later");
        }
        round += 1;
        tokio::time::sleep(every).await;
    }
}
