//! What the provider tells by itself.

use super::Payments;
use super::provider::{Event, Happened, Intent, Provider, Refund};
use super::row::{Stage, told_intent, told_refund};
use super::till::refused;
use plenum_schema::entities::{Payment, PaymentEvent};
use plenum_schema::table::FieldValue;
use plenum_schema::{PaymentId, Refusal, RefusalCode};
use std::sync::Arc;

/// The word for an event that was not taken in.
fn failing(refusal: &Refusal) -> &'static str {
    if refusal.code == RefusalCode::Malformed { "refused" } else { "failed" }
}

impl Payments {
    /// Takes an event of the provider in: `raw` is the body as it came, `signature` what proves it. The same event again changes nothing;
    /// events may come in any order.
    ///
    /// # Errors
    /// `notFound` where no provider is set up, `malformed` for what does not come from it, is too old or cannot be read; `busy` and
    /// `unavailable`: it is to be sent again.
    pub async fn hear(&self, raw: &[u8], signature: &str) -> Result<(), Refusal> {
        let provider = self.till.provider.as_ref();
        let provider =
            provider.ok_or_else(|| Refusal::new(RefusalCode::NotFound, "payments are not taken by a provider here"))?;
        let outcome = self.take_in(provider, raw, signature).await;
        self.till.count(|metrics| metrics.heard(outcome.as_ref().map_or_else(failing, |word| *word)));
        outcome.map(drop)
    }

    /// In a word what was done.
    async fn take_in(
        &self,
        provider: &Arc<dyn Provider>,
        raw: &[u8],
        signature: &str,
    ) -> Result<&'static str, Refusal> {
        let event = provider.event(raw, signature, self.till.clock.wall() / 1_000).map_err(|reason| {
            tracing::warn!(target: "security", event = "payment_event", outcome = "refused", %reason);
            Refusal::new(RefusalCode::Malformed, reason)
        })?;
        if event.what == Happened::Other {
            return Ok("other");
        }
        if self.is_known(&event).await? {
            return Ok("repeated");
        }
        match &event.what {
            Happened::Intent(intent) => self.heard_intent(intent).await?,
            Happened::Refund(refund) => self.heard_refund(refund).await?,
            Happened::GivenBack { intent } => self.heard_given_back(intent).await?,
            Happened::Other => {}
        }
        // Whoever dies before this hears it again, which harms nothing.
        let Event { id: event_id, kind, .. } = event;
        self.till.rows.put(&PaymentEvent { event_id, at: self.till.clock.wall(), kind }).await?;
        Ok("taken")
    }

    async fn is_known(&self, event: &Event) -> Result<bool, Refusal> {
        Ok(self.till.rows.get::<PaymentEvent>(vec![event.id.to_value()]).await?.is_some())
    }

    async fn heard_intent(&self, intent: &Intent) -> Result<(), Refusal> {
        let Some(belongs) = intent.belongs else { return Ok(()) };
        let Some(row) = self.own(belongs.payment).await? else { return Ok(()) };
        let before = Stage::of(&row);
        self.till.patience.end(row.payment_id);
        let row = self.till.edit(row.payment_id, |row| told_intent(row, intent)).await?;
        if Stage::of(&row) != before {
            let (payment, state) = (row.payment_id, row.state.as_str());
            tracing::info!(target: "security", event = "payment", outcome = state, %payment);
        }
        self.follow(row).await
    }

    async fn heard_refund(&self, refund: &Refund) -> Result<(), Refusal> {
        let Some(payment) = self.payment_of(refund.payment, &refund.intent).await? else { return Ok(()) };
        let row = self.till.edit(payment, |row| told_refund(row, refund)).await?;
        self.follow(row).await
    }

    async fn heard_given_back(&self, intent: &str) -> Result<(), Refusal> {
        let Some(payment) = self.payment_of(None, intent).await? else { return Ok(()) };
        let Some(row) = self.own(payment).await? else { return Ok(()) };
        let row = self.till.ask_refunds(&row, intent).await?;
        self.follow(row).await
    }

    /// The payment, if it is one of this house: another one may use the same account of the provider.
    async fn own(&self, payment: PaymentId) -> Result<Option<Payment>, Refusal> {
        self.till.row(payment).await
    }

    /// The payment that an intent belongs to: as it was told with something, or as the provider says when asked.
    async fn payment_of(&self, told: Option<PaymentId>, intent: &str) -> Result<Option<PaymentId>, Refusal> {
        let Some(provider) = &self.till.provider else { return Ok(None) };
        let payment = match told {
            Some(payment) => Some(payment),
            None => {
                let intent = provider.intent(intent.to_owned()).await.map_err(|error| refused(&error))?;
                intent.belongs.map(|belongs| belongs.payment)
            }
        };
        match payment {
            Some(payment) => Ok(self.own(payment).await?.map(|row| row.payment_id)),
            None => Ok(None),
        }
    }
}
