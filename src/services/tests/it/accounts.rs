//! The accounts service over a store in memory, with a clock that the test moves.

mod admin;
mod audit;
mod fuzz;
mod keys;
mod kinds;
mod login;
mod profile;
mod refresh;
mod register;
mod sessions;
mod tokens;

use crate::memory::MemoryStore;
use plenum_actors::clock::ManualClock;
use plenum_schema::{Refusal, SessionId};
use plenum_services::accounts::{
    AccountKind, Accounts, AccountsConfig, Authenticator, Identity, Login, ProfileUpdate, Registration, SessionEnder,
    SignedIn,
};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub const PASSWORD: &str = "a horse and a battery";

#[derive(Default)]
pub struct Ended(Mutex<Vec<SessionId>>);

impl SessionEnder for Ended {
    fn end_sessions(&self, sessions: &[SessionId]) {
        self.0.lock().unwrap().extend_from_slice(sessions);
    }
}

pub struct World {
    pub store: MemoryStore,
    pub clock: Arc<ManualClock>,
    pub ended: Arc<Ended>,
    pub accounts: Accounts,
    pub dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with(AccountsConfig::for_tests())
    }

    pub fn with(config: AccountsConfig) -> Self {
        let (store, clock, ended) = (MemoryStore::new(), Arc::new(ManualClock::default()), Arc::new(Ended::default()));
        let dir = tempfile::tempdir().unwrap();
        let accounts =
            Accounts::open(Arc::new(store.clone()), clock.clone(), ended.clone(), config, dir.path()).unwrap();
        Self { store, clock, ended, accounts, dir }
    }

    /// The same store and directory after a restart.
    pub fn reopened(&self, config: AccountsConfig) -> Accounts {
        Accounts::open(Arc::new(self.store.clone()), self.clock.clone(), self.ended.clone(), config, self.dir.path())
            .unwrap()
    }

    pub async fn register(&self, email: &str) -> Result<SignedIn, Refusal> {
        self.accounts.register(registration(email)).await
    }

    pub async fn login(&self, email: &str, password: &str) -> Result<SignedIn, Refusal> {
        self.accounts.login(login(email, password)).await
    }

    pub async fn identify(&self, token: &str) -> Result<Identity, Refusal> {
        self.accounts.authenticate(token.to_owned()).await
    }

    pub async fn identity(&self, signed_in: &SignedIn) -> Identity {
        self.identify(signed_in.access_token.expose()).await.unwrap()
    }

    pub fn ended(&self) -> Vec<SessionId> {
        self.ended.0.lock().unwrap().clone()
    }

    pub fn later(&self, seconds: u64) {
        self.clock.advance(seconds * 1_000);
    }
}

pub fn registration(email: &str) -> Registration {
    Registration {
        email: Some(email.to_owned()),
        phone: None,
        password: PASSWORD.into(),
        profile: ProfileUpdate::default(),
        kind: AccountKind::User,
        device: Some("phone".to_owned()),
        address: None,
    }
}

pub fn login(email: &str, password: &str) -> Login {
    Login {
        email: Some(email.to_owned()),
        phone: None,
        username: None,
        password: password.into(),
        door: None,
        device: Some("laptop".to_owned()),
        address: None,
    }
}

pub fn from(address: &str) -> Option<IpAddr> {
    Some(address.parse().unwrap())
}
