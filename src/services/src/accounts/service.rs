//! The service itself: what it is made of, and how it starts.

use super::attempt::Attempts;
use super::audit;
use super::config::{AccountsConfig, ConfigProblem};
use super::keyring::{KeyError, KeyRing};
use super::kinds::audience_of;
use super::password::{HashPool, Hasher};
use super::throttle::Throttle;
use super::token::{TokenError, Tokens};
use parking_lot::RwLock;
use plenum_actors::clock::{SharedClock, WallMillis};
use plenum_actors::identity::{Authenticator, Identity, SessionEnder};
use plenum_actors::shared_limits::SharedLimits;
use plenum_actors::store::SharedStore;
use plenum_schema::{Refusal, RefusalCode, SessionId};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tokens of unknown keys lead to a look at shared keys no more often than this, milliseconds: anybody can send them.
const LOOK_AGAIN_MS: u64 = 1_000;

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
    pub attempts: Arc<Attempts>,
    keys: Keys,
}

/// Where the keys are.
enum Keys {
    /// In a file below this directory.
    File(PathBuf),
    /// In the store, with other nodes: the earliest time at which a token of an unknown key leads to another look.
    Shared(AtomicU64),
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
        let overlap = millis(config.token.access_ttl_s + config.token.leeway_s);
        let ring = KeyRing::open(data_dir, overlap, clock.wall())?;
        let accounts = Self::with_ring(store, clock, ender, config, (ring, Keys::File(data_dir.to_owned())))?;
        if accounts.has_old_key() {
            accounts.rotate_file(data_dir)?;
        }
        Ok(accounts)
    }

    /// The same for nodes that share a store: the keys are there, made at the first start of the first node, of the keys below
    /// `data_dir` if it has some.
    ///
    /// # Errors
    /// [`OpenError`]: a setting that must not be used, keys that cannot be had, no threads.
    pub async fn open_shared(
        store: SharedStore,
        clock: SharedClock,
        ender: Arc<dyn SessionEnder>,
        config: AccountsConfig,
        data_dir: &Path,
    ) -> Result<Self, OpenError> {
        // Another node signs with a key for so long after it was replaced.
        let overlap = millis(config.token.access_ttl_s + config.token.leeway_s + config.token.keys_every_s);
        let ring = KeyRing::open_shared(&store, data_dir, overlap, clock.wall()).await?;
        let accounts = Self::with_ring(store, clock, ender, config, (ring, Keys::Shared(AtomicU64::new(0))))?;
        accounts.maintain().await?;
        Ok(accounts)
    }

    fn with_ring(
        store: SharedStore,
        clock: SharedClock,
        ender: Arc<dyn SessionEnder>,
        config: AccountsConfig,
        (ring, keys): (KeyRing, Keys),
    ) -> Result<Self, OpenError> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(OpenError::Config(problem));
        }
        let impossible = ConfigProblem { key: "password", reason: "these parameters cannot be used together" };
        let hasher = Hasher::new(&config.password).ok_or(OpenError::Config(impossible))?;
        let inner = Inner {
            pool: HashPool::start(&config.password, hasher)?,
            tokens: Tokens::new(&config.token),
            attempts: Arc::new(Attempts::new(
                Throttle::new(&config.throttle),
                config.throttle.waiting,
                config.password.busy_retry_ms,
                clock.clone(),
            )),
            ring: RwLock::new(Arc::new(ring)),
            keys,
            store,
            clock,
            ender,
            config,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// From now on tries at passwords and codes are counted on all nodes together.
    pub fn share_limits(&self, limits: &Arc<SharedLimits>) {
        self.0.attempts.share(limits);
    }

    /// Whether the keys are shared with other nodes, and looked at every [`Self::keys_every_s`].
    #[must_use]
    pub fn shares_keys(&self) -> bool {
        matches!(self.0.keys, Keys::Shared(_))
    }

    /// How often shared keys are looked at, seconds.
    #[must_use]
    pub fn keys_every_s(&self) -> u64 {
        self.0.config.token.keys_every_s
    }

    /// What has to be done now and then (hourly is enough, every [`Self::keys_every_s`] where keys are shared): takes over what other
    /// nodes have made of the keys, and replaces a signing key that is old enough.
    ///
    /// # Errors
    /// [`KeyError`] when the keys cannot be read or the new one cannot be written; the present ones stay.
    pub async fn maintain(&self) -> Result<(), KeyError> {
        self.0.look_at_keys().await?;
        if self.has_old_key() { self.rotate_keys().await } else { Ok(()) }
    }

    fn has_old_key(&self) -> bool {
        let (max_age, age) = (self.0.config.token.key_max_age_s, self.0.clock.wall() - self.0.ring().signing_since());
        max_age > 0 && age >= millis(max_age)
    }

    /// Makes a new signing key. Tokens of the one before stay valid until they expire.
    ///
    /// # Errors
    /// [`KeyError`] when it cannot be written; the present one stays.
    pub async fn rotate_keys(&self) -> Result<(), KeyError> {
        match &self.0.keys {
            Keys::File(data_dir) => self.rotate_file(data_dir),
            Keys::Shared(_) => {
                let ring = self.0.ring().rotated_shared(&self.0.store, self.0.clock.wall()).await?;
                *self.0.ring.write() = Arc::new(ring);
                tracing::info!(target: "security", event = "keys_rotated", outcome = "ok");
                Ok(())
            }
        }
    }

    fn rotate_file(&self, data_dir: &Path) -> Result<(), KeyError> {
        let mut ring = self.0.ring.write();
        *ring = Arc::new(ring.rotated(data_dir, self.0.clock.wall())?);
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

    /// Takes over what other nodes have made of the keys.
    async fn look_at_keys(&self) -> Result<(), KeyError> {
        if let Keys::Shared(_) = self.keys {
            let ring = self.ring().loaded(&self.store).await?;
            *self.ring.write() = Arc::new(ring);
        }
        Ok(())
    }

    /// The token's owner. A token of an unknown key leads to a look at shared keys, now and then: another node may have made it.
    async fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        let verified = self.tokens.verify(&self.ring(), token, self.now());
        let Keys::Shared(next) = &self.keys else { return verified };
        if verified != Err(TokenError::Key) || !self.is_due(next) {
            return verified;
        }
        if let Err(error) = self.look_at_keys().await {
            tracing::warn!(%error, "the signing keys could not be looked at");
        }
        self.tokens.verify(&self.ring(), token, self.now())
    }

    fn is_due(&self, next: &AtomicU64) -> bool {
        let (now, due) = (self.clock.mono(), next.load(Ordering::Relaxed));
        let after = now + LOOK_AGAIN_MS;
        now >= due && next.compare_exchange(due, after, Ordering::Relaxed, Ordering::Relaxed).is_ok()
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
        let identity = self.verify(token).await.map_err(|error| {
            tracing::debug!(%error, "access token refused");
            // Clients find out that a token has expired by using it: nothing to be told about.
            if error != TokenError::Time {
                audit::denied("token", None, None, RefusalCode::Unauthenticated);
            }
            unauthenticated()
        })?;
        let Some(kind) = identity.kind() else {
            // It belongs to no session: it ends with its time, or with its conference, which is asked when it is used.
            return Ok(identity);
        };
        match self.session(identity.user, identity.session).await? {
            Some(session)
                if self.now() < session.expires_at
                    && audience_of(&session)? == kind
                    && self.is_fit(&session).await? =>
            {
                Ok(identity)
            }
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
