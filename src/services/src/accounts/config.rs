//! Settings of the accounts service.

use super::codes::CodesConfig;
use plenum_actors::identity::AccountKind;
use serde::Deserialize;

/// The least memory Argon2id may use with two passes, KiB (OWASP Password Storage Cheat Sheet).
const MIN_MEMORY_KIB: u32 = 19 * 1024;
/// The least memory with a single pass, KiB.
const MIN_MEMORY_ONE_PASS_KIB: u32 = 46 * 1024;
/// The longest allowed difference between clocks, seconds.
const MAX_LEEWAY_S: u64 = 60;
/// The longest sensible life of an access token: older clients expect a week.
const MAX_ACCESS_TTL_S: u64 = 7 * 24 * 3_600;

/// Everything about accounts and sessions.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// Signed-in devices of one account. One more ends the oldest.
    pub max_sessions: usize,
    /// How long an unfinished claim of an e-mail address, telephone number or user name keeps others waiting, seconds.
    pub claim_grace_s: u64,
    /// Values that the profile member `field` may have. Empty: any text.
    pub fields: Vec<String>,
    /// Values that the profile member `year` may have. Empty: any from 1 to 10.
    pub years: Vec<i64>,
    /// Kinds of accounts besides those of people that anybody may sign up for: `host`, `speaker`, `university`.
    pub open_kinds: Vec<String>,
    /// Passwords and their hashing.
    pub password: PasswordConfig,
    /// Access and refresh tokens.
    pub token: TokenConfig,
    /// How fast passwords may be tried.
    pub throttle: ThrottleConfig,
    /// Codes by e-mail and short message.
    pub codes: CodesConfig,
    /// Deleting accounts.
    pub erasure: ErasureConfig,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            max_sessions: 5,
            claim_grace_s: 60,
            fields: ["GLSI", "IRS", "LISI", "LAI", "IOT", "LT"].map(str::to_owned).to_vec(),
            years: vec![1, 2, 3],
            open_kinds: ["host", "speaker", "university"].map(str::to_owned).to_vec(),
            password: PasswordConfig::default(),
            token: TokenConfig::default(),
            throttle: ThrottleConfig::default(),
            codes: CodesConfig::default(),
            erasure: ErasureConfig::default(),
        }
    }
}

/// Deleting accounts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErasureConfig {
    /// How often deletions are looked for that were begun and not finished, seconds, 1 to 86,400.
    pub every_s: u64,
    /// What is left is looked for once more this long after a deletion, seconds, 0 to 86,400: until then its person's last requests may
    /// have been under way.
    pub again_s: u64,
}

impl Default for ErasureConfig {
    fn default() -> Self {
        Self { every_s: 60, again_s: 300 }
    }
}

/// Passwords and their hashing (Argon2id, RFC 9106).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordConfig {
    /// Memory of one hash, KiB. At least 19,456 with two passes, 47,104 with one.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes. More than one does not make a hash faster here.
    pub lanes: u32,
    /// Threads that hash; together they use at most `workers × memory_kib`. 0: a quarter of the cores, one at least.
    pub workers: usize,
    /// How much these threads step back behind those that carry messages (`nice`, 0 to 19; default 10). 0: not.
    pub nice: i32,
    /// Hashes that may wait for a thread. One more is answered `busy`.
    pub queue: usize,
    /// When somebody who was answered `busy` should come back, milliseconds.
    pub busy_retry_ms: u64,
    /// Shortest password, characters. At least 8.
    pub min_chars: usize,
    /// Longest password, characters; longer ones are refused, never cut.
    pub max_chars: usize,
    /// Words that do not count towards the strength of a password: the name of the service and the like, lower case.
    pub context_words: Vec<String>,
    #[serde(skip)]
    pub(super) cheap: bool,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            memory_kib: MIN_MEMORY_KIB,
            passes: 2,
            lanes: 1,
            workers: 0,
            nice: 10,
            queue: 64,
            busy_retry_ms: 1_000,
            min_chars: 8,
            max_chars: 128,
            context_words: vec!["plenum".to_owned()],
            cheap: false,
        }
    }
}

/// Access tokens (JWT, RFC 9068) and refresh tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenConfig {
    /// `iss` of access tokens: a name or URL of this service. All nodes have the same.
    pub issuer: String,
    /// `aud` of access tokens of people.
    pub audience: String,
    /// Life of an access token, seconds: 60 to 604,800. More than an hour is warned about.
    pub access_ttl_s: u64,
    /// Allowed difference between clocks, seconds, at most 60.
    pub leeway_s: u64,
    /// A session ends this long after the sign-in, whatever happens, seconds.
    pub refresh_ttl_s: u64,
    /// A session ends when its device has not refreshed for this long, seconds.
    pub refresh_idle_s: u64,
    /// For this long after a refresh the token before is answered with the same new one instead of raising an alarm,
    /// seconds: two calls at once, or an answer that was lost.
    pub refresh_grace_s: u64,
    /// How long a ticket opens a socket, seconds, 5 to 300.
    pub ticket_ttl_s: u64,
    /// Age at which a new signing key replaces the present one, seconds. 0: only when told to.
    pub key_max_age_s: u64,
    /// Nodes that share a store share the keys: how often each looks whether another has replaced one, seconds, 1 to 3,600. A token
    /// of an unknown key is looked up at once, too.
    pub keys_every_s: u64,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            issuer: "plenum".to_owned(),
            audience: "plenum:user".to_owned(),
            access_ttl_s: 3_600,
            leeway_s: 30,
            refresh_ttl_s: 60 * 24 * 3_600,
            refresh_idle_s: 30 * 24 * 3_600,
            refresh_grace_s: 10,
            ticket_ttl_s: 30,
            key_max_age_s: 90 * 24 * 3_600,
            keys_every_s: 30,
        }
    }
}

