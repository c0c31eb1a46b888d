//! What stands in a test for the world outside: sockets, letters, time, a depot.

use actix_web::web::Bytes;
use parking_lot::Mutex;
use plenum_actors::clock::{Clock, SystemClock};
use plenum_actors::identity::SessionEnder;
use plenum_actors::publication::{Body, Publication, Publisher};
use plenum_schema::wire::Signal;
use plenum_schema::{Offset, SessionId, Topic};
use plenum_services::accounts::Secret;
use plenum_services::conferences::{HookCall, HookCarrier, HookFuture};
use plenum_services::depot::{Depot, DepotError, DepotFuture, ObjectName};
use plenum_services::messenger::{Message, Messenger, MessengerFuture, Recipient, SendError, Sent, Text};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Remembers the signals that would have gone to sockets.
#[derive(Default)]
pub struct Signals(Mutex<Vec<(Topic, Signal)>>);

impl Publisher for Signals {
    fn publish(&self, batch: Vec<Arc<Publication>>) {
        let signals = batch.iter().filter_map(|one| match one.body() {
            Body::Signal(signal) => Some((one.topic, signal.clone())),
            Body::Event { .. } => None,
        });
        self.0.lock().extend(signals);
    }

    fn announce(&self, _: Topic, _: Offset) {}
}

impl Signals {
    pub fn take(&self) -> Vec<(Topic, Signal)> {
        std::mem::take(&mut self.0.lock())
    }
}

/// Takes every address, and calls none.
pub struct AnyHook;

impl HookCarrier for AnyHook {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn deliver(&self, _: HookCall) -> HookFuture {
        Box::pin(async { Ok(()) })
    }
}

/// Keeps what would have been sent, and fails when told to.
#[derive(Default)]
pub struct Letters {
    sent: Mutex<Vec<Message>>,
    failure: Mutex<Option<SendError>>,
    /// Checks codes as a provider that makes its own would: this one is right.
    own_code: Mutex<Option<String>>,
}

impl Letters {
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.sent.lock())
    }

    /// The code of the newest message, and to whom it went.
    #[track_caller]
    pub fn code(&self) -> (String, String) {
        let newest = self.sent.lock().last().cloned().expect("a message");
        let Text::Code { code, .. } = newest.text else { panic!("no code") };
        (newest.to.text().to_owned(), code.expose().to_owned())
    }

    pub fn fail(&self, failure: Option<SendError>) {
        *self.failure.lock() = failure;
    }

    pub fn make_own_codes(&self, code: &str) {
        *self.own_code.lock() = Some(code.to_owned());
    }
}

impl Messenger for Letters {
    fn send(&self, message: Message) -> MessengerFuture<Sent> {
        let failure = self.failure.lock().clone();
        if failure.is_none() {
            self.sent.lock().push(message);
        }
        let sent = if self.own_code.lock().is_some() { Sent::OwnCode("VE1".to_owned()) } else { Sent::AsIs };
        Box::pin(async move { failure.map_or(Ok(sent), Err) })
    }

    fn check(&self, _: Recipient, _: String, code: Secret) -> MessengerFuture<bool> {
        let answer = match self.failure.lock().clone() {
            Some(failure) => Err(failure),
            None => Ok(self.own_code.lock().as_deref() == Some(code.expose())),
        };
        Box::pin(std::future::ready(answer))
    }
}

/// The machine's clock, which a test may move on.
pub struct MovedClock {
    system: SystemClock,
    ahead: AtomicU64,
}

impl MovedClock {
    pub fn new() -> Self {
        Self { system: SystemClock::new(), ahead: AtomicU64::new(0) }
    }

    pub fn advance(&self, seconds: u64) {
        self.ahead.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    pub fn go_on(&self, milliseconds: i64) {
        self.ahead.fetch_add(milliseconds.unsigned_abs(), Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn wall(&self) -> i64 {
        self.system.wall() + i64::try_from(self.ahead.load(Ordering::SeqCst)).expect("a small number")
    }

    fn mono(&self) -> u64 {
        self.system.mono() + self.ahead.load(Ordering::SeqCst)
    }

    fn micros(&self) -> u64 {
        self.system.micros() + self.ahead.load(Ordering::SeqCst) * 1_000
    }

    fn new_id(&self) -> uuid::Uuid {
        self.system.new_id()
    }
}

/// A depot in memory.
#[derive(Default)]
pub struct Shelf(Arc<Mutex<HashMap<ObjectName, Bytes>>>);

impl Depot for Shelf {
    fn put(&self, name: ObjectName, bytes: Bytes) -> DepotFuture<()> {
        self.0.lock().insert(name, bytes);
        Box::pin(async { Ok(()) })
    }

    fn get(&self, name: ObjectName, range: Range<u64>) -> DepotFuture<Bytes> {
        let all = self.0.lock().get(&name).cloned();
        let part = all.map(|all| all.slice(range.start as usize..range.end as usize));
        Box::pin(async move { part.ok_or(DepotError::Absent) })
    }

    fn delete(&self, name: ObjectName) -> DepotFuture<()> {
        self.0.lock().remove(&name);
        Box::pin(async { Ok(()) })
    }
}

/// Nobody is connected.
pub struct NoSockets;

impl SessionEnder for NoSockets {
    fn end_sessions(&self, _: &[SessionId]) {}
}
