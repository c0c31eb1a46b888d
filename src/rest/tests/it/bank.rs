//! A payment provider in memory, which does what it is asked once for each key, and is away, deaf or stubborn when told to; and a fuse that
//! ends a process at any of its steps.

use actix_web::web::Bytes;
use parking_lot::Mutex;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, SharedStore, Snapshot, Store, StoreError, StoreFuture,
    StoredEntry,
};
use plenum_schema::table::{Key, Row, Table, Value};
use plenum_schema::{EntryId, LogId, Offset};
use plenum_services::payments::{
    Event, Happened, Intent, IntentState, NewIntent, NewRefund, Provider, ProviderError, ProviderFuture, Refund,
    RefundState,
};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[derive(Default)]
struct Books {
    intents: Vec<(Intent, NewIntent)>,
    refunds: Vec<Refund>,
    keys: HashMap<String, usize>,
    failure: Option<ProviderError>,
    no_refunds: bool,
}

/// See the module.
#[derive(Default)]
pub struct Bank {
    books: Mutex<Books>,
    pub calls: AtomicUsize,
}

fn answer<T: Send + 'static>(result: Result<T, ProviderError>) -> ProviderFuture<T> {
    Box::pin(std::future::ready(result))
}

impl Bank {
    pub fn fail(&self, failure: Option<ProviderError>) {
        self.books.lock().failure = failure;
    }

    pub fn away(&self) {
        self.fail(Some(ProviderError::Away("nobody there".to_owned())));
    }

    pub fn refuse_refunds(&self, refuse: bool) {
        self.books.lock().no_refunds = refuse;
    }

    pub fn intents(&self) -> Vec<Intent> {
        self.books.lock().intents.iter().map(|(intent, _)| intent.clone()).collect()
    }

    pub fn owed(&self) -> Vec<(i64, String)> {
        self.books.lock().intents.iter().map(|(_, new)| (new.amount, new.currency.clone())).collect()
    }

    pub fn refunds_made(&self) -> Vec<Refund> {
        self.books.lock().refunds.clone()
    }

    /// The payer does something, at the provider.
    pub fn set(&self, id: &str, state: IntentState, received: i64) {
        let mut books = self.books.lock();
        let (intent, _) = books.intents.iter_mut().find(|(intent, _)| intent.id == id).expect("an intent");
        (intent.state, intent.received) = (state, received);
    }

    pub fn pay(&self, id: &str) {
        let owed = self.books.lock().intents.iter().find(|(intent, _)| intent.id == id).expect("an intent").1.amount;
        self.set(id, IntentState::Succeeded, owed);
    }

    /// Somebody gives money back by hand, with the provider.
    pub fn give_back(&self, intent: &str, amount: i64) -> Refund {
        let mut books = self.books.lock();
        let id = format!("re_{}", books.refunds.len() + 1);
        let (intent, state) = (intent.to_owned(), RefundState::Succeeded);
        let refund = Refund { id, key: None, payment: None, intent, amount, state };
        books.refunds.push(refund.clone());
        refund
    }

    fn do_it<T>(&self, work: impl FnOnce(&mut Books) -> Result<T, ProviderError>) -> Result<T, ProviderError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut books = self.books.lock();
        match books.failure.clone() {
            Some(failure) => Err(failure),
            None => work(&mut books),
        }
    }
}

fn of<'a>(books: &'a mut Books, id: &str) -> Result<&'a mut Intent, ProviderError> {
    let found = books.intents.iter_mut().find(|(intent, _)| intent.id == id);
    found.map(|(intent, _)| intent).ok_or_else(|| ProviderError::Refused("resource_missing".to_owned()))
}

impl Provider for Bank {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn public_key(&self) -> &str {
        "pk_test_1"
    }

