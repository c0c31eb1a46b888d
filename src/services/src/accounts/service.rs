//! The service itself: what it is made of, and how it starts.

use super::attempt::Attempts;
use super::audit;
use super::config::{AccountsConfig, ConfigProblem};
use super::keyring::{KeyError, KeyRing};
use super::password::{HashPool, Hasher};
use super::throttle::Throttle;
use super::token::{TokenError, Tokens};
use parking_lot::RwLock;
use plenum_actors::clock::{SharedClock, WallMillis};
use plenum_actors::identity::{Authenticator, Identity, SessionEnder};
use plenum_actors::store::SharedStore;
use plenum_schema::{Refusal, RefusalCode, SessionId};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting must not be used; there may be more, see [`AccountsConfig::problems`].
    #[error("accounts.{0}")]
    Config(ConfigProblem),
    /// The server's keys.
    #[error("the server's keys: {0}")]
    Keys(#[from] KeyError),
    /// The threads that hash passwords did not start.
    #[error("the threads that hash passwords: {0}")]
    Threads(#[from] std::io::Error),
}

pub(super) struct Inner {
    pub store: SharedStore,
    pub clock: SharedClock,
    pub ender: Arc<dyn SessionEnder>,
    pub config: AccountsConfig,
    pub pool: HashPool,
    pub tokens: Tokens,
    ring: RwLock<Arc<KeyRing>>,
    pub attempts: Attempts,
    data_dir: PathBuf,
}

/// Accounts and their sessions. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Accounts(pub(super) Arc<Inner>);

pub(super) fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

/// The one answer to every token that does not open a door.
pub(super) fn unauthenticated() -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, "sign in again: the token is not valid")
}

impl Accounts {
    /// Starts the service: reads the keys below `data_dir` (makes them at the first start) and starts the hashing threads.
    ///
    /// # Errors
    /// [`OpenError`]: a setting that must not be used, keys that are unreadable or readable by others, no threads.
    pub fn open(
        store: SharedStore,
        clock: SharedClock,
        ender: Arc<dyn SessionEnder>,
        config: AccountsConfig,
        data_dir: &Path,
    ) -> Result<Self, OpenError> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(OpenError::Config(problem));
        }
        let overlap = millis(config.token.access_ttl_s + config.token.leeway_s);
        let ring = KeyRing::open(data_dir, overlap, clock.wall())?;
        let impossible = ConfigProblem { key: "password", reason: "these parameters cannot be used together" };
        let hasher = Hasher::new(&config.password).ok_or(OpenError::Config(impossible))?;
        let inner = Inner {
            pool: HashPool::start(&config.password, hasher)?,
            tokens: Tokens::new(&config.token),
            attempts: Attempts::new(
                Throttle::new(&config.throttle),
                config.throttle.waiting,
                config.password.busy_retry_ms,
                clock.clone(),
            ),
            ring: RwLock::new(Arc::new(ring)),
            data_dir: data_dir.to_owned(),
            store,
            clock,
            ender,
            config,
        };
        let accounts = Self(Arc::new(inner));
        accounts.maintain()?;
        Ok(accounts)
    }

    /// What has to be done now and then (hourly is enough): replaces a signing key that is old enough.
    ///
    /// # Errors
    /// [`KeyError`] when the new key cannot be written; the present one stays.
    pub fn maintain(&self) -> Result<(), KeyError> {
        let (max_age, age) = (self.0.config.token.key_max_age_s, self.0.clock.wall() - self.0.ring().signing_since());
        if max_age > 0 && age >= millis(max_age) { self.rotate_keys() } else { Ok(()) }
    }

    /// Makes a new signing key. Tokens of the one before stay valid until they expire.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be written; the present one stays.
    pub fn rotate_keys(&self) -> Result<(), KeyError> {
        let mut ring = self.0.ring.write();
        *ring = Arc::new(ring.rotated(&self.0.data_dir, self.0.clock.wall())?);
        tracing::info!(target: "security", event = "keys_rotated", outcome = "ok");
        Ok(())
    }

    /// The public keys as a JWK set (RFC 7517), for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.0.ring().jwks(self.0.clock.wall())
    }
}

impl Inner {
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read())
    }

    pub fn now(&self) -> WallMillis {
        self.clock.wall()
    }

    /// Closes the sockets of sessions whose rows are gone.
    pub fn close(&self, sessions: &[SessionId]) {
        if !sessions.is_empty() {
            self.ender.end_sessions(sessions);
        }
    }

    /// The identity behind an access token whose session still exists.
    pub async fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        let verified = self.tokens.verify(&self.ring(), token, self.now());
        let identity = verified.map_err(|error| {
            tracing::debug!(%error, "access token refused");
            // Clients find out that a token has expired by using it: nothing to be told about.
            if error != TokenError::Time {
                audit::denied("token", None, None, RefusalCode::Unauthenticated);
            }
            unauthenticated()
        })?;
        if !identity.is_account() {
            // It belongs to no session: it ends with its time, or with its conference, which is asked when it is used.
            return Ok(identity);
        }
        match self.session(identity.user, identity.session).await? {
            Some(session) if self.now() < session.expires_at => Ok(identity),
            _ => {
                audit::denied("token_of_ended_session", Some(identity.user), None, RefusalCode::Unauthenticated);
                Err(unauthenticated())
            }
        }
    }
}

impl Authenticator for Accounts {
    fn authenticate(&self, token: String) -> Pin<Box<dyn Future<Output = Result<Identity, Refusal>> + Send>> {
        let inner = Arc::clone(&self.0);
        let token = super::Secret::from(token);
        Box::pin(async move { inner.identify(token.expose()).await })
    }
}
