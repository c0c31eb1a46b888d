use crate::config::needed;
use plenum_services::accounts::Secret;
use plenum_services::issuer::is_safe_address as is_safe;
use plenum_services::payments::PaymentRules;
use serde::Deserialize;

/// What takes payments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentProvider {
    /// Nobody: sellers say what was paid.
    #[default]
    Manual,
    /// Stripe.
    Stripe,
}

/// Stripe.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StripeConfig {
    /// Address of its API.
    pub url: String,
    /// `sk_…` or `rk_…`.
    pub secret_key: Secret,
    /// `pk_…`, which pages are told.
    pub publishable_key: String,
    /// `whsec_…` of the endpoint that sends events.
    pub webhook_secret: Secret,
    /// The one before, while it is being replaced.
    pub previous_webhook_secret: Secret,
    /// How old an event may be, and how far ahead, seconds (default 300).
    pub tolerance_s: u64,
    /// Kinds of payment that are offered (default `card`); none: those that the account has switched on.
    pub methods: Vec<String>,
}

impl Default for StripeConfig {
    fn default() -> Self {
        Self {
            url: "https://api.stripe.com".to_owned(),
            secret_key: Secret::from(""),
            publishable_key: String::new(),
            webhook_secret: Secret::from(""),
            previous_webhook_secret: Secret::from(""),
            tolerance_s: 300,
            methods: vec!["card".to_owned()],
        }
    }
}

/// Settings of payments.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentsConfig {
    /// What takes them.
    pub provider: PaymentProvider,
    /// How long asking the provider for one thing may take, all tries and waiting for its turn included, milliseconds (default 8,000).
    pub timeout_ms: u64,
    /// How long one try of it may take, milliseconds (default 3,000).
    pub try_ms: u64,
    /// Tries, with the same idempotency key (default 3).
    pub tries: u32,
    /// Requests to the provider under way at once (default 32).
    pub at_once: usize,
    /// What holds whoever takes them.
    pub rules: PaymentRules,
    /// Settings of `stripe`.
    pub stripe: StripeConfig,
}

impl Default for PaymentsConfig {
    fn default() -> Self {
        Self {
            provider: PaymentProvider::default(),
            timeout_ms: 8_000,
            try_ms: 3_000,
            tries: 3,
            at_once: 32,
            rules: PaymentRules::default(),
            stripe: StripeConfig::default(),
        }
    }
}

impl PaymentsConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        needed(&mut found, (100..=60_000).contains(&self.timeout_ms), "timeout_ms", "must be 100 to 60000");
        let fits = (100..=self.timeout_ms).contains(&self.try_ms);
        needed(&mut found, fits, "try_ms", "must be 100 to timeout_ms");
        needed(&mut found, (1..=10).contains(&self.tries), "tries", "must be 1 to 10");
        needed(&mut found, (1..=256).contains(&self.at_once), "at_once", "must be 1 to 256");
        let rules = self.rules.problems().into_iter();
        found.extend(rules.map(|(key, reason)| (format!("rules.{key}"), reason)));
        if self.provider == PaymentProvider::Stripe {
            self.stripe.check(&mut found);
        }
        found
    }

    /// What is allowed but should be known: the key and why. `is_private`: whether nobody but this machine reaches the server.
    #[must_use]
    pub fn warnings(&self, is_private: bool) -> Vec<(&'static str, &'static str)> {
        let is_stripe = self.provider == PaymentProvider::Stripe;
        let is_test = self.stripe.secret_key.expose().contains("_test_");
        let mut found = Vec::new();
        if is_stripe && is_test && !is_private {
            found.push(("stripe.secret_key", "is a test key although others than this machine connect: nobody pays"));
        }
        if is_stripe && !self.stripe.previous_webhook_secret.expose().is_empty() {
            found.push((
                "stripe.previous_webhook_secret",
                "is still accepted: empty it when Stripe no longer signs with it",
            ));
        }
        found
    }
}

impl StripeConfig {
    fn check(&self, found: &mut Vec<(String, String)>) {
        needed(found, is_safe(&self.url), "stripe.url", "must be https, or on this machine");
        let key = self.secret_key.expose();
        let is_key = key.len() > 10 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let is_secret = key.starts_with("sk_") || key.starts_with("rk_");
        needed(found, is_key && is_secret, "stripe.secret_key", "sk_… or rk_… is needed by the provider stripe");
        let public = &self.publishable_key;
        let is_public = public.is_empty() || public.starts_with("pk_");
        needed(found, is_public, "stripe.publishable_key", "must be pk_…: it is shown to everybody who pays");
        // Whoever knows it makes orders paid.
        let is_long = self.webhook_secret.expose().len() >= 16;
        needed(found, is_long, "stripe.webhook_secret", "whsec_… is needed by the provider stripe");
        let previous = self.previous_webhook_secret.expose().len();
        let fine = previous == 0 || previous >= 16;
        needed(found, fine, "stripe.previous_webhook_secret", "must be whsec_… or empty");
        let fine = (10..=3_600).contains(&self.tolerance_s);
        needed(found, fine, "stripe.tolerance_s", "must be 10 to 3600");
        let is_word =
            |text: &String| (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let fine = self.methods.len() <= 20 && self.methods.iter().all(is_word);
        needed(found, fine, "stripe.methods", "must be at most 20 words such as card");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripe_needs_its_secrets_and_tls() {
        let keys = |found: Vec<(String, String)>| found.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert!(PaymentsConfig::default().problems().is_empty(), "by hand nothing is needed");
        let stripe = StripeConfig { url: "http://api.stripe.com".to_owned(), ..StripeConfig::default() };
        let config = PaymentsConfig { provider: PaymentProvider::Stripe, stripe, ..PaymentsConfig::default() };
        assert_eq!(keys(config.problems()), ["stripe.url", "stripe.secret_key", "stripe.webhook_secret"]);
        let stripe = StripeConfig {
            secret_key: "sk_test_0123456789".into(),
            publishable_key: "sk_live_oops".to_owned(),
            webhook_secret: "whsec_0123456789".into(),
            ..StripeConfig::default()
        };
        let config = PaymentsConfig { stripe, ..config };
        assert_eq!(keys(config.problems()), ["stripe.publishable_key"]);
        assert_eq!(config.warnings(false).len(), 1);
        assert!(config.warnings(true).is_empty());
        let shown = format!("{config:?}");
        assert!(!shown.contains("0123456789"), "no secret in what is logged: {shown}");
    }
}
