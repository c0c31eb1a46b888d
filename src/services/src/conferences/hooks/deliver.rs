//! Telling: each address is told the events of its conference one after another in the order of the log, again and again until it takes
//! them or they are too old. Before a try the row says that one is under way, so that two nodes seldom tell the same thing at once.

use super::{HookCall, HookError, HookFailure, failures};
use crate::conferences::{Conferences, unexpected};
use crate::unavailable::unavailable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::conference::Conference;
use plenum_actors::store::Direction;
use plenum_schema::conference::ConferenceEvent;
use plenum_schema::conversation::Stored;
use plenum_schema::entities::{ConferenceHook, HOOK_SHARDS};
use plenum_schema::table::FieldValue;
use plenum_schema::{AggregateKind, ConferenceId, EntryId, LogId, Offset, Refusal, codec};
use serde_json::json;
use sha2::Sha256;
use std::time::Duration;
use tokio::task::JoinSet;

/// Entries of a log read at a time, and their bytes.
const PAGE: usize = 100;
const PAGE_BYTES: usize = 1024 * 1024;
/// Rows read at a time.
const SCAN: usize = 500;
/// How much longer than a try its claim lasts, milliseconds.
const CLAIM_MARGIN_MS: u64 = 5_000;
/// When somebody else tells the same address something, it is looked at again after so long, milliseconds.
const LATER_MS: u64 = 1_000;
/// Each failure in a row waits so many times as long as the one before.
const FACTOR: u64 = 4;

/// An event that webhooks are told.
struct Told {
    offset: Offset,
    id: EntryId,
    at: i64,
    event: ConferenceEvent,
}

fn is_told(event: &ConferenceEvent) -> bool {
    match event {
        ConferenceEvent::Started(_)
        | ConferenceEvent::Ended(_)
        | ConferenceEvent::QuestionLive(_)
        | ConferenceEvent::QuestionClosed(_) => true,
        ConferenceEvent::Created(_)
        | ConferenceEvent::Changed(_)
        | ConferenceEvent::HostChanged(_)
        | ConferenceEvent::ResultsShown(_)
        | ConferenceEvent::QuestionFrozen(_)
        | ConferenceEvent::Anonymised(_)
        | ConferenceEvent::Deleted(_) => false,
    }
}

/// `v1,` and the HMAC-SHA256 of id, time and body, joined by full stops, in base64: as <https://www.standardwebhooks.com> has it.
fn signature(secret: &[u8], id: &str, at_s: i64, body: &str) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{id}.{at_s}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

