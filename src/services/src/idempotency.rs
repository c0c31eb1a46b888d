//! Repeated requests: the same key and request give the first answer again for a day, another request is refused.
//!
//! The row of a key is claimed by insert-if-absent, so of two requests at once one is carried out. A claim whose holder
//! died (the node was killed) may be taken over after [`IdempotencyConfig::claim_ms`]; what is carried out under a key
//! must therefore be safe to repeat by itself, and is: conversations and messages derive their ids from it.

use bytes::Bytes;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::{Conditional, Mutation, SharedStore};
use plenum_schema::entities::IdempotencyRow;
use plenum_schema::id::derived;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{Refusal, RefusalCode};
use serde::Deserialize;
use uuid::Uuid;

use crate::unavailable::{damaged, unavailable};

/// Limits of kept answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdempotencyConfig {
    /// How long an answer is given again, milliseconds (default 24 h).
    pub keep_ms: i64,
    /// After how long a request that never finished may be tried again, milliseconds (default 60,000).
    pub claim_ms: i64,
    /// The largest answer that is kept, bytes (default 65,536); a larger one is not repeated.
    pub body_bytes: usize,
}

impl Default for IdempotencyConfig {
    fn default() -> Self {
        Self { keep_ms: 24 * 60 * 60 * 1_000, claim_ms: 60_000, body_bytes: 64 * 1024 }
    }
}

/// A request that carries a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    key: Uuid,
    fingerprint: Uuid,
}

impl Request {
    /// From the caller (their id, or whatever tells anonymous ones apart), the key, the operation's name and the body.
    #[must_use]
    pub fn new(caller: &[u8], key: &str, operation: &str, body: &[u8]) -> Self {
        Self {
            key: derived("plenum.idempotency.key", &[caller, key.as_bytes()]),
            fingerprint: derived("plenum.idempotency.request", &[operation.as_bytes(), body]),
        }
    }

    /// A reference for what the request creates, so that carrying it out twice creates it once.
    #[must_use]
    pub fn client_ref(&self) -> String {
        self.key.to_string()
    }
}

/// The right to carry a request out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    request: Request,
    claim: Uuid,
    at: i64,
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Carry it out, then [`Idempotency::keep`] or [`Idempotency::release`].
    First(Ticket),
    /// Another request with the same key and content is being carried out now: its answer will be there when it is done.
    AtWork {
        /// When to ask again, milliseconds.
        retry_after_ms: u64,
    },
    /// It was carried out before, with this answer.
    Repeated {
        /// HTTP status.
        status: u16,
        /// Body.
        body: Bytes,
    },
}

/// The kept answers.
#[derive(Clone)]
pub struct Idempotency {
    store: SharedStore,
    clock: SharedClock,
    config: IdempotencyConfig,
}

impl std::fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idempotency").field("config", &self.config).finish_non_exhaustive()
    }
}

const CLAIM_COLUMN: &str = "claim";

impl Idempotency {
    /// On a store.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock, config: IdempotencyConfig) -> Self {
        Self { store, clock, config }
    }

    /// Claims a request.
    ///
    /// # Errors
    /// `conflict` when the key stands for another request; `unavailable` when the store cannot answer.
    pub async fn claim(&self, request: &Request) -> Result<Claim, Refusal> {
        let ticket = Ticket { request: *request, claim: self.clock.new_id(), at: self.clock.wall() };
        let inserted =
            self.store.insert(IdempotencyRow::TABLE, ticket.row(0, None).to_row()).await.map_err(unavailable)?;
        let Conditional::Refused(Some(row)) = inserted else { return Ok(Claim::First(ticket)) };
        let found = IdempotencyRow::from_row(row).map_err(|error| damaged(&error))?;
        let age = ticket.at.saturating_sub(found.at);
        let is_over = age > if found.status == 0 { self.config.claim_ms } else { self.config.keep_ms };
        if is_over {
            return self.take_over(ticket, found.claim).await;
        }
        if found.fingerprint != request.fingerprint {
            return Err(Refusal::new(RefusalCode::Conflict, "this idempotency key was used for another request"));
        }
        match u16::try_from(found.status) {
            Ok(0) | Err(_) => Ok(AT_WORK),
            Ok(status) => Ok(Claim::Repeated { status, body: found.body.unwrap_or_default() }),
        }
    }

    async fn take_over(&self, ticket: Ticket, from: Uuid) -> Result<Claim, Refusal> {
        let replaced = self.replace(ticket.row(0, None), from).await?;
        if replaced { Ok(Claim::First(ticket)) } else { Ok(AT_WORK) }
    }

    async fn replace(&self, row: IdempotencyRow, expected: Uuid) -> Result<bool, Refusal> {
        let column = IdempotencyRow::TABLE.column(CLAIM_COLUMN).unwrap_or_default();
        let done = self.store.replace(IdempotencyRow::TABLE, row.to_row(), column, expected.to_value()).await;
        Ok(matches!(done.map_err(unavailable)?, Conditional::Applied))
    }

    /// Keeps the answer of a request that was carried out. A failure is logged, not reported: the answer itself is true, and a repetition finds
    /// what it created.
    pub async fn keep(&self, ticket: Ticket, status: u16, body: Bytes) {
        if body.len() > self.config.body_bytes {
            return self.release(ticket).await;
        }
        if let Err(refusal) = self.replace(ticket.row(i64::from(status), Some(body)), ticket.claim).await {
            tracing::warn!(%refusal, "an answer could not be kept for repetition");
        }
    }

    /// Gives the key back: the request was refused and may be tried again.
    pub async fn release(&self, ticket: Ticket) {
        // A row that anybody may take over at once. Deleting it could take away the claim of somebody who has taken over.
        let free = IdempotencyRow { at: 0, ..ticket.row(0, None) };
        if let Err(refusal) = self.replace(free, ticket.claim).await {
            tracing::warn!(%refusal, "a key could not be released");
        }
    }

    /// Removes what is older than a day from up to `most` rows behind `after`; answers where to go on, `None` at the end. Call it now and
    /// then until the end.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn purge(&self, after: Option<Uuid>, most: usize) -> Result<Option<Uuid>, Refusal> {
        let after = after.map(|key| vec![key.to_value()]);
        let rows = self.store.sweep(IdempotencyRow::TABLE, after, most).await.map_err(unavailable)?;
        let is_last = rows.len() < most;
        let (mut last, oldest) = (None, self.clock.wall().saturating_sub(self.config.keep_ms));
        for row in rows {
            let row = IdempotencyRow::from_row(row).map_err(|error| damaged(&error))?;
            last = Some(row.key);
            if row.at < oldest {
                let gone = Mutation::Delete(vec![row.key.to_value()]);
                self.store.write(IdempotencyRow::TABLE, vec![gone]).await.map_err(unavailable)?;
            }
        }
        Ok(last.filter(|_| !is_last))
    }
}

impl Ticket {
    fn row(self, status: i64, body: Option<Bytes>) -> IdempotencyRow {
        let Request { key, fingerprint } = self.request;
        IdempotencyRow { key, fingerprint, claim: self.claim, at: self.at, status, body }
    }
}

const AT_WORK: Claim = Claim::AtWork { retry_after_ms: 1_000 };
