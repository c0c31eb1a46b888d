//! Payments by Stripe: <https://docs.stripe.com/api>.

mod config;
mod money;
mod read;
mod signature;

pub use config::{PaymentProvider, PaymentsConfig, StripeConfig};

use crate::http::{Answer, Client};
use crate::messengers::OpenError;
use money::to_stripe;
use plenum_services::issuer::form;
use plenum_services::payments::{Event, Intent, NewIntent, NewRefund, Provider, ProviderError, ProviderFuture, Refund};
use rand::Rng;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// The form of Stripe's documents that is read here, whatever the account's default is.
const VERSION: &str = "2024-06-20";
/// The first pause between two tries, milliseconds; each further one is twice as long.
const PAUSE_MS: u64 = 200;
/// Refunds of one intent that are asked for: as many as fit into what is read of an answer.
const REFUNDS: usize = 30;

struct Line {
    client: Client,
    config: PaymentsConfig,
    places: Semaphore,
}

/// A client of Stripe. Cheap to clone.
#[derive(Clone)]
pub struct Stripe(Arc<Line>);

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("url", &self.0.config.stripe.url).finish_non_exhaustive()
    }
}

/// What is asked of Stripe.
struct Ask {
    /// Below `/v1`.
    path: String,
    /// A form to be sent; without one it is a question.
    form: Option<Vec<(String, String)>>,
    /// Makes it once, however often it is asked.
    key: Option<String>,
}

impl Ask {
    fn get(path: String) -> Self {
        Self { path, form: None, key: None }
    }

    fn post(path: &str, form: Vec<(String, String)>, key: String) -> Self {
        Self { path: path.to_owned(), form: Some(form), key: Some(key) }
    }
}

fn away(why: &str) -> ProviderError {
    ProviderError::Away(why.to_owned())
}

fn nonsense<T>(read: Option<T>) -> Result<T, ProviderError> {
    read.ok_or_else(|| ProviderError::Broken("the answer cannot be read".to_owned()))
}

/// What an answer that is no success means, and whether the same request again may get another one.
fn failed(answer: &Answer) -> (ProviderError, bool) {
    let error = &answer.json["error"];
    let code = read::word(&error["code"]).or_else(|| read::word(&error["type"]));
    match answer.status {
        // Another request with the same key is under way, or something else of the same object.
        409 => (away("it is busy with the same thing"), true),
        429 => (away("it has too much to do"), true),
        401 | 403 => (away("it does not know us: check stripe.secret_key"), false),
        500..=599 => (ProviderError::Broken(format!("status {}", answer.status)), true),
        400..=499 => (ProviderError::Refused(code.unwrap_or_else(|| format!("status {}", answer.status))), false),
        other => (ProviderError::Broken(format!("status {other}")), false),
    }
}

impl Stripe {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be used as it is set up.
    pub fn open(config: &PaymentsConfig) -> Result<Self, OpenError> {
        let client = Client::new(Duration::from_millis(config.try_ms));
        let client = client.map_err(|reason| OpenError { section: "payments", reason })?;
        Ok(Self(Arc::new(Line { client, config: config.clone(), places: Semaphore::new(config.at_once) })))
    }

    fn ask<T: Send + 'static>(&self, ask: Ask, read: fn(&Answer) -> Option<T>) -> ProviderFuture<T> {
        let line = self.0.clone();
        Box::pin(async move { nonsense(read(&line.ask(&ask).await?)) })
    }
}

impl Line {
    fn request(&self, ask: &Ask) -> RequestBuilder {
        let stripe = &self.config.stripe;
        let address = format!("{}/v1/{}", stripe.url.trim_end_matches('/'), ask.path);
        let request = match &ask.form {
            None => self.client.get(&address),
            Some(pairs) => {
                let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
                let request = self.client.post(&address).body(form(&pairs));
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            }
        };
        let request = request.bearer_auth(stripe.secret_key.expose()).header("Stripe-Version", VERSION);
        match &ask.key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        }
    }

    async fn once(&self, ask: &Ask) -> Result<Answer, (ProviderError, bool)> {
        let answer = self.client.ask(self.request(ask)).await;
        let answer = answer.map_err(|error| (ProviderError::Away(error.to_string()), true))?;
        if (200..=299).contains(&answer.status) { Ok(answer) } else { Err(failed(&answer)) }
    }

    /// Asks until there is an answer, as often as may be, all within the time.
    async fn ask(&self, ask: &Ask) -> Result<Answer, ProviderError> {
        let work = async {
            let _place = self.places.acquire().await.map_err(|_| away("it has ended"))?;
            let mut tries = 1;
            loop {
                match self.once(ask).await {
                    Ok(answer) => return Ok(answer),
                    Err((_, true)) if tries < self.config.tries => {}
                    Err((error, _)) => return Err(error),
                }
                let pause = PAUSE_MS << (tries - 1).min(5);
                tries += 1;
                // Not all at the same moment.
                let pause = rand::rng().random_range(pause / 2..=pause);
                sleep(Duration::from_millis(pause)).await;
            }
        };
        let late = |_| away("it took too long");
        timeout(Duration::from_millis(self.config.timeout_ms), work).await.map_err(late)?
    }
}

