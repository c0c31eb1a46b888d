//! How a domain stood when.

use super::StatusBoard;
use plenum_actors::store::Direction;
use plenum_schema::entities::{StatusDomain, StatusPeriod};
use plenum_schema::table::FieldValue;
use plenum_schema::{DomainId, Refusal};

/// The windows that uptime is told of, and their lengths in milliseconds.
pub const WINDOWS: &[(&str, i64)] =
    &[("24h", 86_400_000), ("7d", 7 * 86_400_000), ("30d", 30 * 86_400_000), ("90d", 90 * 86_400_000)];

/// Rows read at a time.
const SCAN: usize = 200;

/// A time in which every check found the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeriodView {
    /// 1, 2, 3, …
    pub number: u64,
    /// What the checks found.
    pub is_blocked: bool,
    /// When it began, milliseconds since 1970.
    pub from: i64,
    /// When it ended, milliseconds since 1970; `None`: it goes on.
    pub to: Option<i64>,
}

/// A page of periods.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryPage {
    /// The newest first.
    pub items: Vec<PeriodView>,
    /// Where to go on: below this number; `None` at the end.
    pub next: Option<u64>,
}

/// How long a domain was accessible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uptime {
    /// `24h`, `7d`, `30d` or `90d`.
    pub window: &'static str,
    /// Where the window begins, milliseconds since 1970.
    pub from: i64,
    /// Milliseconds of the window of which it is known: from the first check, or the oldest kept, to the last one.
    pub known_ms: i64,
    /// Milliseconds of those in which it was accessible.
    pub accessible_ms: i64,
}

impl StatusBoard {
    /// Periods below a number (`None`: from the one that goes on), the newest first, at most `limit` (1 to 100).
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn history(&self, id: DomainId, before: Option<u64>, limit: usize) -> Result<HistoryPage, Refusal> {
        let row = self.row(id).await?;
        let mut items = self.periods(&row, before, limit + 1).await?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|last| last.number);
        Ok(HistoryPage { items, next })
    }

    /// How long a domain was accessible in each of [`WINDOWS`], and what it is called.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn uptime(&self, id: DomainId) -> Result<Vec<Uptime>, Refusal> {
        let row = self.row(id).await?;
        let most = usize::try_from(self.config.periods).unwrap_or(usize::MAX).saturating_add(1);
        let periods = self.periods(&row, None, most).await?;
        let (now, known_until) = (self.clock.wall(), row.checked_at.unwrap_or(0));
        Ok(WINDOWS
            .iter()
            .map(|(window, length)| uptime(window, now.saturating_sub(*length), known_until, &periods))
            .collect())
    }

    async fn periods(&self, row: &StatusDomain, before: Option<u64>, most: usize) -> Result<Vec<PeriodView>, Refusal> {
        let mut found = Vec::new();
        let (mut end, mut below) = (None, before.unwrap_or(u64::MAX).min(row.period.saturating_add(1)));
        if let (Some(is_blocked), Some(from)) = (row.is_blocked, row.since) {
            if row.period < below {
                found.push(PeriodView { number: row.period, is_blocked, from, to: None });
                below = row.period;
            }
            if row.period == below {
                end = Some(from);
            }
        }
        // Of a page further down the end of the first one is the beginning of the one before it.
        if end.is_none() && below > 1 && below < row.period {
            let above = self.rows.get::<StatusPeriod>(vec![row.domain_id.to_value(), below.to_value()]).await?;
            end = above.map(|above| above.since);
        }
        while found.len() < most && below > 1 {
            let (partition, after) = (vec![row.domain_id.to_value()], Some(vec![below.to_value()]));
            let limit = SCAN.min(most - found.len());
            let page = self.rows.scan::<StatusPeriod>(partition, after, Direction::Backward, limit).await?;
            let is_end = page.len() < limit;
            for one in page {
                found.push(PeriodView { number: one.number, is_blocked: one.is_blocked, from: one.since, to: end });
                (end, below) = (Some(one.since), one.number);
            }
            if is_end {
                break;
            }
        }
        Ok(found)
    }
}

fn uptime(window: &'static str, from: i64, known_until: i64, periods: &[PeriodView]) -> Uptime {
    let mut sum = Uptime { window, from, known_ms: 0, accessible_ms: 0 };
    for period in periods {
        let (begin, end) = (period.from.max(from), period.to.unwrap_or(known_until).min(known_until));
        let length = end.saturating_sub(begin).max(0);
        sum.known_ms += length;
        if !period.is_blocked {
            sum.accessible_ms += length;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(number: u64, is_blocked: bool, from: i64, to: Option<i64>) -> PeriodView {
        PeriodView { number, is_blocked, from, to }
    }

    #[test]
    fn uptime_counts_what_is_known_within_the_window_and_nothing_else() {
        let periods = [period(3, false, 800, None), period(2, true, 500, Some(800)), period(1, false, 100, Some(500))];
        let of = |from| {
            let found = uptime("24h", from, 1_000, &periods);
            (found.known_ms, found.accessible_ms)
        };
        assert_eq!(of(0), (900, 600), "nothing is known before the first check");
        assert_eq!(of(400), (600, 300));
        assert_eq!(of(900), (100, 100));
        assert_eq!(of(2_000), (0, 0), "the last check was before the window");
    }

    #[test]
    fn a_domain_that_was_never_checked_has_no_uptime() {
        assert_eq!(uptime("7d", 0, 0, &[]).known_ms, 0);
    }
}
