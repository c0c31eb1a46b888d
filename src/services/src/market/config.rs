use serde::Deserialize;

/// Settings of the marketplace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MarketConfig {
    /// Most products, about (default 20,000).
    pub products: usize,
    /// How long the list of products may be old, milliseconds (default 1,000). What this node changes shows at once.
    pub list_age_ms: u64,
    /// Most different things in one cart (default 50).
    pub cart_items: usize,
    /// Most pieces of one thing in an order (default 1,000).
    pub pieces: i64,
    /// Most orders that hold parts of one product's stock at once (default 1,000); one more is told to come back.
    pub holds: usize,
    /// How long a thing is held for an order that is not paid, seconds (default 1,800).
    pub pay_within_s: u64,
    /// How often half-done orders are looked for, seconds (default 10).
    pub sweep_every_s: u64,
    /// How old a half-done order must be before the sweep takes it up, seconds (default 60).
    pub half_done_s: u64,
    /// Currencies that prices may have (ISO 4217); empty: any.
    pub currencies: Vec<String>,
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            products: 20_000,
            list_age_ms: 1_000,
            cart_items: 50,
            pieces: 1_000,
            holds: 1_000,
            pay_within_s: 1_800,
            sweep_every_s: 10,
            half_done_s: 60,
            currencies: Vec::new(),
        }
    }
}

impl MarketConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let is_currency = |text: &String| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
        let checks = [
            ((1..=100_000).contains(&self.products), "products", "must be 1 to 100000"),
            (self.list_age_ms <= 60_000, "list_age_ms", "must be at most 60000"),
            ((1..=100).contains(&self.cart_items), "cart_items", "must be 1 to 100"),
            ((1..=1_000_000).contains(&self.pieces), "pieces", "must be 1 to 1000000"),
            ((1..=1_000).contains(&self.holds), "holds", "must be 1 to 1000"),
            ((60..=604_800).contains(&self.pay_within_s), "pay_within_s", "must be 60 to 604800"),
            ((1..=3_600).contains(&self.sweep_every_s), "sweep_every_s", "must be 1 to 3600"),
            ((5..=3_600).contains(&self.half_done_s), "half_done_s", "must be 5 to 3600"),
            (self.currencies.iter().all(is_currency), "currencies", "must be codes such as EUR"),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}