fn pair(name: &str, value: &impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

impl Provider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn public_key(&self) -> &str {
        &self.0.config.stripe.publishable_key
    }

    fn create(&self, new: NewIntent) -> ProviderFuture<Intent> {
        let Some(amount) = to_stripe(new.amount, &new.currency) else {
            return Box::pin(async { Err(ProviderError::Refused("amount_not_possible".to_owned())) });
        };
        let (payment, attempt) = (new.belongs.payment, new.belongs.attempt);
        let mut pairs = vec![
            pair("amount", &amount),
            pair("currency", &new.currency.to_ascii_lowercase()),
            pair("metadata[payment_id]", &payment),
            pair("metadata[attempt]", &attempt),
        ];
        pairs.extend(new.order.map(|order| pair("metadata[order_id]", &order)));
        let methods = &self.0.config.stripe.methods;
        pairs.extend(methods.iter().map(|method| pair("payment_method_types[]", &method)));
        if methods.is_empty() {
            pairs.push(pair("automatic_payment_methods[enabled]", &true));
        }
        let key = format!("plenum-intent-{payment}-{attempt}");
        self.ask(Ask::post("payment_intents", pairs, key), |answer| read::intent(&answer.json))
    }

    fn intent(&self, id: String) -> ProviderFuture<Intent> {
        self.ask(Ask::get(format!("payment_intents/{id}")), |answer| read::intent(&answer.json))
    }

    fn cancel(&self, id: String) -> ProviderFuture<Intent> {
        let stripe = self.clone();
        Box::pin(async move {
            // Without a key: it ends in the same state however often it is asked, and an answer of before must not come again.
            let ask = Ask { path: format!("payment_intents/{id}/cancel"), form: Some(Vec::new()), key: None };
            match stripe.0.ask(&ask).await {
                Ok(answer) => nonsense(read::intent(&answer.json)),
                // It has succeeded, was called off before, or is at it: see which.
                Err(ProviderError::Refused(_)) => stripe.intent(id).await,
                Err(error) => Err(error),
            }
        })
    }

    fn refund(&self, new: NewRefund) -> ProviderFuture<Refund> {
        let Some(amount) = to_stripe(new.amount, &new.currency) else {
            return Box::pin(async { Err(ProviderError::Refused("amount_not_possible".to_owned())) });
        };
        let pairs = vec![
            pair("payment_intent", &new.intent),
            pair("amount", &amount),
            pair("metadata[payment_id]", &new.payment),
            pair("metadata[refund_key]", &new.key),
        ];
        let key = format!("plenum-refund-{}", new.key);
        self.ask(Ask::post("refunds", pairs, key), |answer| read::refund(&answer.json))
    }

    fn refunds(&self, intent: String) -> ProviderFuture<Vec<Refund>> {
        let ask = Ask::get(format!("refunds?payment_intent={intent}&limit={REFUNDS}"));
        self.ask(ask, |answer| {
            let all = answer.json["data"].as_array()?;
            all.iter().map(read::refund).collect()
        })
    }

    fn event(&self, raw: &[u8], signature: &str, now: i64) -> Result<Event, &'static str> {
        let stripe = &self.0.config.stripe;
        let secrets = [stripe.webhook_secret.expose(), stripe.previous_webhook_secret.expose()];
        signature::check(signature, raw, &secrets, now, stripe.tolerance_s)?;
        let value: serde_json::Value = serde_json::from_slice(raw).map_err(|_| "the event cannot be read")?;
        read::event(&value).ok_or("the event cannot be read")
    }
}
