//! The rows of payments, and what is asked of the provider about one. Knows nothing of what is paid for.

use super::metrics::PaymentMetrics;
use super::patience::Patience;
use super::provider::{Belongs, Intent, IntentState, NewIntent, NewRefund, Provider, ProviderError};
use super::row::{
    RefundLine, Stage, Step, is_enough, refunds, told_intent, told_refund, wanting_all_back, with_refunds,
};
use super::rules::PaymentRules;
use crate::rows::{ATTEMPTS, Rows, contended};
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_schema::entities::{OpenPayment, Order, Payment, PaymentOf, payment_shard};
use plenum_schema::table::FieldValue;
use plenum_schema::{OrderId, PaymentId, Refusal, RefusalCode};
use std::fmt;
use std::sync::Arc;

/// When to come back while the provider is away, milliseconds.
const RETRY_MS: u64 = 5_000;
/// The word for payments that the seller vouches for.
pub(crate) const MANUAL: &str = "manual";

/// Where money is taken. Cheap to clone; all clones are one till.
#[derive(Clone)]
pub struct Till {
    pub(super) rows: Rows,
    pub(super) clock: SharedClock,
    pub(super) provider: Option<Arc<dyn Provider>>,
    pub(super) rules: PaymentRules,
    pub(super) patience: Arc<Patience>,
    pub(super) metrics: Option<PaymentMetrics>,
}

impl fmt::Debug for Till {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = self.provider.as_ref().map_or(MANUAL, |provider| provider.name());
        f.debug_struct("Till").field("provider", &provider).field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Whether the provider may be asked for something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    /// It may.
    Provider,
    /// It may, but not again and again: a sweep looks.
    Seldom,
    /// What it would have to say is in doubt.
    Nothing,
}

/// What has become of the payment of something that is to end unpaid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Closed {
    /// Nothing was paid, and nothing will be.
    Ended,
    /// It is paid.
    Paid,
    /// The provider is at it, and cannot be stopped.
    Processing,
    /// The provider does not say.
    InDoubt,
}

/// The refusal for a provider that did not do something.
pub(super) fn refused(error: &ProviderError) -> Refusal {
    match error {
        ProviderError::Refused(reason) => {
            tracing::warn!(%error, "a payment was refused");
            let text = format!("the payment provider does not do this: {reason}");
            Refusal::new(RefusalCode::Conflict, text)
        }
        ProviderError::Away(_) | ProviderError::Broken(_) => {
            tracing::warn!(%error, "the payment provider is away");
            let text = "the payment provider cannot be asked now: the same request again goes on from here";
            Refusal::new(RefusalCode::Unavailable, text).retry_after(RETRY_MS)
        }
    }
}

fn absent() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such payment")
}

impl Till {
    /// A till; without a provider the sellers say what was paid.
    #[must_use]
    pub fn new(
        store: SharedStore,
        clock: SharedClock,
        provider: Option<Arc<dyn Provider>>,
        rules: PaymentRules,
    ) -> Self {
        let patience = Arc::new(Patience::new(&rules));
        Self { rows: Rows(store), clock, provider, rules, patience, metrics: None }
    }

