//! Settings of the bus.

use plenum_actors::shared_limits::Bounds;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;

/// Several nodes as one.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// The cluster's name: nodes of one name are one cluster. Letters, digits, `-` and `_`.
    pub name: String,
    /// How often a node says that it is there, milliseconds.
    pub beat_ms: u64,
    /// A node silent for so long counts as dead, milliseconds: its aggregates live elsewhere from then on.
    pub silent_ms: u64,
    /// How long a command sent to another node may stay without an answer before it is carried out here, milliseconds.
    pub command_timeout_ms: u64,
    /// Commands without an answer, sent and received each; of more, those to be sent are carried out here, those received refused.
    pub commands_in_flight: usize,
    /// How often a command is handed on while the nodes see the placement differently.
    pub max_hops: u8,
    /// Batches of publications that may wait for the bus. Of more, the others read the log.
    pub queue_batches: usize,
    /// Topics that are subscribed to one by one. Beyond that, one subscription takes the publications of all topics.
    pub topics: usize,
    /// How long the publications of a topic go on coming after the last who listened has gone, milliseconds.
    pub linger_ms: u64,
    /// Messages of one subscription that may wait here. Of more, the log is read.
    pub subscription_messages: usize,
    /// A topic that has been quiet for so long is told once more how far it reaches, milliseconds.
    pub settle_ms: u64,
    /// Topics that wait to be told so; of more, it is not told.
    pub settle_topics: usize,
    /// How often the log is asked how far the topics reach that somebody listens to here, milliseconds: while the bus works.
    pub check_every_ms: u64,
    /// The same while the bus is away; ended sessions are looked for as often.
    pub check_alone_ms: u64,
    /// Reads of the store that such a look may have under way at a time.
    pub check_reads: usize,
    /// Repairs from the log begin at a random moment within this time, milliseconds.
    pub repair_jitter_ms: u64,
    /// Queries are answered from a state that was compared with the log so long ago at the most, milliseconds.
    pub confirm_after_ms: u64,
    /// How long a node that starts waits until the others have said who is on them, milliseconds, before it says that it is ready.
    pub acquaint_ms: u64,
    /// How often a node tells who came to it and who left it, milliseconds.
    pub presence_every_ms: u64,
    /// People in one message of a report of presence.
    pub presence_lines: usize,
    /// How often a node tells what was taken of the buckets of its rate limits, milliseconds.
    pub limits_every_ms: u64,
    /// Buckets in one message of such a report.
    pub limits_lines: usize,
    /// Buckets that are told of in one report. What is taken of more counts on its node alone.
    pub limits_buckets: usize,
    /// Bursts that a bucket may owe for what was taken on other nodes.
    pub limits_owed_bursts: u32,
    /// What is told so much too late, milliseconds, is not charged.
    pub limits_late_ms: u64,
    /// How often ended sessions are told to a node that does not confirm, with 300 milliseconds between.
    pub ended_attempts: u32,
    /// How to reach NATS.
    pub nats: NatsConfig,
}

/// How to reach NATS.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NatsConfig {
    /// Servers, `nats://host:port` or `tls://host:port`; others of their cluster are found by themselves.
    pub urls: Vec<String>,
    /// A token.
    pub token: String,
    /// A user …
    pub user: String,
    /// … and their password.
    pub password: String,
    /// Whether a connection without TLS is refused.
    pub require_tls: bool,
    /// PEM file with the authorities that the servers' certificates come from; empty: the system's.
    pub ca_path: PathBuf,
    /// PEM file with a certificate to show to the servers; empty: none.
    pub certificate_path: PathBuf,
    /// PEM file with its private key.
    pub private_key_path: PathBuf,
    /// How long making a connection may take, milliseconds.
    pub connect_timeout_ms: u64,
    /// Longest wait before another try, milliseconds; waits double from 50, each shortened at random by up to a half.
    pub reconnect_max_ms: u64,
    /// How often the connection is tried by a ping, milliseconds; after two without an answer it counts as broken.
    pub ping_every_ms: u64,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            name: "plenum".to_owned(),
            beat_ms: 500,
            silent_ms: 2_000,
            command_timeout_ms: 8_000,
            commands_in_flight: 16_384,
            max_hops: 2,
            queue_batches: 4_096,
            topics: 20_000,
            linger_ms: 5_000,
            subscription_messages: 1_024,
            settle_ms: 500,
            settle_topics: 100_000,
            check_every_ms: 30_000,
            check_alone_ms: 1_000,
            check_reads: 8,
            repair_jitter_ms: 20,
            confirm_after_ms: 500,
            acquaint_ms: 3_000,
            presence_every_ms: 250,
            presence_lines: 4_096,
            limits_every_ms: 250,
            limits_lines: 8_192,
            limits_buckets: 65_536,
            limits_owed_bursts: 16,
            limits_late_ms: 2_000,
            ended_attempts: 30,
            nats: NatsConfig::default(),
        }
    }
}