    fn create(&self, new: NewIntent) -> ProviderFuture<Intent> {
        answer(self.do_it(|books| {
            let key = format!("{}-{}", new.belongs.payment, new.belongs.attempt);
            if let Some(place) = books.keys.get(&key) {
                return Ok(books.intents[*place].0.clone());
            }
            let intent = Intent {
                id: format!("pi_{}", books.intents.len() + 1),
                belongs: Some(new.belongs),
                state: IntentState::Waiting,
                received: 0,
                currency: new.currency.clone(),
                client_secret: Some(format!("secret_{}", books.intents.len() + 1).into()),
                failure: None,
            };
            books.keys.insert(key, books.intents.len());
            books.intents.push((intent.clone(), new));
            Ok(intent)
        }))
    }

    fn intent(&self, id: String) -> ProviderFuture<Intent> {
        answer(self.do_it(|books| of(books, &id).cloned()))
    }

    fn cancel(&self, id: String) -> ProviderFuture<Intent> {
        answer(self.do_it(|books| {
            let intent = of(books, &id)?;
            if intent.state == IntentState::Waiting {
                intent.state = IntentState::Canceled;
            }
            Ok(intent.clone())
        }))
    }

    fn refund(&self, new: NewRefund) -> ProviderFuture<Refund> {
        answer(self.do_it(|books| {
            if let Some(place) = books.keys.get(&format!("refund {}", new.key)) {
                return Ok(books.refunds[*place].clone());
            }
            let back: i64 = books.refunds.iter().filter(|one| one.intent == new.intent).map(|one| one.amount).sum();
            if books.no_refunds || back + new.amount > of(books, &new.intent)?.received {
                return Err(ProviderError::Refused("charge_disputed".to_owned()));
            }
            let NewRefund { payment, intent, key, amount, .. } = new;
            let (id, state) = (format!("re_{}", books.refunds.len() + 1), RefundState::Succeeded);
            let refund = Refund { id, key: Some(key.clone()), payment: Some(payment), intent, amount, state };
            books.keys.insert(format!("refund {key}"), books.refunds.len());
            books.refunds.push(refund.clone());
            Ok(refund)
        }))
    }

    fn refunds(&self, intent: String) -> ProviderFuture<Vec<Refund>> {
        answer(self.do_it(|books| Ok(books.refunds.iter().filter(|one| one.intent == intent).cloned().collect())))
    }

    /// `{"id", "intent", "state", "received"}`, `{"id", "refund", "state"}` or `{"id", "back"}`.
    fn event(&self, raw: &[u8], signature: &str, _: i64) -> Result<Event, &'static str> {
        if signature != "right" {
            return Err("the signature is not right");
        }
        let value: serde_json::Value = serde_json::from_slice(raw).map_err(|_| "the event cannot be read")?;
        let word = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let books = self.books.lock();
        let what = if let Some((intent, _)) = books.intents.iter().find(|(intent, _)| intent.id == word("intent")) {
            let state = match word("state").as_str() {
                "succeeded" => IntentState::Succeeded,
                "canceled" => IntentState::Canceled,
                "processing" => IntentState::Processing,
                _ => IntentState::Waiting,
            };
            let failure = Some(word("failure")).filter(|word| !word.is_empty());
            let received = value["received"].as_i64().unwrap_or(0);
            Happened::Intent(Intent { state, received, failure, client_secret: None, ..intent.clone() })
        } else if let Some(refund) = books.refunds.iter().find(|refund| refund.id == word("refund")) {
            let state = if word("state") == "pending" { RefundState::Pending } else { RefundState::Succeeded };
            Happened::Refund(Refund { state, ..refund.clone() })
        } else if value["back"].is_string() {
            Happened::GivenBack { intent: word("back") }
        } else {
            Happened::Other
        };
        Ok(Event { id: word("id"), kind: "something".to_owned(), what })
    }
}

/// Burns with every step of a process; when it is through, the process does nothing any more.
#[derive(Default)]
pub struct Fuse {
    left: AtomicUsize,
    pub is_out: AtomicBool,
}

