use plenum_services::accounts::Secret;
use plenum_services::issuer::is_safe_address as is_safe;
use serde::Deserialize;
use std::path::PathBuf;

/// What carries mails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailProvider {
    /// Nothing is sent: it goes to the log and to the page `/dev/outbox` of this machine.
    #[default]
    Development,
    /// A mail server.
    Smtp,
    /// There is none.
    Off,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTls {
    /// STARTTLS, and nothing without it.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None: for a relay on this machine.
    None,
}

/// Settings of mail.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// What carries mails.
    pub provider: MailProvider,
    /// Host of the mail server.
    pub host: String,
    /// Its port; 0: 587, or 465 with `tls`, or 25 with `none`.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Whom to sign in as; empty: nobody.
    pub user: String,
    /// The password for that.
    pub password: Secret,
    /// The sender: `Plenum <noreply@example.org>`.
    pub from: String,
    /// How long sending one may take, milliseconds (default 10,000).
    pub timeout_ms: u64,
    /// Mails under way at once (default 16).
    pub at_once: usize,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            provider: MailProvider::default(),
            host: String::new(),
            port: 0,
            tls: MailTls::default(),
            user: String::new(),
            password: Secret::from(""),
            from: String::new(),
            timeout_ms: 10_000,
            at_once: 16,
        }
    }
}

/// What carries short messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmsProvider {
    /// Nothing is sent: it goes to the log and to the page `/dev/outbox` of this machine.
    #[default]
    Development,
    /// Twilio Verify, which sends codes and nothing else.
    Twilio,
    /// A gateway that takes a JSON document.
    Http,
    /// There is none.
    Off,
}

/// Twilio Verify.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twilio {
    /// Address of the API.
    pub url: String,
    /// `AC…`
    pub account_sid: String,
    /// The account's token.
    pub auth_token: Secret,
    /// `VA…`
    pub service_sid: String,
    /// Whether Twilio sends the codes that Plenum makes (which the account must be allowed to do) instead of its own.
    pub custom_codes: bool,
}

impl Default for Twilio {
    fn default() -> Self {
        Self {
            url: "https://verify.twilio.com".to_owned(),
            account_sid: String::new(),
            auth_token: Secret::from(""),
            service_sid: String::new(),
            custom_codes: false,
        }
    }
}

/// A gateway: `POST url` with `{"to":"+4930…","from":"…","text":"…"}`; every 2xx means that it took the message.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// Where to.
    pub url: String,
    /// `Authorization: Bearer …`; empty: none.
    pub token: Secret,
    /// What the message says it comes from.
    pub from: String,
}

impl Default for Gateway {
    fn default() -> Self {
        Self { url: String::new(), token: Secret::from(""), from: "Plenum".to_owned() }
    }
}

/// Settings of short messages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsConfig {
    /// What carries them.
    pub provider: SmsProvider,
    /// How long sending one may take, milliseconds (default 10,000).
    pub timeout_ms: u64,
    /// Messages under way at once (default 16).
    pub at_once: usize,
    /// Settings of `twilio`.
    pub twilio: Twilio,
    /// Settings of `http`.
    pub http: Gateway,
}

impl Default for SmsConfig {
    fn default() -> Self {
        Self {
            provider: SmsProvider::default(),
            timeout_ms: 10_000,
            at_once: 16,
            twilio: Twilio::default(),
            http: Gateway::default(),
        }
    }
}

/// Where uploaded files lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepotProvider {
    /// In a directory of this machine.
    #[default]
    Disk,
    /// In a bucket of S3, or of what speaks like it.
    S3,
}

/// S3, or what speaks like it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    /// Address of the server; empty: Amazon's in the region.
    pub endpoint: String,
    /// Region of the bucket.
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// Whether the bucket stands in the path and not in the host.
    pub path_style: bool,
    /// What every name begins with; empty: nothing.
    pub prefix: String,
    /// Id of the key; empty: the machine's own role.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            path_style: false,
            prefix: String::new(),
            access_key_id: String::new(),
            secret_access_key: Secret::from(""),
        }
    }
}

/// Settings of the depot.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepotConfig {
    /// Where files lie.
    pub provider: DepotProvider,
    /// The directory; empty: `depot` in the data directory.
    pub path: PathBuf,
    /// How long keeping or reading one may take, milliseconds (default 10,000).
    pub timeout_ms: u64,
    /// Files under way at once (default 64).
    pub at_once: usize,
    /// Settings of `s3`.
    pub s3: S3,
}

impl Default for DepotConfig {
    fn default() -> Self {
        Self {
            provider: DepotProvider::default(),
            path: PathBuf::new(),
            timeout_ms: 10_000,
            at_once: 64,
            s3: S3::default(),
        }
    }
}