fn sooner(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

impl Conferences {
    /// Tells webhooks what happens, for as long as it runs.
    pub async fn run_hooks(self) {
        if self.config.hooks.most == 0 {
            return;
        }
        let every = Duration::from_secs(self.config.hooks.sweep_every_s).as_millis();
        let every = u64::try_from(every).unwrap_or(u64::MAX);
        let mut sweep_at = 0;
        loop {
            let now = self.parts.clock.mono();
            if now >= sweep_at {
                sweep_at = now.saturating_add(every);
                if let Err(refusal) = self.find_hooks().await {
                    tracing::warn!(%refusal, "webhooks could not be looked for");
                }
            }
            let (ready, next) = self.hooks.take(now, self.config.hooks.at_once);
            for id in ready {
                let service = self.clone();
                tokio::spawn(async move { service.turn_of_hooks(id).await });
            }
            let wait = Duration::from_millis(next.map_or(sweep_at, |next| next.min(sweep_at)).saturating_sub(now));
            tokio::select! {
                () = self.hooks.woken() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Puts every conference whose addresses may have something to be told into the queue.
    async fn find_hooks(&self) -> Result<(), Refusal> {
        for shard in 0..HOOK_SHARDS {
            let mut after = None;
            loop {
                let partition = vec![shard.to_value()];
                let rows: Vec<ConferenceHook> =
                    self.hook_rows().scan(partition, after, Direction::Forward, SCAN).await?;
                for row in rows.iter().filter(|row| !row.is_over) {
                    self.nudge_hooks(row.conference_id);
                }
                match rows.last() {
                    Some(last) if rows.len() == SCAN => {
                        after = Some(vec![last.conference_id.to_value(), last.hook_id.to_value()]);
                    }
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// A conference's turn, and when the next one is.
    async fn turn_of_hooks(&self, id: ConferenceId) {
        let wait = match self.tell_hooks(id).await {
            Ok(wait) => wait,
            Err(refusal) => {
                tracing::warn!(conference = %id, %refusal, "webhooks are told later");
                Some(self.config.hooks.first_wait_ms)
            }
        };
        if let Some(wait) = wait {
            let at = self.parts.clock.mono().saturating_add(wait);
            self.hooks.put(id, at, self.config.hooks.queue);
        }
        self.hooks.done(id);
    }

    /// Tells all addresses of a conference what they can be told now; answers after how long there may be more.
    async fn tell_hooks(&self, id: ConferenceId) -> Result<Option<u64>, Refusal> {
        let mut under_way = JoinSet::new();
        for row in self.hooks_of(id).await?.into_iter().filter(|row| !row.is_over) {
            let service = self.clone();
            under_way.spawn(async move { service.tell_hook(row).await });
        }
        // One that cannot be read or written keeps the others from nothing.
        let (mut wait, mut failed) = (None, None);
        while let Some(outcome) = under_way.join_next().await {
            match outcome {
                Ok(Ok(next)) => wait = sooner(wait, next),
                Ok(Err(refusal)) => failed = Some(refusal),
                Err(error) => failed = Some(unexpected(&error)),
            }
        }
        failed.map_or(Ok(wait), Err)
    }

    /// Tells one address what it can be told now.
    async fn tell_hook(&self, mut row: ConferenceHook) -> Result<Option<u64>, Refusal> {
        loop {
            let now = self.parts.clock.wall();
            let until = row.next_at.max(row.claimed_until);
            if until > now {
                return Ok(Some(until.abs_diff(now)));
            }
            let Some(told) = self.next_told(&row).await? else { return Ok(None) };
            let oldest = now.saturating_sub_unsigned(self.config.hooks.give_up_s.saturating_mul(1_000));
            if told.at < oldest {
                self.hooks.metrics().told("given_up");
                self.noted(&mut row, told.offset, "too old: given up".to_owned());
                row.given_up = row.given_up.saturating_add(1);
                (row.told_to, row.attempts, row.next_at) = (told.offset, 0, 0);
            } else {
                let claim = self.config.hooks.timeout_ms.saturating_add(CLAIM_MARGIN_MS);
                row.claimed_until = now.saturating_add_unsigned(claim);
                if !self.keep_hook(&mut row).await? {
                    return Ok(Some(LATER_MS));
                }
                self.try_hook(&mut row, &told).await?;
            }
            // Another node's word, or that the address is gone, stands.
            if !self.keep_hook(&mut row).await? {
                return Ok(Some(LATER_MS));
            }
            if row.is_over {
                return Ok(None);
            }
        }
    }

    /// One try; the row says afterwards what came of it.
    async fn try_hook(&self, row: &mut ConferenceHook, told: &Told) -> Result<(), Refusal> {
        let outcome = self.hooks.carrier().deliver(self.call(row, told)?).await;
        row.claimed_until = 0;
        match outcome {
            Ok(()) => {
                self.hooks.metrics().told("delivered");
                row.delivered = row.delivered.saturating_add(1);
                (row.told_to, row.attempts, row.next_at) = (told.offset, 0, 0);
                row.is_over = matches!(told.event, ConferenceEvent::Ended(_));
            }
            Err(error) => {
                self.hooks.metrics().told("failed");
                self.failed(row, told.offset, &error);
            }
        }
        Ok(())
    }

    fn failed(&self, row: &mut ConferenceHook, offset: Offset, error: &HookError) {
        let rules = &self.config.hooks;
        let times = FACTOR.saturating_pow(u32::try_from(row.attempts).unwrap_or(u32::MAX));
        let wait = rules.first_wait_ms.saturating_mul(times).min(rules.longest_wait_ms);
        row.attempts = row.attempts.saturating_add(1);
        row.next_at = self.parts.clock.wall().saturating_add_unsigned(wait);
        self.noted(row, offset, error.to_string());
    }

    /// Keeps a failure for the host to see.
    fn noted(&self, row: &mut ConferenceHook, offset: Offset, reason: String) {
        let mut known = failures(row);
        known.insert(0, HookFailure { at: self.parts.clock.wall(), offset, reason });
        known.truncate(self.config.hooks.failures);
        row.failures = serde_json::to_string(&known).unwrap_or_default();
    }

    /// Writes the row unless somebody else has written it since.
    async fn keep_hook(&self, row: &mut ConferenceHook) -> Result<bool, Refusal> {
        let before = row.version;
        row.version = before.saturating_add(1);
        Ok(self.hook_rows().swap(row, before).await?.is_ok())
    }

    fn call(&self, row: &ConferenceHook, told: &Told) -> Result<HookCall, Refusal> {
        let id = told.id.0.to_string();
        let body = json!({
            "id": id,
            "conference": row.conference_id,
            "offset": told.offset,
            "at": told.at,
            "event": told.event,
        });
        let body = serde_json::to_string(&body).map_err(|error| unexpected(&error))?;
        let at_s = self.parts.clock.wall().div_euclid(1_000);
        let signature = signature(&row.secret, &id, at_s, &body);
        Ok(HookCall { url: row.url.clone(), id, at_s, signature, body })
    }

    /// The first event that the address was not told.
    async fn next_told(&self, row: &ConferenceHook) -> Result<Option<Told>, Refusal> {
        let log = LogId { kind: AggregateKind::Conference, id: row.conference_id.0 };
        let mut after = row.told_to;
        loop {
            let page = self.parts.store.read(log, after, Direction::Forward, PAGE, PAGE_BYTES).await;
            let page = page.map_err(unavailable)?;
            let Some(last) = page.last() else { return Ok(None) };
            after = last.offset;
            for entry in &page {
                let stored: Stored<ConferenceEvent> =
                    codec::restore(&[Conference::EVENT_FORMAT], &entry.payload).map_err(|error| unexpected(&error))?;
                if is_told(&stored.event) {
                    let Stored { at, event } = stored;
                    return Ok(Some(Told { offset: entry.offset, id: entry.id, at, event }));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn a_delivery_is_signed_as_others_expect_it() {
        // The example of the specification of Standard Webhooks.
        let secret = base64::Engine::decode(&super::BASE64, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
