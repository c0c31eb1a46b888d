//! What checkers report.

use super::StatusBoard;
use super::domains::absent;
use crate::rows::{ATTEMPTS, contended};
use futures_util::stream::{self, StreamExt};
use plenum_actors::publication::{Class, Publication};
use plenum_schema::entities::{StatusDomain, StatusPeriod};
use plenum_schema::table::FieldValue;
use plenum_schema::wire::{DomainChecked, Signal};
use plenum_schema::{DomainId, Refusal, RefusalCode, Topic};

/// Reports of one request that are carried out at the same time: enough that one fsync covers many.
const AT_ONCE: usize = 32;

/// What a check found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// Of which domain.
    pub domain: DomainId,
    /// Whether it is blocked.
    pub is_blocked: bool,
}

/// A report that is on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reported {
    /// Of which domain.
    pub id: DomainId,
    /// Its name.
    pub domain: String,
    /// What was found.
    pub is_blocked: bool,
    /// The id of the check.
    pub scan: String,
    /// When, milliseconds since 1970.
    pub checked_at: i64,
}

impl StatusBoard {
    /// Writes a report down and tells every board.
    ///
    /// # Errors
    /// `notFound` naming `id`, `busy`, `unavailable`.
    pub async fn report(&self, report: Report) -> Result<Reported, Refusal> {
        for _ in 0..ATTEMPTS {
            let row = self.rows.get::<StatusDomain>(vec![report.domain.to_value()]).await?;
            let row = row.ok_or_else(|| Refusal { field: Some("id".to_owned()), ..absent() })?;
            let version = row.version;
            let checked = self.checked(row, report.is_blocked).await?;
            if self.rows.swap(&checked, version).await?.is_ok() {
                return Ok(self.told(checked, report.is_blocked));
            }
        }
        Err(contended())
    }

    /// Several reports, each answered by itself, in their order.
    ///
    /// # Errors
    /// `invalid` naming `updates` when there are none, `tooLarge` when there are too many.
    pub async fn report_all(&self, reports: Vec<Report>) -> Result<Vec<Result<Reported, Refusal>>, Refusal> {
        if reports.is_empty() {
            return Err(Refusal::field(RefusalCode::Invalid, "updates", "there is nothing to be reported"));
        }
        if reports.len() > self.config.reports {
            let text = format!("at most {} at a time", self.config.reports);
            return Err(Refusal::field(RefusalCode::TooLarge, "updates", text));
        }
        Ok(stream::iter(reports).map(|report| self.report(report)).buffered(AT_ONCE).collect().await)
    }

    /// The row after a check. The period that is over is in the history when this is done.
    async fn checked(&self, row: StatusDomain, is_blocked: bool) -> Result<StatusDomain, Refusal> {
        // A clock that goes back must not make a period end before it began.
        let now = self.clock.wall().max(row.checked_at.unwrap_or(0));
        let scan = Some(format!("scan_{now}"));
        let checked = StatusDomain {
            is_blocked: Some(is_blocked),
            scan,
            checked_at: Some(now),
            version: row.version + 1,
            ..row.clone()
        };
        if row.is_blocked == Some(is_blocked) {
            return Ok(checked);
        }
        if let (Some(was_blocked), Some(since)) = (row.is_blocked, row.since) {
            let over = StatusPeriod { domain_id: row.domain_id, number: row.period, is_blocked: was_blocked, since };
            self.rows.put(&over).await?;
            if let Some(oldest) = row.period.checked_sub(self.config.periods.max(1)).filter(|number| *number > 0) {
                self.rows.delete::<StatusPeriod>(vec![vec![row.domain_id.to_value(), oldest.to_value()]]).await?;
            }
        }
        Ok(StatusDomain { since: Some(now), period: row.period + 1, ..checked })
    }

    fn told(&self, row: StatusDomain, is_blocked: bool) -> Reported {
        let reported = Reported {
            id: row.domain_id,
            domain: row.domain,
            is_blocked,
            scan: row.scan.unwrap_or_default(),
            checked_at: row.checked_at.unwrap_or(0),
        };
        let signal = Signal::DomainChecked(DomainChecked {
            id: reported.id,
            domain: reported.domain.clone(),
            blocked: is_blocked,
            scan: reported.scan.clone(),
            at: reported.checked_at,
            version: u64::try_from(row.version).unwrap_or(0),
        });
        // Of one domain only the newest matters to who does not keep up.
        let (_, key) = reported.id.0.as_u64_pair();
        self.publisher.publish(vec![Publication::signal(Topic::Status, Class::Conflated(key), signal)]);
        reported
    }
}