impl Fuse {
    pub fn of(steps: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(steps), is_out: AtomicBool::new(false) })
    }

    /// Whether the process is still there behind this step.
    fn burn(&self) -> bool {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let lives = left.is_ok();
        self.is_out.fetch_or(!lives, Ordering::SeqCst);
        lives
    }
}

/// A bank whose answers do not reach a dead process. What it was asked in the last moment it has done.
pub struct Wire(pub Arc<Bank>, pub Arc<Fuse>);

impl Wire {
    fn through<T: Send + 'static>(&self, ask: impl FnOnce(&Bank) -> ProviderFuture<T>) -> ProviderFuture<T> {
        if self.1.is_out.load(Ordering::SeqCst) {
            return answer(Err(ProviderError::Away("dead".to_owned())));
        }
        let asked = ask(&self.0);
        if self.1.burn() { asked } else { answer(Err(ProviderError::Away("died".to_owned()))) }
    }
}

impl Provider for Wire {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn public_key(&self) -> &str {
        "pk_test_1"
    }

    fn create(&self, new: NewIntent) -> ProviderFuture<Intent> {
        self.through(|bank| bank.create(new))
    }

    fn intent(&self, id: String) -> ProviderFuture<Intent> {
        self.through(|bank| bank.intent(id))
    }

    fn cancel(&self, id: String) -> ProviderFuture<Intent> {
        self.through(|bank| bank.cancel(id))
    }

    fn refund(&self, new: NewRefund) -> ProviderFuture<Refund> {
        self.through(|bank| bank.refund(new))
    }

    fn refunds(&self, intent: String) -> ProviderFuture<Vec<Refund>> {
        self.through(|bank| bank.refunds(intent))
    }

    fn event(&self, raw: &[u8], signature: &str, now: i64) -> Result<Event, &'static str> {
        self.0.event(raw, signature, now)
    }
}

/// A store that a dead process does not write to.
pub struct Cut(pub SharedStore, pub Arc<Fuse>);

impl Cut {
    fn through<T: Send + 'static>(&self, write: impl FnOnce() -> StoreFuture<T>) -> StoreFuture<T> {
        if self.1.burn() {
            return write();
        }
        Box::pin(std::future::ready(Err(StoreError::Unavailable("dead".to_owned()))))
    }
}

impl Store for Cut {
    fn append(&self, log: LogId, at: Offset, entries: Vec<Entry>, digest: Option<Bytes>) -> StoreFuture<Appended> {
        self.through(|| self.0.append(log, at, entries, digest))
    }

    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.0.read(log, after, direction, limit, max_bytes)
    }

    fn head(&self, log: LogId) -> StoreFuture<Head> {
        self.0.head(log)
    }

    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        self.0.find(log, ids)
    }

    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()> {
        self.0.save_snapshot(log, snapshot)
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        self.0.load_snapshot(log)
    }

    fn trim(&self, log: LogId, upto: Offset) -> StoreFuture<()> {
        self.0.trim(log, upto)
    }

    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>> {
        self.0.get(table, key)
    }

    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>> {
        self.0.scan(table, partition, after, direction, limit)
    }

    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>> {
        self.0.sweep(table, after, limit)
    }

    fn logs(&self, after: Option<LogId>, limit: usize) -> StoreFuture<Vec<LogId>> {
        self.0.logs(after, limit)
    }

    fn write(&self, table: &'static Table, mutations: Vec<Mutation>) -> StoreFuture<()> {
        self.through(|| self.0.write(table, mutations))
    }

    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional> {
        self.through(|| self.0.insert(table, row))
    }

    fn replace(&self, table: &'static Table, row: Row, column: usize, expected: Value) -> StoreFuture<Conditional> {
        self.through(|| self.0.replace(table, row, column, expected))
    }

    fn health(&self) -> Result<(), StoreError> {
        self.0.health()
    }
}

/// An event about an intent.
pub fn told(id: &str, intent: &str, state: &str, received: i64) -> serde_json::Value {
    json!({ "id": id, "intent": intent, "state": state, "received": received })
}
