use super::row::Stage;
use plenum_schema::entities::Payment;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

/// Words of the provider's events that are counted.
const HEARD: [&str; 5] = ["taken", "repeated", "other", "refused", "failed"];

/// How payments are doing.
#[derive(Clone, Debug)]
pub struct PaymentMetrics {
    payments: IntCounterVec,
    events: IntCounterVec,
    in_doubt: IntGauge,
    oldest: IntGauge,
}

impl PaymentMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let about =
            "payments that this node has seen begin, succeed, come to nothing, or given back in full, by provider";
        let payments = IntCounterVec::new(Opts::new("plenum_payments_total", about), &["provider", "outcome"])?;
        let about = "events of the payment provider: taken in, repeated, of no interest here, refused as not its own, or to be sent again";
        let events = IntCounterVec::new(Opts::new("plenum_payment_events_total", about), &["outcome"])?;
        let about = "payments about which something is still to be done although nobody is expected to pay";
        let in_doubt = IntGauge::new("plenum_payments_in_doubt", about)?;
        let about = "for how long nobody has been expected to pay for the oldest payment in doubt, at the last look, seconds; 0: there is none";
        let oldest = IntGauge::new("plenum_payments_oldest_in_doubt_seconds", about)?;
        registry.register(Box::new(payments.clone()))?;
        registry.register(Box::new(events.clone()))?;
        registry.register(Box::new(in_doubt.clone()))?;
        registry.register(Box::new(oldest.clone()))?;
        for outcome in HEARD {
            events.with_label_values(&[outcome]).inc_by(0);
        }
        Ok(Self { payments, events, in_doubt, oldest })
    }

    /// A payment was begun.
    pub(super) fn begun(&self, row: &Payment) {
        self.payments.with_label_values(&[row.provider.as_str(), "begun"]).inc();
    }

    /// A payment has changed.
    pub(super) fn changed(&self, before: &Payment, now: &Payment) {
        let outcome = match (Stage::of(before), Stage::of(now)) {
            (before, Stage::Succeeded) if before != Stage::Succeeded => "succeeded",
            (before, Stage::Canceled) if before != Stage::Canceled => "canceled",
            _ => "",
        };
        let is_back = |row: &Payment| super::row::is_all_back(row).unwrap_or(false);
        let was_given_back = is_back(now) && !is_back(before);
        for outcome in
            [outcome, if was_given_back { "refunded" } else { "" }].into_iter().filter(|word| !word.is_empty())
        {
            self.payments.with_label_values(&[now.provider.as_str(), outcome]).inc();
        }
    }

    /// An event has come.
    pub(super) fn heard(&self, outcome: &str) {
        self.events.with_label_values(&[outcome]).inc();
    }

    /// What a look at the open payments has found: how many are in doubt, and for how long the oldest is, milliseconds.
    pub(super) fn looked(&self, in_doubt: usize, oldest_ms: i64) {
        self.in_doubt.set(i64::try_from(in_doubt).unwrap_or(i64::MAX));
        self.oldest.set(oldest_ms.div_euclid(1_000));
    }
}