impl Default for NatsConfig {
    fn default() -> Self {
        Self {
            urls: vec!["nats://127.0.0.1:4222".to_owned()],
            token: String::new(),
            user: String::new(),
            password: String::new(),
            require_tls: false,
            ca_path: PathBuf::new(),
            certificate_path: PathBuf::new(),
            private_key_path: PathBuf::new(),
            connect_timeout_ms: 5_000,
            reconnect_max_ms: 2_000,
            ping_every_ms: 2_000,
        }
    }
}

impl fmt::Debug for NatsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses may carry passwords too: only how many there are is shown.
        f.debug_struct("NatsConfig").field("urls", &self.urls.len()).finish_non_exhaustive()
    }
}

impl ClusterConfig {
    /// Of rate limits that hold for all nodes together.
    #[must_use]
    pub fn limits_bounds(&self) -> Bounds {
        Bounds { buckets: self.limits_buckets, owed_bursts: self.limits_owed_bursts, late_ms: self.limits_late_ms }
    }

    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be {low} to {high}, not {value}")))
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_name = (1..=64).contains(&self.name.len()) && self.name.chars().all(is_word);
        let name = (!is_name).then(|| ("name", "must be 1 to 64 letters, digits, `-` or `_`".to_owned()));
        let found = [
            name,
            between("beat_ms", self.beat_ms, 20, 60_000),
            between("silent_ms", self.silent_ms, self.beat_ms.saturating_mul(3), 600_000),
            between("command_timeout_ms", self.command_timeout_ms, 10, 60_000),
            between("commands_in_flight", count(self.commands_in_flight), 1, 10_000_000),
            between("max_hops", u64::from(self.max_hops), 1, 8),
            between("queue_batches", count(self.queue_batches), 1, 1_000_000),
            between("topics", count(self.topics), 1, 1_000_000),
            between("linger_ms", self.linger_ms, 0, 600_000),
            between("subscription_messages", count(self.subscription_messages), 1, 1_000_000),
            between("settle_ms", self.settle_ms, 10, 60_000),
            between("settle_topics", count(self.settle_topics), 1, 10_000_000),
            between("check_every_ms", self.check_every_ms, 100, 3_600_000),
            between("check_alone_ms", self.check_alone_ms, 100, 600_000),
            between("check_reads", count(self.check_reads), 1, 1_000),
            between("repair_jitter_ms", self.repair_jitter_ms, 0, 10_000),
            between("confirm_after_ms", self.confirm_after_ms, 0, 60_000),
            between("acquaint_ms", self.acquaint_ms, 0, 60_000),
            between("presence_every_ms", self.presence_every_ms, 10, 60_000),
            between("presence_lines", count(self.presence_lines), 1, 8_192),
            between("limits_every_ms", self.limits_every_ms, 10, 60_000),
            between("limits_lines", count(self.limits_lines), 1, 16_384),
            between("limits_buckets", count(self.limits_buckets), 1, 10_000_000),
            between("limits_owed_bursts", u64::from(self.limits_owed_bursts), 1, 1_000),
            between("limits_late_ms", self.limits_late_ms, self.limits_every_ms, 600_000),
            between("ended_attempts", u64::from(self.ended_attempts), 1, 1_000),
        ];
        found.into_iter().flatten().chain(self.nats.problems()).collect()
    }
}

