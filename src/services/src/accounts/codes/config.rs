use serde::Deserialize;

/// Settings of one-time codes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodesConfig {
    /// How long a code is valid, seconds, 60 to 600 (default 300).
    pub ttl_s: u64,
    /// Wrong tries after which a code is worth nothing, 1 to 10 (default 5).
    pub tries: i64,
    /// How long after a code the next one may be asked for, seconds (default 30).
    pub resend_s: u64,
    /// Codes for one recipient and purpose within `window_s` (default 5).
    pub per_window: i64,
    /// The time in which `per_window` counts, seconds (default 3,600).
    pub window_s: u64,
    /// Short messages that this node pays for in an hour (default 1,000).
    pub sms_per_hour: u32,
    /// Beginnings of telephone numbers that codes are sent to, such as `+49`. Empty: all.
    pub sms_prefixes: Vec<String>,
    /// Who signed in longer ago must give the password to change an address or delete the account, seconds (default 900); 0: nobody must.
    pub reauth_s: u64,
}

impl Default for CodesConfig {
    fn default() -> Self {
        Self {
            ttl_s: 300,
            tries: 5,
            resend_s: 30,
            per_window: 5,
            window_s: 3_600,
            sms_per_hour: 1_000,
            sms_prefixes: Vec::new(),
            reauth_s: 900,
        }
    }
}

impl CodesConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let is_prefix = |text: &String| {
            text.strip_prefix('+').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
        };
        let checks = [
            ((60..=600).contains(&self.ttl_s), "ttl_s", "must be 60 to 600"),
            ((1..=10).contains(&self.tries), "tries", "must be 1 to 10"),
            ((1..=3_600).contains(&self.resend_s), "resend_s", "must be 1 to 3600"),
            ((1..=100).contains(&self.per_window), "per_window", "must be 1 to 100"),
            ((60..=86_400).contains(&self.window_s), "window_s", "must be 60 to 86400"),
            (self.sms_per_hour <= 1_000_000, "sms_per_hour", "must be at most 1000000"),
            (self.sms_prefixes.len() <= 300, "sms_prefixes", "must be at most 300"),
            (self.sms_prefixes.iter().all(is_prefix), "sms_prefixes", "must be texts such as +49"),
            (self.reauth_s <= 86_400, "reauth_s", "must be at most 86400"),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}