/// How fast passwords may be tried: token buckets. Nothing here locks an account: devices that are signed in stay so, and
/// other addresses have buckets of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThrottleConfig {
    /// Buckets remembered; beyond it those not used for longest are forgotten.
    pub buckets: usize,
    /// Tries that wait because the tries left to their account or address are being made by others at this moment. One more
    /// is answered `busy`.
    pub waiting: usize,
    /// Failed tries for one account from one address before waiting begins.
    pub pair_burst: u32,
    /// Milliseconds that give back one such try.
    pub pair_refill_ms: u64,
    /// Failed tries for one account from everywhere before waiting begins.
    pub account_burst: u32,
    /// Milliseconds that give back one such try.
    pub account_refill_ms: u64,
    /// Sign-ups and failed tries from one address. A lecture hall is one address: keep it high.
    pub address_burst: u32,
    /// Milliseconds that give back one such try.
    pub address_refill_ms: u64,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            buckets: 100_000,
            waiting: 256,
            pair_burst: 5,
            pair_refill_ms: 180_000,
            account_burst: 100,
            account_refill_ms: 3_000,
            address_burst: 1_000,
            address_refill_ms: 100,
        }
    }
}

/// A setting that must not be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct ConfigProblem {
    /// The setting below `accounts`.
    pub key: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl AccountsConfig {
    /// Settings for tests of crates that use the service: hashing costs next to nothing and protects nothing.
    #[doc(hidden)]
    #[must_use]
    pub fn for_tests() -> Self {
        let mut config = Self::default();
        config.password.memory_kib = 64;
        config.password.passes = 1;
        config.password.workers = 1;
        config.password.cheap = true;
        config
    }

    /// Everything that is wrong, for a report of all problems at once.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let (password, token, throttle) = (&self.password, &self.token, &self.throttle);
        let strong = password.memory_kib >= MIN_MEMORY_ONE_PASS_KIB
            || (password.memory_kib >= MIN_MEMORY_KIB && password.passes >= 2);
        let checks = [
            (
                self.open_kinds
                    .iter()
                    .all(|kind| AccountKind::named(kind).is_some_and(|kind| kind != AccountKind::User)),
                "open_kinds",
                "must be of host, speaker and university",
            ),
            (self.max_sessions >= 1 && self.max_sessions <= 100, "max_sessions", "must be 1 to 100"),
            (
                strong || password.cheap,
                "password.memory_kib",
                "must be at least 19456 with two passes, or 47104 with one",
            ),
            (password.memory_kib <= 4 * 1024 * 1024, "password.memory_kib", "must be at most 4 GiB"),
            (password.passes >= 1 && password.passes <= 100, "password.passes", "must be 1 to 100"),
            (password.lanes >= 1 && password.lanes <= 16, "password.lanes", "must be 1 to 16"),
            (password.workers <= 64, "password.workers", "must be at most 64"),
            ((0..=19).contains(&password.nice), "password.nice", "must be 0 to 19"),
            (password.queue >= 1 && password.queue <= 10_000, "password.queue", "must be 1 to 10000"),
            (password.min_chars >= 8, "password.min_chars", "must be at least 8"),
            (
                password.max_chars >= 64 && password.max_chars <= 1_024,
                "password.max_chars",
                "must be 64 to 1024: long pass phrases are good ones",
            ),
            (!token.issuer.is_empty(), "token.issuer", "must not be empty"),
            (!token.audience.is_empty(), "token.audience", "must not be empty"),
            (
                (60..=MAX_ACCESS_TTL_S).contains(&token.access_ttl_s),
                "token.access_ttl_s",
                "must be 60 to 604800 seconds",
            ),
            (token.leeway_s <= MAX_LEEWAY_S, "token.leeway_s", "must be at most 60 seconds"),
            (
                token.refresh_ttl_s >= token.access_ttl_s && token.refresh_ttl_s <= 10 * 366 * 24 * 3_600,
                "token.refresh_ttl_s",
                "must be at least access_ttl_s and at most ten years",
            ),
            (token.refresh_idle_s >= token.access_ttl_s, "token.refresh_idle_s", "must be at least access_ttl_s"),
            ((1..=3_600).contains(&token.keys_every_s), "token.keys_every_s", "must be 1 to 3600 seconds"),
            (token.refresh_grace_s <= 300, "token.refresh_grace_s", "must be at most 300 seconds"),
            ((5..=300).contains(&token.ticket_ttl_s), "token.ticket_ttl_s", "must be 5 to 300 seconds"),
            ((1..=86_400).contains(&self.erasure.every_s), "erasure.every_s", "must be 1 to 86400 seconds"),
            (self.erasure.again_s <= 86_400, "erasure.again_s", "must be at most 86400 seconds"),
            (throttle.waiting >= 1 && throttle.waiting <= 100_000, "throttle.waiting", "must be 1 to 100000"),
            (throttle.buckets >= 100, "throttle.buckets", "must be at least 100"),
            (
                throttle.pair_burst >= 1 && throttle.account_burst >= 1 && throttle.address_burst >= 1,
                "throttle",
                "bursts must be at least 1",
            ),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| ConfigProblem { key, reason }).collect()
    }

    /// What is allowed but should be known.
    #[must_use]
    pub fn warnings(&self) -> Vec<ConfigProblem> {
        let reason = "access tokens live longer than an hour: a stolen one stays useful for as long as its session";
        let long = self.token.access_ttl_s > 3_600;
        long.then_some(ConfigProblem { key: "token.access_ttl_s", reason }).into_iter().collect()
    }
}
