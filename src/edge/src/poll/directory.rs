//! Which polling connections there are, for every worker: a request finds its connection wherever it arrives.

use super::actor::PollConnection;
use actix::Addr;
use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dashmap::DashMap;
use plenum_schema::{Refusal, RefusalCode};
use prometheus::IntGauge;
use rand::TryRngCore;
use rand::rngs::OsRng;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Random bytes of a key.
const KEY_BYTES: usize = 32;

/// What proves that a request belongs to a connection. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; KEY_BYTES]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn unknown(why: &str) -> Refusal {
    Refusal::new(RefusalCode::Unauthenticated, why)
}

impl Key {
    fn random() -> Result<Self, Refusal> {
        let mut bytes = [0; KEY_BYTES];
        let dry = || Refusal::new(RefusalCode::Internal, "the system's random source does not answer");
        OsRng.try_fill_bytes(&mut bytes).map_err(|_| dry())?;
        Ok(Self(bytes))
    }

    /// As clients write it.
    pub(super) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The key of the one `Authorization: Poll …` header.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        let mut values = request.headers().get_all(header::AUTHORIZATION);
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(unknown("this needs one Authorization header: Poll and the key of the connection"));
        };
        let text = value.to_str().unwrap_or_default().split_once(' ');
        let text = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("poll")).map(|(_, text)| text.trim());
        let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| unknown("expected Authorization: Poll and the key of the connection"))
    }
}

/// All polling connections of the node.
#[derive(Debug)]
pub struct Directory {
    connections: DashMap<Key, Addr<PollConnection>>,
    count: AtomicUsize,
    limit: usize,
    gauge: IntGauge,
}

/// A place in the directory. Dropping it takes the connection out.
#[derive(Debug)]
pub(super) struct Entry {
    directory: Arc<Directory>,
    pub(super) key: Key,
}

impl Directory {
    /// None yet; at most so many, counted by a gauge.
    #[must_use]
    pub fn new(limit: usize, gauge: IntGauge) -> Arc<Self> {
        Arc::new(Self { connections: DashMap::new(), count: AtomicUsize::new(0), limit, gauge })
    }

    /// A place for one more.
    ///
    /// # Errors
    /// `busy` when there are as many as there may be.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Entry, Refusal> {
        let entry = Entry { directory: self.clone(), key: Key::random()? };
        self.gauge.inc();
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.limit {
            // Dropping the entry gives the count back.
            return Err(Refusal::new(RefusalCode::Busy, "there are too many polling connections").retry_after(5_000));
        }
        Ok(entry)
    }

    /// The connection of a key.
    ///
    /// # Errors
    /// `notFound` when there is none (any more).
    pub(super) fn find(&self, key: &Key) -> Result<Addr<PollConnection>, Refusal> {
        self.connections.get(key).map(|found| found.clone()).ok_or_else(gone)
    }
}

/// The answer to whoever comes too late.
pub(super) fn gone() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such connection any more: open another and resume")
}

impl Entry {
    /// Lets requests find the connection that the entry is given to.
    pub(super) fn place(&self) -> impl FnOnce(Addr<PollConnection>) + use<> {
        let (directory, key) = (self.directory.clone(), self.key.clone());
        move |address| {
            directory.connections.insert(key, address);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.directory.connections.remove(&self.key);
        self.directory.count.fetch_sub(1, Ordering::Relaxed);
        self.directory.gauge.dec();
    }
}
