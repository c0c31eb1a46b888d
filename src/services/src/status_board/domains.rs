//! Domains: made, changed, removed by admins, listed for everybody. Who may do so is checked by the caller.

use super::names::Unique;
use super::view::{Brands, view};
use super::{DomainView, SCAN, StatusBoard, ToCheck};
use crate::rows::{ATTEMPTS, contended};
use plenum_actors::store::Direction;
use plenum_schema::entities::{Brand, StatusDomain, StatusPeriod};
use plenum_schema::table::FieldValue;
use plenum_schema::{BrandId, DomainId, Refusal, RefusalCode, UserId};
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::info;
use uuid::Uuid;

const NOTO_CHARS: usize = 500;
/// Longest name of a domain (RFC 1035 §3.1), and of one of its labels.
const DOMAIN_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;
/// Rows looked at for one page: a filter that fits little gets short pages, not long waits.
const LOOK: usize = 2_000;

/// What a domain should be; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DomainChange {
    /// The name of the host.
    pub domain: Option<String>,
    /// Whose it is; inside `None`: nobody's.
    pub brand: Option<Option<BrandId>>,
    /// What its admins note about it, at most 500 characters; inside `None`: nothing.
    pub noto: Option<Option<String>>,
}

/// Which domains are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DomainFilter {
    /// Only those of this brand.
    pub brand: Option<BrandId>,
    /// Only those that the last check found so.
    pub is_blocked: Option<bool>,
    /// Only those whose name holds this text.
    pub text: Option<String>,
}

/// A page of domains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainPage {
    /// Domains in an order that means nothing.
    pub items: Vec<DomainView>,
    /// Where to go on; `None` at the end.
    pub next: Option<DomainId>,
}

impl DomainFilter {
    fn fits(&self, row: &StatusDomain) -> bool {
        self.brand.is_none_or(|brand| row.brand_id == Some(brand))
            && self.is_blocked.is_none_or(|is_blocked| row.is_blocked == Some(is_blocked))
            && self.text.as_ref().is_none_or(|text| row.domain.contains(&text.to_lowercase()))
    }
}

/// What an admin did, for the log.
pub(super) fn audit(event: &'static str, what: Uuid, by: UserId) {
    info!(target: "security", event, outcome = "ok", %what, %by);
}

