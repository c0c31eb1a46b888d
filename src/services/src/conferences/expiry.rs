//! When participants are forgotten by themselves. Each conference stands in the list of a day; a sweeper looks at the days that
//! have come. Something may have happened in it since: then it is put into the list of a later day.

use super::erase::Forgetting;
use super::{ConferenceView, Conferences};
use crate::unavailable::{damaged, unavailable};
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::entities::ConferenceExpiry;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, Refusal, RefusalCode};
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;
/// Days back that are looked at after a start: what is older is found by no sweep.
const LOOK_BACK: i64 = 1_000;

/// What the sweeper counts.
#[derive(Clone, Debug)]
pub struct ForgettingMetrics {
    people: IntCounter,
    everything: IntCounter,
    failures: IntCounter,
}

impl ForgettingMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let name = "plenum_conferences_forgotten_total";
        let done =
            IntCounterVec::new(Opts::new(name, "conferences whose people, or all of it, were forgotten"), &["what"])?;
        let name = "plenum_conference_expiry_failures_total";
        let failures = IntCounter::new(name, "conferences that could not be forgotten; they are tried again")?;
        registry.register(Box::new(done.clone()))?;
        registry.register(Box::new(failures.clone()))?;
        let (people, everything) = (done.with_label_values(&["people"]), done.with_label_values(&["everything"]));
        Ok(Self { people, everything, failures })
    }

    pub(super) fn forgotten(&self, what: Forgetting) {
        match what {
            Forgetting::People => self.people.inc(),
            Forgetting::Everything => self.everything.inc(),
        }
    }
}

/// The first day that may have something left; 0: not looked yet.
pub(super) type SweptTo = Arc<AtomicI64>;

fn day_of(moment: i64) -> i64 {
    moment.div_euclid(DAY_MS)
}

impl Conferences {
    /// The moment at which people are forgotten if nothing happens any more, milliseconds since 1970; `None`: never.
    #[must_use]
    pub fn expires_at(&self, view: &ConferenceView) -> Option<i64> {
        let days = i64::from(view.info.expires_after_days.unwrap_or(self.config.expires_after_days));
        (days > 0).then(|| view.changed_at.saturating_add(days.saturating_mul(DAY_MS)))
    }

    async fn put_expiry(&self, day: i64, id: ConferenceId, is_deletion: bool) -> Result<(), Refusal> {
        let row = ConferenceExpiry { day, conference_id: id, is_deletion };
        let put = vec![Mutation::Put(row.to_row())];
        self.parts.store.write(ConferenceExpiry::TABLE, put).await.map_err(unavailable)
    }

    /// Puts a conference into the list of its day.
    pub(super) async fn schedule(&self, view: &ConferenceView) -> Result<(), Refusal> {
        match self.expires_at(view) {
            Some(at) => self.put_expiry(day_of(at) + 1, view.id, false).await,
            None => Ok(()),
        }
    }

    /// Puts it into today's list, so that what is begun now is gone on with.
    pub(super) async fn schedule_now(&self, id: ConferenceId, what: Forgetting) -> Result<(), Refusal> {
        self.put_expiry(day_of(self.parts.clock.wall()), id, what == Forgetting::Everything).await
    }

    /// Looks at the days that have come; answers how many conferences were looked at, at most `sweep_batch`.
    ///
    /// # Errors
    /// `unavailable`: nothing is lost, the next sweep begins there.
    pub async fn sweep_expired(&self) -> Result<usize, Refusal> {
        let today = day_of(self.parts.clock.wall());
        let begun = self.swept_to.load(Ordering::Relaxed);
        let mut day = if begun == 0 { today - LOOK_BACK } else { begun };
        let mut seen = 0;
        while day <= today && seen < self.config.sweep_batch {
            let (left, looked) = self.sweep_day(day, self.config.sweep_batch - seen).await?;
            seen += looked;
            if left {
                break;
            }
            day += 1;
        }
        // Today's list may still grow.
        self.swept_to.store(day.min(today), Ordering::Relaxed);
        Ok(seen)
    }

    /// Looks at the list of a day; answers whether some are left, and how many were looked at.
    async fn sweep_day(&self, day: i64, most: usize) -> Result<(bool, usize), Refusal> {
        let (mut after, mut looked, mut is_left) = (None, 0, false);
        while looked < most {
            let (store, partition) = (&self.parts.store, vec![day.to_value()]);
            let limit = (most - looked).min(100);
            let rows = store.scan(ConferenceExpiry::TABLE, partition, after, Direction::Forward, limit).await;
            let rows = rows.map_err(unavailable)?;
            let Some(last) = rows.last().cloned() else { return Ok((is_left, looked)) };
            let last = ConferenceExpiry::from_row(last).map_err(|error| damaged(&error))?;
            for row in rows {
                let row = ConferenceExpiry::from_row(row).map_err(|error| damaged(&error))?;
                let id = row.conference_id;
                looked += 1;
                if let Err(refusal) = self.expire(row).await {
                    tracing::warn!(conference = %id, %refusal, "a conference is not forgotten yet");
                    self.metrics.failures.inc();
                    is_left = true;
                }
            }
            after = Some(vec![last.conference_id.to_value()]);
        }
        Ok((true, looked))
    }

    /// One conference of a list that has come.
    async fn expire(&self, row: ConferenceExpiry) -> Result<(), Refusal> {
        let id = row.conference_id;
        let is_done = if row.is_deletion {
            self.forget(id, Forgetting::Everything).await?
        } else {
            match self.raw_view(id, None).await {
                Ok(view) if view.anonymised => self.forget(id, Forgetting::People).await?,
                Ok(view) => match self.expires_at(&view) {
                    Some(at) if at > self.parts.clock.wall() => {
                        self.schedule(&view).await?;
                        true
                    }
                    // What its host has asked for on a day has no other reason.
                    Some(_) => self.forget(id, Forgetting::People).await?,
                    None => true,
                },
                Err(refusal) if refusal.code == RefusalCode::NotFound => true,
                Err(refusal) => return Err(refusal),
            }
        };
        if !is_done {
            return Err(Refusal::new(RefusalCode::Busy, "its logs are not empty yet"));
        }
        let gone = vec![Mutation::Delete(vec![row.day.to_value(), id.to_value()])];
        self.parts.store.write(ConferenceExpiry::TABLE, gone).await.map_err(unavailable)
    }

    /// Forgets what has expired, for as long as it runs.
    pub async fn run_expiry(self) {
        loop {
            tokio::time::sleep(Duration::from_secs(self.config.sweep_every_s)).await;
            if let Err(refusal) = self.sweep_expired().await {
                tracing::warn!(%refusal, "expired conferences could not be looked for");
            }
        }
    }
}