    /// From now on it is counted what becomes of payments.
    #[must_use]
    pub fn measured(mut self, metrics: PaymentMetrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Counts, where anything is counted.
    pub(super) fn count(&self, what: impl FnOnce(&PaymentMetrics)) {
        if let Some(metrics) = &self.metrics {
            what(metrics);
        }
    }

    /// Whether a provider says what was paid, and nobody else.
    pub(crate) fn has_provider(&self) -> bool {
        self.provider.is_some()
    }

    /// How long an order whose time is over is kept for a payment in doubt, milliseconds.
    pub(crate) fn doubt_ms(&self) -> i64 {
        crate::market::millis(self.rules.doubt_s)
    }

    /// The provider, where it is the one that this payment was begun with.
    pub(super) fn provider_of(&self, row: &Payment) -> Result<&Arc<dyn Provider>, ProviderError> {
        let same = self.provider.as_ref().filter(|provider| provider.name() == row.provider);
        same.ok_or_else(|| ProviderError::Away(format!("{} is not set up any more", row.provider)))
    }

    pub(super) async fn row(&self, id: PaymentId) -> Result<Option<Payment>, Refusal> {
        self.rows.get::<Payment>(vec![id.to_value()]).await
    }

    /// From now on the sweep looks at this payment.
    async fn open(&self, id: PaymentId) -> Result<(), Refusal> {
        self.rows.put(&OpenPayment { shard: payment_shard(id), payment_id: id, at: self.clock.wall() }).await
    }

    /// Nothing is left to be done about a payment that stands like this.
    pub(super) async fn shut(&self, row: &Payment) -> Result<(), Refusal> {
        let id = row.payment_id;
        self.forget_open(id).await?;
        // Somebody may have found something to do in this moment.
        match self.row(id).await? {
            Some(stands) if stands.version != row.version => self.open(id).await,
            _ => Ok(()),
        }
    }

    pub(super) async fn forget_open(&self, id: PaymentId) -> Result<(), Refusal> {
        self.rows.delete::<OpenPayment>(vec![vec![payment_shard(id).to_value(), id.to_value()]]).await
    }

    /// Writes the payment into the list of who pays.
    async fn list(&self, row: &Payment) -> Result<(), Refusal> {
        let Payment { payment_id, user_id, created_at: at, ref purpose, .. } = *row;
        self.rows.put(&PaymentOf { user_id, at, payment_id, purpose: purpose.clone() }).await
    }

    /// Changes a row until nobody was in the way; without a change it stays as it is. Whoever dies behind this is followed by the sweep.
    pub(super) async fn edit(
        &self,
        id: PaymentId,
        change: impl Fn(&Payment) -> Result<Option<Payment>, Refusal>,
    ) -> Result<Payment, Refusal> {
        for _ in 0..ATTEMPTS {
            let row = self.row(id).await?.ok_or_else(absent)?;
            let Some(changed) = change(&row)? else { return Ok(row) };
            self.open(id).await?;
            let changed = Payment { updated_at: self.clock.wall(), version: row.version + 1, ..changed };
            if self.rows.swap(&changed, row.version).await?.is_ok() {
                self.count(|metrics| metrics.changed(&row, &changed));
                return Ok(changed);
            }
        }
        Err(contended())
    }

    /// The payment of an order, begun if there is none.
    pub(crate) async fn begin(&self, order: &Order) -> Result<Payment, Refusal> {
        let id = PaymentId::of_order(order.order_id);
        match self.row(id).await? {
            Some(row) => Ok(row),
            None => self.insert(id, order).await,
        }
    }

    async fn insert(&self, id: PaymentId, order: &Order) -> Result<Payment, Refusal> {
        let now = self.clock.wall();
        self.open(id).await?;
        let stage = if self.has_provider() { Stage::Creating } else { Stage::Pending };
        let row = Payment {
            payment_id: id,
            user_id: order.buyer,
            purpose: "order".to_owned(),
            order_id: Some(order.order_id),
            provider: self.provider.as_ref().map_or(MANUAL, |provider| provider.name()).to_owned(),
            attempt: 1,
            intent: None,
            amount: order.total,
            received: 0,
            currency: order.currency.clone(),
            state: stage.as_str().to_owned(),
            refunds: "[]".to_owned(),
            reason: None,
            asked_at: now,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        // Before the row: what is listed and not there, or begun at another time, is not shown.
        self.list(&row).await?;
        match self.rows.insert(&row).await? {
            Ok(()) => {
                self.count(|metrics| metrics.begun(&row));
                Ok(row)
            }
            Err(Some(stands)) => Ok(stands),
            Err(None) => Err(contended()),
        }
    }

    /// A payment that was called off is begun again: with another intent, and with the provider of now.
    pub(super) async fn again(&self, row: &Payment) -> Result<Payment, Refusal> {
        let attempt = row.attempt;
        let provider = self.provider.as_ref().map_or(MANUAL, |provider| provider.name());
        let stage = if self.has_provider() { Stage::Creating } else { Stage::Pending };
        let again = |row: &Payment| {
            let is_free = row.provider == MANUAL && Stage::of(row) == Stage::Pending;
            let is_over = matches!(Stage::of(row), Stage::Creating | Stage::Canceled);
            let same = row.attempt == attempt && (is_free || is_over);
            Ok(same.then(|| Payment {
                attempt: attempt + 1,
                intent: None,
                provider: provider.to_owned(),
                state: stage.as_str().to_owned(),
                reason: None,
                ..row.clone()
            }))
        };
        self.edit(row.payment_id, again).await
    }

    /// The intent of a payment that waits, made if there is none.
    pub(super) async fn intent(&self, row: &Payment) -> Result<(Payment, Intent), Refusal> {
        let provider = self.provider_of(row).map_err(|error| refused(&error))?;
        let asked = match &row.intent {
            Some(id) => provider.intent(id.clone()).await,
            None => provider.create(new_intent(row)).await,
        };
        if row.intent.is_none() && matches!(asked, Err(ProviderError::Broken(_))) {
            // The provider would repeat this answer: the next request asks for another one. Nobody can pay by what may have been made.
            self.again(row).await?;
        }
        let intent = asked.map_err(|error| refused(&error))?;
        let told = self.edit(row.payment_id, |row| told_intent(row, &intent)).await?;
        if told.intent.as_ref() != Some(&intent.id) {
            return Err(contended());
        }
        Ok((told, intent))
    }

    /// Sees to it that an order's payment comes to nothing, if that is still possible.
    pub(crate) async fn close(&self, order: OrderId, ask: Ask) -> Result<Closed, Refusal> {
        let Some(row) = self.row(PaymentId::of_order(order)).await? else { return Ok(Closed::Ended) };
        match (Stage::of(&row), &row.intent) {
            (Stage::Succeeded, _) if is_enough(&row) => Ok(Closed::Paid),
            // What has come goes back.
            (Stage::Succeeded, _) => Ok(Closed::Ended),
            (Stage::Canceled, None) => Ok(Closed::Ended),
            (Stage::Creating | Stage::Pending, None) => {
                let version = row.version;
                let end = |row: &Payment| Ok((row.version == version).then(|| canceled(row)));
                let ended = self.edit(row.payment_id, end).await?;
                if Stage::of(&ended) == Stage::Canceled { Ok(Closed::Ended) } else { Err(contended()) }
            }
            (Stage::Canceled, Some(_)) => Ok(Closed::Ended),
            (Stage::Creating | Stage::Pending, Some(_)) if ask == Ask::Nothing => Ok(Closed::InDoubt),
            (Stage::Creating | Stage::Pending, Some(_))
                if ask == Ask::Seldom && self.patience.waits(row.payment_id, self.clock.wall()) =>
            {
                Ok(Closed::Processing)
            }
            (Stage::Creating | Stage::Pending, Some(id)) => self.close_intent(&row, id.clone()).await,
        }
    }

    async fn close_intent(&self, row: &Payment, id: String) -> Result<Closed, Refusal> {
        let Ok(provider) = self.provider_of(row) else { return Ok(Closed::InDoubt) };
        let intent = match provider.cancel(id).await {
            Ok(intent) => intent,
            Err(error) => {
                tracing::warn!(%error, payment = %row.payment_id, "whether this is being paid is in doubt");
                return Ok(Closed::InDoubt);
            }
        };
        if intent.state == IntentState::Processing {
            self.patience.put_off(row.payment_id, self.clock.wall());
        } else {
            self.patience.end(row.payment_id);
        }
        let told = self.edit(row.payment_id, |row| told_intent(row, &intent)).await?;
        Ok(match (Stage::of(&told), intent.state) {
            (Stage::Succeeded, _) if is_enough(&told) => Closed::Paid,
            (Stage::Succeeded, _) => Closed::Ended,
            (Stage::Canceled, _) => Closed::Ended,
            (_, IntentState::Processing) => Closed::Processing,
            _ => Closed::InDoubt,
        })
    }

    /// Gives all that an order's payment has brought back, as far as that is not done. An order without money needs nothing.
    pub(crate) async fn pay_back(&self, order: OrderId) -> Result<(), Refusal> {
        let id = PaymentId::of_order(order);
        let Some(row) = self.row(id).await?.filter(|row| row.provider != MANUAL) else { return Ok(()) };
        if Stage::of(&row) != Stage::Succeeded {
            return Ok(());
        }
        let row = self.edit(id, |row| wanting_all_back(row, None)).await?;
        let row = self.send_back(row).await?;
        if super::row::is_all_back(&row)? {
            return Ok(());
        }
        let reason = row.reason.unwrap_or_else(|| "unknown".to_owned());
        let text = format!("the payment provider does not give the money back: {reason}");
        Err(Refusal::field(RefusalCode::Conflict, "status", text))
    }

    /// Has the provider give back what is wanted back.
    pub(super) async fn send_back(&self, mut row: Payment) -> Result<Payment, Refusal> {
        for line in refunds(&row)?.into_iter().filter(|line| line.step == Step::Wanted) {
            let provider = self.provider_of(&row).map_err(|error| refused(&error))?.clone();
            row = match provider.refund(new_refund(&row, &line)).await {
                Ok(refund) => {
                    tracing::info!(payment = %row.payment_id, amount = line.amount, "money is given back");
                    self.edit(row.payment_id, |row| told_refund(row, &refund)).await?
                }
                Err(ProviderError::Refused(reason)) => self.not_back(&provider, &row, &line, &reason).await?,
                Err(error) => return Err(refused(&error)),
            };
        }
        Ok(row)
    }

    /// The provider refuses to give something back: perhaps somebody has done it there already.
    async fn not_back(
        &self,
        provider: &Arc<dyn Provider>,
        row: &Payment,
        line: &RefundLine,
        reason: &str,
    ) -> Result<Payment, Refusal> {
        let known = provider.refunds(line.intent.clone()).await.map_err(|error| refused(&error))?;
        tracing::error!(payment = %row.payment_id, %reason, "the payment provider did not give money back");
        let told = |row: &Payment| {
            let mut told = row.clone();
            for refund in &known {
                told = told_refund(&told, refund)?.unwrap_or(told);
            }
            let mut lines = refunds(&told)?;
            let ours = lines.iter_mut().find(|one| one.key == line.key && one.step == Step::Wanted);
            if let Some(ours) = ours {
                ours.step = Step::Failed;
                let reason = told.reason.clone().or_else(|| Some(reason.to_owned()));
                told = Payment { reason, ..with_refunds(&told, &lines)? };
            }
            Ok((told != *row).then_some(told))
        };
        self.edit(row.payment_id, told).await
    }

    /// Asks the provider what became of the refunds of an intent.
    pub(super) async fn ask_refunds(&self, row: &Payment, intent: &str) -> Result<Payment, Refusal> {
        let provider = self.provider_of(row).map_err(|error| refused(&error))?;
        let known = provider.refunds(intent.to_owned()).await.map_err(|error| refused(&error))?;
        let mut told = row.clone();
        for refund in &known {
            told = self.edit(row.payment_id, |row| told_refund(row, refund)).await?;
        }
        Ok(told)
    }
}

fn canceled(row: &Payment) -> Payment {
    Payment { state: Stage::Canceled.as_str().to_owned(), ..row.clone() }
}

fn new_intent(row: &Payment) -> NewIntent {
    let belongs = Belongs { payment: row.payment_id, attempt: row.attempt };
    NewIntent { belongs, order: row.order_id, amount: row.amount, currency: row.currency.clone() }
}

fn new_refund(row: &Payment, line: &RefundLine) -> NewRefund {
    NewRefund {
        payment: row.payment_id,
        intent: line.intent.clone(),
        key: line.key.clone(),
        amount: line.amount,
        currency: row.currency.clone(),
    }
}