/// With a scheme that says whether TLS is wanted, and a host.
fn is_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let is_plain = ["nats", "tls"].contains(&scheme) && !rest.is_empty() && !rest.contains(['/', '?', '#']);
    let is_host = |address: async_nats::ServerAddr| !address.host().is_empty() && address.port() != 0;
    is_plain && url.parse().is_ok_and(is_host)
}

impl NatsConfig {
    /// The servers, as they may be shown.
    #[must_use]
    pub fn servers(&self) -> String {
        let shown = |url: &String| url.rsplit('@').next().unwrap_or_default().to_owned();
        self.urls.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be {low} to {high}, not {value}")))
        };
        let fails = |is_wrong: bool, key, text: &str| is_wrong.then(|| (key, text.to_owned()));
        let is_wrong = |url: &String| !is_address(url);
        let signs_in = |url: &String| url.split("://").nth(1).is_some_and(|rest| rest.contains('@'));
        [
            fails(self.urls.is_empty(), "nats.urls", "must name a server"),
            fails(
                self.urls.iter().any(is_wrong),
                "nats.urls",
                "must be of the form nats://host:port or tls://host:port",
            ),
            fails(
                self.urls.iter().any(signs_in),
                "nats.urls",
                "must not carry a user, password or token: set cluster.nats.user and cluster.nats.password, or cluster.nats.token",
            ),
            fails(self.user.is_empty() != self.password.is_empty(), "nats.user", "user and password belong together"),
            fails(
                self.certificate_path.as_os_str().is_empty() != self.private_key_path.as_os_str().is_empty(),
                "nats.certificate_path",
                "a certificate and its private key belong together",
            ),
            fails(
                !self.token.is_empty() && !self.user.is_empty(),
                "nats.token",
                "is one way to sign in, a user with a password another: set one",
            ),
            between("nats.connect_timeout_ms", self.connect_timeout_ms, 10, 600_000),
            between("nats.reconnect_max_ms", self.reconnect_max_ms, 50, 600_000),
            between("nats.ping_every_ms", self.ping_every_ms, 100, 600_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_problems() {
        assert_eq!(ClusterConfig::default().problems(), vec![]);
    }

    #[test]
    fn a_name_that_would_be_a_wildcard_is_refused() {
        for name in ["", "a.b", "*", ">", "a b"] {
            let config = ClusterConfig { name: name.to_owned(), ..ClusterConfig::default() };
            assert_eq!(config.problems().first().map(|(key, _)| *key), Some("name"), "{name}");
        }
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host_and_nobodys_password() {
        let about = |url: &str| {
            let nats = NatsConfig { urls: vec![url.to_owned()], ..NatsConfig::default() };
            ClusterConfig { nats, ..ClusterConfig::default() }.problems()
        };
        for url in ["nats://10.0.0.1:4222", "tls://bus.example:4222", "nats://bus.example", "nats://[::1]:4222"] {
            assert_eq!(about(url), vec![], "{url}");
        }
        let wrong = ["", "10.0.0.1:4222", "nats://", "nats://:4222", "http://bus.example", "tls:bus"];
        for url in wrong.into_iter().chain(["nats://h:0", "nats://h:4222/path", "nats://h:4222?x=1"]) {
            assert_eq!(about(url).first().map(|(key, _)| *key), Some("nats.urls"), "{url}");
        }
        let refused = about("nats://user:s3cret@bus.example:4222");
        assert!(refused.iter().any(|(_, text)| text.contains("nats.user")), "{refused:?}");
        assert!(!format!("{refused:?}").contains("s3cret"));
        let nats = NatsConfig { urls: vec!["nats://u:s3cret@h:1".into()], ..NatsConfig::default() };
        assert_eq!(nats.servers(), "h:1");
    }

    #[test]
    fn secrets_are_not_in_the_debug_form() {
        let nats = NatsConfig { token: "t0ken".into(), urls: vec!["nats://u:t0ken@h".into()], ..NatsConfig::default() };
        let config = ClusterConfig { nats, ..ClusterConfig::default() };
        assert!(!format!("{config:?}").contains("t0ken"));
    }
}
