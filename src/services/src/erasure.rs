//! Deleting an account: its own rows, and what other parts keep of its person.
//!
//! What others have read or bought stays readable: messages, orders, past events and what was said in conferences keep the id, which
//! leads to nothing any more; it is shown as «deleted account». Everything is done twice: at once, and again some minutes later, when
//! nothing of the person's last requests is under way. A crash in between leaves a row that [`run_erasures`] goes on from.

use crate::accounts::{Accounts, Secret};
use crate::conversations::Conversations;
use crate::events::Events;
use crate::images::Images;
use crate::market::Market;
use crate::rows::Rows;
use plenum_actors::clock::SharedClock;
use plenum_actors::identity::Identity;
use plenum_actors::store::SharedStore;
use plenum_schema::entities::{Erasure, LastSeen};
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, UserId};
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// Unfinished deletions read at a time.
const SCAN: usize = 100;

/// Deletes accounts. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Erasures {
    accounts: Accounts,
    conversations: Conversations,
    events: Events,
    market: Market,
    images: Images,
    rows: Rows,
    clock: SharedClock,
}

impl fmt::Debug for Erasures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Erasures").finish_non_exhaustive()
    }
}

impl Erasures {
    /// The service.
    #[must_use]
    pub fn new(
        store: SharedStore,
        clock: SharedClock,
        accounts: Accounts,
        conversations: Conversations,
        events: Events,
        market: Market,
        images: Images,
    ) -> Self {
        Self { accounts, conversations, events, market, images, rows: Rows(store), clock }
    }

    /// Deletes an account: the caller's own (who signed in a moment ago or gives the password), or any for an admin. When this answers,
    /// nobody signs in any more, its sockets close within a second, and its names are free; what takes longer goes on by itself.
    ///
    /// # Errors
    /// `forbidden`, `notFound`, `invalid` naming `currentPassword`, `conflict` for an admin's own account, `rateLimited`, `busy`,
    /// `unavailable` (it may have begun: it is finished then).
    pub async fn erase(
        &self,
        by: Identity,
        user: UserId,
        password: Option<Secret>,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        self.accounts.may_erase(by, user, password, address).await?;
        self.accounts.retire(user).await?;
        tracing::info!(target: "security", event = "account_deleted", outcome = "ok", %user, by = %by.user);
        if let Err(refusal) = self.forget(user).await {
            tracing::warn!(%refusal, %user, "the rest of a deleted account is erased later");
        }
        Ok(())
    }

    /// What other parts keep of the person. Each can be repeated.
    async fn forget(&self, user: UserId) -> Result<(), Refusal> {
        self.conversations.forget(user).await?;
        self.events.forget(user).await?;
        self.market.forget(user).await?;
        self.images.forget(user).await?;
        self.rows.delete::<LastSeen>(vec![vec![user.to_value()]]).await
    }

    /// Finishes deletions that were begun long enough ago; answers how many.
    ///
    /// # Errors
    /// `unavailable`: what was not reached is done the next time.
    pub async fn sweep(&self) -> Result<usize, Refusal> {
        let again_ms = i64::try_from(self.accounts.erasure_config().again_s * 1_000).unwrap_or(i64::MAX);
        let (mut done, mut after): (usize, Option<UserId>) = (0, None);
        loop {
            let rows: Vec<Erasure> = self.rows.sweep(after.map(|user| vec![user.to_value()]), SCAN).await?;
            after = rows.last().map(|row| row.user_id);
            for row in rows.iter().filter(|row| self.clock.wall() >= row.since.saturating_add(again_ms)) {
                self.accounts.retire(row.user_id).await?;
                self.forget(row.user_id).await?;
                self.rows.delete::<Erasure>(vec![vec![row.user_id.to_value()]]).await?;
                done += 1;
            }
            if rows.len() < SCAN {
                return Ok(done);
            }
        }
    }
}

/// Finishes deletions, for ever.
pub async fn run_erasures(erasures: Erasures) {
    let every = Duration::from_secs(erasures.accounts.erasure_config().every_s);
    loop {
        tokio::time::sleep(every).await;
        match erasures.sweep().await {
            Ok(0) => {}
            Ok(done) => tracing::info!(done, "deletions of accounts were finished"),
            Err(refusal) => tracing::warn!(%refusal, "deletions of accounts are finished later"),
        }
    }
}
