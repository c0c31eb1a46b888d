//! Webhooks: addresses that are told when a conference starts and ends and a question goes live and is closed. What there is to tell
//! stands in the conference's log; how far an address was told, in its row. So nothing is lost by a crash, and an event may come twice.

mod carrier;
mod config;
mod deliver;
mod waiting;

pub use carrier::{HookCall, HookCarrier, HookError, HookFuture, NoHooks};
pub use config::HooksConfig;
pub use waiting::{HookMetrics, Hooks};

use super::Conferences;
use crate::accounts::Identity;
use crate::rows::Rows;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use plenum_actors::store::Direction;
use plenum_schema::conference::{ConferenceStatus, HostRole};
use plenum_schema::entities::{ConferenceHook, hook_shard};
use plenum_schema::table::{FieldValue, Key};
use plenum_schema::{ConferenceId, Offset, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest address, bytes.
const URL_BYTES: usize = 2_000;
/// Rows of one conference that are read: more than `hooks.most` can be.
const ROWS: usize = 200;

/// A try that failed, or an event that was given up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookFailure {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The event's place in the log of the conference.
    pub offset: Offset,
    /// Why.
    pub reason: String,
}

/// An address and how it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HookView {
    /// Which.
    pub id: Uuid,
    /// The address.
    pub url: String,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// The last event that it was told, or will not be told.
    pub told_to: Offset,
    /// How many events it was told.
    pub delivered: u64,
    /// How many events were given up.
    pub given_up: u64,
    /// When the event that failed last is tried again, milliseconds since 1970.
    pub next_at: Option<i64>,
    /// The last failures, newest first.
    pub failures: Vec<HookFailure>,
}

fn key(id: ConferenceId, hook: Uuid) -> Key {
    vec![hook_shard(id).to_value(), id.to_value(), hook.to_value()]
}

fn failures(row: &ConferenceHook) -> Vec<HookFailure> {
    // What cannot be read was for display alone.
    serde_json::from_str(&row.failures).unwrap_or_default()
}

fn view(row: &ConferenceHook) -> HookView {
    HookView {
        id: row.hook_id,
        url: row.url.clone(),
        created_at: row.created_at,
        told_to: row.told_to,
        delivered: row.delivered.unsigned_abs(),
        given_up: row.given_up.unsigned_abs(),
        next_at: (row.attempts > 0).then_some(row.next_at),
        failures: failures(row),
    }
}

impl Conferences {
    fn hook_rows(&self) -> Rows {
        Rows(self.parts.store.clone())
    }

    async fn hooks_of(&self, id: ConferenceId) -> Result<Vec<ConferenceHook>, Refusal> {
        let after = Some(vec![id.to_value(), Uuid::nil().to_value()]);
        let partition = vec![hook_shard(id).to_value()];
        let rows = self.hook_rows().scan(partition, after, Direction::Forward, ROWS).await?;
        Ok(rows.into_iter().take_while(|row: &ConferenceHook| row.conference_id == id).collect())
    }

    /// Tells an address what happens from now on; answers with the secret that deliveries are signed with, which is told once.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for everybody but its host, `invalid` naming `url`, `limitReached`, `gone` when it is over, `unavailable`.
    pub async fn add_hook(&self, by: &Identity, id: ConferenceId, url: &str) -> Result<(HookView, String), Refusal> {
        self.authorize(id, by, HostRole::Host).await?;
        let wrong = |reason: String| Refusal::field(RefusalCode::Invalid, "url", reason);
        if url.len() > URL_BYTES {
            return Err(wrong(format!("an address has at most {URL_BYTES} bytes")));
        }
        self.hooks.carrier().check(url).map_err(wrong)?;
        let view_of = self.raw_view(id, Some(by)).await?;
        if view_of.status == ConferenceStatus::Ended {
            return Err(Refusal::new(RefusalCode::Gone, "the conference is over: there is nothing more to tell"));
        }
        let most = self.config.hooks.most;
        if self.hooks_of(id).await?.len() >= most {
            let text = format!("a conference has at most {most} webhooks");
            return Err(Refusal::field(RefusalCode::LimitReached, "url", text));
        }
        let secret: [u8; 32] = rand::random();
        let row = ConferenceHook {
            shard: hook_shard(id),
            conference_id: id,
            hook_id: self.parts.clock.new_id(),
            url: url.to_owned(),
            secret: secret.to_vec().into(),
            created_at: self.parts.clock.wall(),
            told_to: view_of.head,
            attempts: 0,
            next_at: 0,
            claimed_until: 0,
            failures: "[]".to_owned(),
            delivered: 0,
            given_up: 0,
            is_over: false,
            version: 1,
        };
        self.hook_rows().put(&row).await?;
        Ok((view(&row), format!("whsec_{}", BASE64.encode(secret))))
    }

    /// The addresses that are told what happens, and what went wrong with them last.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for everybody but its host, `unavailable`.
    pub async fn hooks(&self, by: &Identity, id: ConferenceId) -> Result<Vec<HookView>, Refusal> {
        self.authorize(id, by, HostRole::Host).await?;
        Ok(self.hooks_of(id).await?.iter().map(view).collect())
    }

    /// Tells an address nothing any more.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for everybody but its host, `unavailable`.
    pub async fn drop_hook(&self, by: &Identity, id: ConferenceId, hook: Uuid) -> Result<(), Refusal> {
        self.authorize(id, by, HostRole::Host).await?;
        let missing = || Refusal::new(RefusalCode::NotFound, "there is no such webhook");
        self.hook_rows().get::<ConferenceHook>(key(id, hook)).await?.ok_or_else(missing)?;
        self.hook_rows().delete::<ConferenceHook>(vec![key(id, hook)]).await
    }

    /// Nothing of the addresses of a conference is left.
    pub(super) async fn forget_hooks(&self, id: ConferenceId) -> Result<(), Refusal> {
        let keys = self.hooks_of(id).await?.iter().map(|row| key(id, row.hook_id)).collect();
        self.hook_rows().delete::<ConferenceHook>(keys).await
    }

    /// Something has happened in a conference that its addresses may want to know.
    pub(super) fn nudge_hooks(&self, id: ConferenceId) {
        if self.config.hooks.most > 0 {
            self.hooks.put(id, self.parts.clock.mono(), self.config.hooks.queue);
        }
    }
}
