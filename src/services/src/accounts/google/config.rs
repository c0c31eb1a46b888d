use crate::issuer::is_safe_address;
use serde::Deserialize;
use std::path::PathBuf;

/// Settings of signing in with Google, or with another issuer that speaks like it (OpenID Connect, RS256).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GoogleConfig {
    /// Whether people sign in with Google.
    pub enabled: bool,
    /// Who issues the tokens: their `iss`, also without `https://`.
    pub issuer: String,
    /// The client that this server is («web application»): its tokens are accepted, and the redirect flow is made in its name.
    pub client_id: String,
    /// Further clients whose tokens are accepted: of Android, of iOS, of other pages.
    pub client_ids: Vec<String>,
    /// File with the secret of `client_id`, for its owner only. Needed by the redirect flow.
    pub client_secret_path: PathBuf,
    /// Where Google sends people back to, exactly as it is registered there; empty: no redirect flow.
    pub redirect_url: String,
    /// The page that goes on after the redirect flow; empty: its end is answered as a sign-in by password is.
    pub return_url: String,
    /// Where people are sent to.
    pub authorization_url: String,
    /// Where codes are changed into tokens.
    pub token_url: String,
    /// Where the public keys are.
    pub keys_url: String,
    /// How long one call of Google may take, waiting for its turn included, milliseconds, 100 to 60,000 (default 5,000).
    pub timeout_ms: u64,
    /// Calls under way at once, 1 to 256 (default 16).
    pub at_once: usize,
    /// Keys are good for so long, whatever less Google says, seconds, 10 to 3,600 (default 60).
    pub keys_min_s: u64,
    /// Keys are good for no longer, whatever Google says, and used for no longer while it does not answer, seconds, 60 to
    /// 604,800 (default 86,400).
    pub keys_max_s: u64,
    /// Keys are asked for no more often than this, also when tokens name unknown ones, seconds, 1 to 600 (default 10).
    pub keys_again_s: u64,
    /// Sign-ins that may wait for keys at once, 1 to 100,000 (default 256). One more is answered `busy`.
    pub waiting: usize,
    /// Allowed difference between Google's clock and this one, seconds, at most 60 (default 30).
    pub leeway_s: u64,
    /// How long somebody may take at Google, seconds, 60 to 3,600 (default 600).
    pub flow_s: u64,
    /// How long the page has to change the ticket of `return_url` into tokens, seconds, 10 to 600 (default 60).
    pub ticket_s: u64,
}

impl Default for GoogleConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            issuer: "https://accounts.google.com".to_owned(),
            client_id: String::new(),
            client_ids: Vec::new(),
            client_secret_path: PathBuf::new(),
            redirect_url: String::new(),
            return_url: String::new(),
            authorization_url: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
            token_url: "https://oauth2.googleapis.com/token".to_owned(),
            keys_url: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            timeout_ms: 5_000,
            at_once: 16,
            keys_min_s: 60,
            keys_max_s: 86_400,
            keys_again_s: 10,
            waiting: 256,
            leeway_s: 30,
            flow_s: 600,
            ticket_s: 60,
        }
    }
}

/// What stands in the query of a request or in a header: an address without a fragment and without what needs escaping.
fn is_plain_address(url: &str) -> bool {
    is_safe_address(url)
        && url.len() <= 1_000
        && url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\'))
}

fn is_client(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && id.bytes().all(|b| b.is_ascii_graphic())
}

impl GoogleConfig {
    /// Whether the redirect flow is set up.
    #[must_use]
    pub fn redirects(&self) -> bool {
        self.enabled && !self.redirect_url.is_empty()
    }

    /// The ids of all clients whose tokens are accepted.
    pub(super) fn is_ours(&self, client: &str) -> bool {
        !client.is_empty() && (client == self.client_id || self.client_ids.iter().any(|known| known == client))
    }

    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let off = !self.enabled;
        let no_flow = off || self.redirect_url.is_empty();
        let address = "must be https, or on this machine, without a fragment";
        let checks = [
            (off || is_client(&self.client_id) || !self.client_ids.is_empty(), "client_id", "is needed, or client_ids"),
            (off || self.client_ids.iter().all(|id| is_client(id)), "client_ids", "must be ids of clients"),
            (self.client_ids.len() <= 100, "client_ids", "must be at most 100"),
            (off || is_plain_address(&self.issuer), "issuer", address),
            (off || is_plain_address(&self.keys_url), "keys_url", address),
            (no_flow || is_plain_address(&self.redirect_url), "redirect_url", address),
            (no_flow || is_plain_address(&self.authorization_url), "authorization_url", address),
            (no_flow || is_plain_address(&self.token_url), "token_url", address),
            (no_flow || is_client(&self.client_id), "client_id", "is needed by redirect_url"),
            (
                no_flow || !self.client_secret_path.as_os_str().is_empty(),
                "client_secret_path",
                "is needed by redirect_url",
            ),
            (self.return_url.is_empty() || is_plain_address(&self.return_url), "return_url", address),
            ((100..=60_000).contains(&self.timeout_ms), "timeout_ms", "must be 100 to 60000"),
            ((1..=256).contains(&self.at_once), "at_once", "must be 1 to 256"),
            ((10..=3_600).contains(&self.keys_min_s), "keys_min_s", "must be 10 to 3600"),
            ((60..=604_800).contains(&self.keys_max_s), "keys_max_s", "must be 60 to 604800"),
            (self.keys_min_s <= self.keys_max_s, "keys_min_s", "must be at most keys_max_s"),
            ((1..=600).contains(&self.keys_again_s), "keys_again_s", "must be 1 to 600"),
            ((1..=100_000).contains(&self.waiting), "waiting", "must be 1 to 100000"),
            (self.leeway_s <= 60, "leeway_s", "must be at most 60"),
            ((60..=3_600).contains(&self.flow_s), "flow_s", "must be 60 to 3600"),
            ((10..=600).contains(&self.ticket_s), "ticket_s", "must be 10 to 600"),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(config: &GoogleConfig) -> Vec<&'static str> {
        config.problems().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn what_is_needed_is_named_and_nothing_is_needed_while_it_is_off() {
        assert_eq!(keys(&GoogleConfig::default()), [""; 0]);
        let on = GoogleConfig { enabled: true, ..GoogleConfig::default() };
        assert_eq!(keys(&on), ["client_id"]);
        let flow = GoogleConfig { redirect_url: "https://example.org/back".to_owned(), ..on };
        assert_eq!(keys(&flow), ["client_id", "client_id", "client_secret_path"]);
    }

    #[test]
    fn secrets_travel_by_tls_or_on_this_machine_only() {
        let with = |url: &str| GoogleConfig {
            enabled: true,
            client_id: "web".to_owned(),
            keys_url: url.to_owned(),
            ..GoogleConfig::default()
        };
        assert_eq!(keys(&with("http://127.0.0.1:9/keys")), [""; 0]);
        for url in ["http://keys.example.org", "https://example.org/#a", "https://example.org/ a", ""] {
            assert_eq!(keys(&with(url)), ["keys_url"], "{url}");
        }
    }
}