fn invalid(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

/// The name of a host in lower case. What people paste before and behind it, a scheme and a slash, is dropped.
fn checked_domain(text: &str) -> Result<String, Refusal> {
    let lower = text.trim().to_lowercase();
    let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let bare = bare.trim_end_matches('/').trim_end_matches('.');
    let letter = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let label = |label: &str| {
        (1..=LABEL_BYTES).contains(&label.len())
            && label.chars().all(letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_fine = bare.len() <= DOMAIN_BYTES && bare.contains('.') && bare.split('.').all(label);
    if is_fine {
        Ok(bare.to_owned())
    } else {
        Err(invalid("domain", "the name of a host such as example.org is expected"))
    }
}

fn checked_noto(noto: Option<String>) -> Result<Option<String>, Refusal> {
    match noto.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) {
        Some(text) if text.chars().count() > NOTO_CHARS => {
            Err(invalid("noto", format!("at most {NOTO_CHARS} characters")))
        }
        Some(text) if text.chars().any(|c| c.is_control() && c != '\n') => {
            Err(invalid("noto", "control characters are not allowed"))
        }
        noto => Ok(noto),
    }
}

pub(super) fn absent() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such domain")
}

impl StatusBoard {
    async fn domain_count(&self) -> Result<&AtomicUsize, Refusal> {
        let count = async || Ok(AtomicUsize::new(self.all::<StatusDomain>(self.config.domains).await?.len()));
        self.counts.domains.get_or_try_init(count).await
    }

    async fn known_brand(&self, brand: Option<BrandId>) -> Result<Option<BrandId>, Refusal> {
        let Some(id) = brand else { return Ok(None) };
        let found = self.rows.get::<Brand>(vec![id.to_value()]).await?;
        found.map(|brand| Some(brand.brand_id)).ok_or_else(|| invalid("brand", "there is no such brand"))
    }

    async fn all_brands(&self) -> Result<Brands, Refusal> {
        let rows = self.all::<Brand>(self.config.brands).await?;
        Ok(rows.into_iter().map(|row| (row.brand_id, row.into())).collect())
    }

    async fn shown(&self, row: StatusDomain) -> Result<DomainView, Refusal> {
        let mut brands = Brands::new();
        if let Some(id) = row.brand_id
            && let Some(brand) = self.rows.get::<Brand>(vec![id.to_value()]).await?
        {
            brands.insert(id, brand.into());
        }
        Ok(view(row, &brands))
    }

    pub(super) async fn row(&self, id: DomainId) -> Result<StatusDomain, Refusal> {
        self.rows.get::<StatusDomain>(vec![id.to_value()]).await?.ok_or_else(absent)
    }

    /// Puts a domain on the board.
    ///
    /// # Errors
    /// `invalid` naming `domain`, `brand` or `noto`, `conflict` naming `domain`, `limitReached`, `unavailable`.
    pub async fn create_domain(&self, change: DomainChange, by: UserId) -> Result<DomainView, Refusal> {
        let domain = checked_domain(&change.domain.ok_or_else(|| invalid("domain", "domain is required"))?)?;
        let noto = checked_noto(change.noto.flatten())?;
        let brand_id = self.known_brand(change.brand.flatten()).await?;
        let count = self.domain_count().await?;
        if count.load(Ordering::Relaxed) >= self.config.domains {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("at most {} domains", self.config.domains)));
        }
        let (id, now) = (DomainId(self.clock.new_id()), self.clock.wall());
        let wanted = [Unique::Domain(domain.clone())];
        let claims = self.claim_all(&wanted, id.0).await?;
        let row = StatusDomain {
            domain_id: id,
            domain,
            brand_id,
            noto,
            is_blocked: None,
            scan: None,
            checked_at: None,
            since: None,
            period: 0,
            created_at: now,
            updated_at: now,
            edition: 1,
            version: 1,
        };
        self.rows.put(&row).await?;
        if !self.confirm(&claims).await? {
            self.rows.delete::<StatusDomain>(vec![vec![id.to_value()]]).await?;
            self.give_up(&wanted, id.0).await;
            return Err(contended());
        }
        count.fetch_add(1, Ordering::Relaxed);
        audit("domain_created", id.0, by);
        self.tell_list();
        self.shown(row).await
    }

    /// The domain with this id.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn domain(&self, id: DomainId) -> Result<DomainView, Refusal> {
        let row = self.row(id).await?;
        self.shown(row).await
    }

    /// Domains beyond `after`, at most `limit`; perhaps fewer though more follow.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn domains(
        &self,
        filter: &DomainFilter,
        limit: usize,
        mut after: Option<DomainId>,
    ) -> Result<DomainPage, Refusal> {
        let brands = self.all_brands().await?;
        let (mut items, mut looked) = (Vec::new(), 0);
        loop {
            let rows = self.rows.sweep::<StatusDomain>(after.map(|id| vec![id.to_value()]), SCAN).await?;
            let is_end = rows.len() < SCAN;
            for row in rows {
                if items.len() == limit || looked >= LOOK {
                    return Ok(DomainPage { items, next: after });
                }
                (looked, after) = (looked + 1, Some(row.domain_id));
                if filter.fits(&row) {
                    items.push(view(row, &brands));
                }
            }
            if is_end {
                return Ok(DomainPage { items, next: None });
            }
        }
    }

    /// Everything that checkers look at.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn to_check(&self) -> Result<Vec<ToCheck>, Refusal> {
        let brands = self.all_brands().await?;
        let rows = self.all::<StatusDomain>(self.config.domains).await?;
        let to_check = |row: StatusDomain| ToCheck {
            id: row.domain_id,
            domain: row.domain,
            brand: row.brand_id.and_then(|id| brands.get(&id)).map(|brand| brand.name.clone()),
            noto: row.noto,
        };
        Ok(rows.into_iter().map(to_check).collect())
    }

    /// Changes a domain; `expected` is the version that the caller has seen, where that matters.
    ///
    /// # Errors
    /// `notFound`, `invalid` naming `domain`, `brand` or `noto`, `conflict` naming `domain` or `version`, `unavailable`.
    pub async fn change_domain(
        &self,
        id: DomainId,
        change: DomainChange,
        expected: Option<i64>,
        by: UserId,
    ) -> Result<DomainView, Refusal> {
        let domain = change.domain.as_deref().map(checked_domain).transpose()?;
        let noto = change.noto.map(checked_noto).transpose()?;
        let brand = match change.brand {
            Some(brand) => Some(self.known_brand(brand).await?),
            None => None,
        };
        for _ in 0..ATTEMPTS {
            let row = self.row(id).await?;
            if expected.is_some_and(|expected| expected != row.edition) {
                return Err(Refusal::field(RefusalCode::Conflict, "version", "it was changed since"));
            }
            let old = row.domain.clone();
            let new = domain.clone().unwrap_or_else(|| old.clone());
            let gained: Vec<Unique> =
                Some(new.clone()).filter(|new| *new != old).map(Unique::Domain).into_iter().collect();
            let claims = self.claim_all(&gained, id.0).await?;
            let version = row.version;
            let changed = StatusDomain {
                domain: new,
                brand_id: brand.unwrap_or(row.brand_id),
                noto: noto.clone().unwrap_or_else(|| row.noto.clone()),
                updated_at: self.clock.wall(),
                edition: row.edition + 1,
                version: version + 1,
                ..row
            };
            if self.rows.swap(&changed, version).await?.is_err() {
                self.release(&claims).await;
                continue;
            }
            if !self.confirm(&claims).await? {
                tracing::warn!(domain = %id, "a claim on a name was taken over while the domain was changed");
            }
            if !gained.is_empty() {
                self.give_up(&[Unique::Domain(old)], id.0).await;
            }
            audit("domain_changed", id.0, by);
            self.tell_list();
            return self.shown(changed).await;
        }
        Err(contended())
    }

    /// Takes a domain off the board, with its history.
    ///
    /// # Errors
    /// `notFound`, `unavailable` (call again: what is left is removed then).
    pub async fn remove_domain(&self, id: DomainId, by: UserId) -> Result<(), Refusal> {
        let row = self.row(id).await?;
        let count = self.domain_count().await?;
        // The history first: the row is what the domain is found by.
        loop {
            let partition = vec![id.to_value()];
            let periods = self.rows.scan::<StatusPeriod>(partition, None, Direction::Forward, 200).await?;
            let is_end = periods.len() < 200;
            let keys = periods.iter().map(|period| vec![id.to_value(), period.number.to_value()]).collect();
            self.rows.delete::<StatusPeriod>(keys).await?;
            if is_end {
                break;
            }
        }
        self.rows.delete::<StatusDomain>(vec![vec![id.to_value()]]).await?;
        self.give_up(&[Unique::Domain(row.domain)], id.0).await;
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1)).ok();
        audit("domain_removed", id.0, by);
        self.tell_list();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_one_form_whatever_is_pasted() {
        for text in ["example.org", " Example.ORG ", "https://example.org/", "http://example.org", "example.org."] {
            assert_eq!(checked_domain(text).as_deref(), Ok("example.org"), "{text}");
        }
        assert_eq!(checked_domain("b\u{fc}cher.example").as_deref(), Ok("b\u{fc}cher.example"));
    }

    #[test]
    fn what_no_host_is_called_is_refused() {
        let long = format!("{}.org", "a".repeat(64));
        for text in ["", "localhost", "a b.org", "example.org/path", "-a.org", "a-.org", "a..org", "x@y.org", &long] {
            assert_eq!(checked_domain(text).unwrap_err().field.as_deref(), Some("domain"), "{text}");
        }
    }
}