pub(crate) fn needed(found: &mut Vec<(String, String)>, fine: bool, key: &str, reason: &str) {
    if !fine {
        found.push((key.to_owned(), reason.to_owned()));
    }
}

impl MailConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let is_smtp = self.provider == MailProvider::Smtp;
        needed(&mut found, (100..=60_000).contains(&self.timeout_ms), "timeout_ms", "must be 100 to 60000");
        needed(&mut found, (1..=256).contains(&self.at_once), "at_once", "must be 1 to 256");
        needed(&mut found, !is_smtp || !self.host.is_empty(), "host", "is needed by the provider smtp");
        let has_sender = self.from.parse::<lettre::message::Mailbox>().is_ok();
        needed(&mut found, !is_smtp || has_sender, "from", "a sender such as Plenum <noreply@example.org> is needed");
        let is_near = self.host == "localhost" || self.host.starts_with("127.") || self.host == "::1";
        let in_clear = is_smtp && self.tls == MailTls::None && !is_near;
        needed(&mut found, !in_clear, "tls", "none is for a mail server on this machine");
        found
    }
}

impl SmsConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        needed(&mut found, (100..=60_000).contains(&self.timeout_ms), "timeout_ms", "must be 100 to 60000");
        needed(&mut found, (1..=256).contains(&self.at_once), "at_once", "must be 1 to 256");
        if self.provider == SmsProvider::Twilio {
            let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
            let twilio = &self.twilio;
            needed(&mut found, plain(&twilio.account_sid), "twilio.account_sid", "is needed by the provider twilio");
            needed(&mut found, plain(&twilio.service_sid), "twilio.service_sid", "is needed by the provider twilio");
            let has_token = !twilio.auth_token.expose().is_empty();
            needed(&mut found, has_token, "twilio.auth_token", "is needed by the provider twilio");
            needed(&mut found, is_safe(&twilio.url), "twilio.url", "must be https");
        }
        if self.provider == SmsProvider::Http {
            needed(&mut found, is_safe(&self.http.url), "http.url", "must be https, or on this machine");
        }
        found
    }
}

impl DepotConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        needed(&mut found, (100..=120_000).contains(&self.timeout_ms), "timeout_ms", "must be 100 to 120000");
        needed(&mut found, (1..=1_024).contains(&self.at_once), "at_once", "must be 1 to 1024");
        if self.provider == DepotProvider::S3 {
            let s3 = &self.s3;
            needed(&mut found, !s3.bucket.is_empty(), "s3.bucket", "is needed by the provider s3");
            needed(&mut found, !s3.region.is_empty(), "s3.region", "is needed by the provider s3");
            let fine = s3.endpoint.is_empty() || is_safe(&s3.endpoint);
            needed(&mut found, fine, "s3.endpoint", "must be https, or on this machine");
            let both = s3.access_key_id.is_empty() == s3.secret_access_key.expose().is_empty();
            needed(&mut found, both, "s3.secret_access_key", "comes with s3.access_key_id, and the other way round");
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_by_tls_or_not_at_all() {
        for url in ["https://sms.example.org/send", "http://127.0.0.1:9/", "http://localhost", "http://[::1]:8/x"] {
            assert!(is_safe(url), "{url}");
        }
        for url in ["http://sms.example.org", "http://127.0.0.1.example.org/", "http://localhost.example.org", ""] {
            assert!(!is_safe(url), "{url}");
        }
    }

    #[test]
    fn what_is_needed_is_named() {
        let keys = |found: Vec<(String, String)>| found.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        let mail = MailConfig { provider: MailProvider::Smtp, tls: MailTls::None, ..MailConfig::default() };
        assert_eq!(keys(mail.problems()), ["host", "from", "tls"]);
        let twilio = SmsConfig { provider: SmsProvider::Twilio, ..SmsConfig::default() };
        assert_eq!(keys(twilio.problems()), ["twilio.account_sid", "twilio.service_sid", "twilio.auth_token"]);
        let depot = DepotConfig { provider: DepotProvider::S3, ..DepotConfig::default() };
        let s3 = S3 { endpoint: "http://10.0.0.1".to_owned(), access_key_id: "x".to_owned(), ..S3::default() };
        let depot = DepotConfig { s3, ..depot };
        assert_eq!(keys(depot.problems()), ["s3.bucket", "s3.endpoint", "s3.secret_access_key"]);
        assert!(DepotConfig::default().problems().is_empty());
        assert!(MailConfig::default().problems().is_empty() && SmsConfig::default().problems().is_empty());
    }
}
