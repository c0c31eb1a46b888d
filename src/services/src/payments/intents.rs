//! Beginning to pay, and what was paid.

use super::provider::{Intent, IntentState};
use super::row::Stage;
use super::till::refused;
use super::{Ask, Closed, MANUAL, PaymentView, Payments};
use crate::accounts::Secret;
use plenum_actors::store::Direction;
use plenum_schema::entities::{Order, Payment, PaymentOf};
use plenum_schema::table::FieldValue;
use plenum_schema::wire::OrderState;
use plenum_schema::{OrderId, PaymentId, Refusal, RefusalCode, UserId};

/// A payment that was begun, and with what the payer's page goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paying {
    /// The payment.
    pub payment: PaymentView,
    /// The provider's id of the intent; `None` where the seller takes the money.
    pub intent: Option<String>,
    /// What the provider wants to see of the payer; nobody else may see it.
    pub client_secret: Option<Secret>,
    /// What the payer's page needs to speak with the provider.
    pub public_key: Option<String>,
}

/// A page of payments, the newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentPage {
    /// The payments.
    pub items: Vec<PaymentView>,
    /// Where to go on; `None` at the end.
    pub next: Option<(i64, PaymentId)>,
}

fn conflict(text: &str) -> Refusal {
    Refusal::field(RefusalCode::Conflict, "orderId", text)
}

impl Payments {
    /// The buyer's own order, if it can be paid now.
    async fn payable(&self, order: OrderId, buyer: UserId) -> Result<Order, Refusal> {
        let row = self.market.order_row(order).await?.filter(|row| row.buyer == buyer);
        let row = row.ok_or_else(|| Refusal::field(RefusalCode::NotFound, "orderId", "there is no such order"))?;
        match OrderState::from_word(&row.state) {
            Some(OrderState::Created) if self.till.clock.wall() < row.expires_at => {}
            Some(OrderState::Created | OrderState::Expired) => return Err(conflict("its time to be paid is over")),
            Some(state) => return Err(conflict(&format!("an order that is {} is not to be paid", state.as_str()))),
            None => return Err(conflict("it is not to be paid")),
        }
        if row.total == 0 { Err(conflict("there is nothing to be paid")) } else { Ok(row) }
    }

    /// Begins to pay an own order, or goes on: the same order again gives the same payment. What is owed is what the order says.
    ///
    /// # Errors
    /// `notFound`, `conflict` naming `orderId` when it is not to be paid (any more) or the provider does not take it, `busy`, `unavailable`
    /// while the provider is away.
    pub async fn begin(&self, order: OrderId, buyer: UserId) -> Result<Paying, Refusal> {
        let order = self.payable(order, buyer).await?;
        let mut row = self.till.begin(&order).await?;
        let is_for_seller = row.provider == MANUAL && Stage::of(&row) == Stage::Pending;
        if Stage::of(&row) == Stage::Canceled || (is_for_seller && self.till.has_provider()) {
            row = self.till.again(&row).await?;
        }
        if Stage::of(&row) == Stage::Succeeded {
            self.follow(row).await?;
            return Err(conflict("money for it has come already"));
        }
        if row.provider == MANUAL {
            return Ok(Paying { payment: row.try_into()?, intent: None, client_secret: None, public_key: None });
        }
        let (row, intent) = self.till.intent(&row).await?;
        self.check(row, intent, &order).await
    }

    /// Nobody is let pay for what has ended meanwhile.
    async fn check(&self, row: Payment, intent: Intent, order: &Order) -> Result<Paying, Refusal> {
        let stage = Stage::of(&row);
        if stage == Stage::Succeeded {
            self.follow(row).await?;
            return Err(conflict("money for it has come already"));
        }
        let over = match self.payable(order.order_id, order.buyer).await {
            Ok(_) if stage == Stage::Pending => None,
            Ok(_) => Some(conflict("this payment was called off: begin again")),
            Err(refusal) => Some(refusal),
        };
        let Some(over) = over else {
            let public_key = self.till.provider_of(&row).map_err(|error| refused(&error))?.public_key().to_owned();
            let public_key = Some(public_key).filter(|key| !key.is_empty());
            let Intent { id, client_secret, state, .. } = intent;
            let client_secret = client_secret.filter(|_| state == IntentState::Waiting);
            return Ok(Paying { payment: row.try_into()?, intent: Some(id), client_secret, public_key });
        };
        if stage == Stage::Canceled {
            // It was called off before its intent was known here.
            if let Ok(provider) = self.till.provider_of(&row) {
                drop(provider.cancel(intent.id).await);
            }
        } else if matches!(self.till.close(order.order_id, Ask::Provider).await?, Closed::Paid) {
            self.follow(self.till.begin(order).await?).await?;
        }
        Err(over)
    }

    /// What somebody has paid or begun to pay, the newest first, beyond `after`, at most `limit`.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn history(
        &self,
        user: UserId,
        limit: usize,
        after: Option<(i64, PaymentId)>,
    ) -> Result<PaymentPage, Refusal> {
        let (mut items, mut after) = (Vec::new(), after);
        loop {
            let key = after.map(|(at, payment)| vec![at.to_value(), payment.to_value()]);
            let rows = &self.till.rows;
            let listed: Vec<PaymentOf> =
                rows.scan(vec![user.to_value()], key, Direction::Backward, limit.saturating_add(1).min(1_000)).await?;
            if listed.is_empty() {
                return Ok(PaymentPage { items, next: None });
            }
            for one in listed {
                if items.len() == limit {
                    return Ok(PaymentPage { items, next: after });
                }
                after = Some((one.at, one.payment_id));
                let row = self.till.row(one.payment_id).await?;
                if let Some(row) = row.filter(|row| row.created_at == one.at) {
                    items.push(row.try_into()?);
                }
            }
        }
    }
}
