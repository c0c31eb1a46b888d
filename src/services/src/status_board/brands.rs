//! Brands: made, changed, removed by admins. Who may do so is checked by the caller.

use super::domains::audit;
use super::names::Unique;
use super::{SCAN, StatusBoard};
use crate::rows::{ATTEMPTS, contended};
use crate::text;
use plenum_schema::entities::{Brand, StatusDomain};
use plenum_schema::table::FieldValue;
use plenum_schema::{BrandId, Refusal, RefusalCode, UserId};
use std::sync::atomic::{AtomicUsize, Ordering};

const NAME_CHARS: usize = 80;
const CODE_CHARS: usize = 20;

/// A brand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrandView {
    /// Which.
    pub id: BrandId,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

/// What a brand should be; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BrandChange {
    /// 1 to 80 characters.
    pub name: Option<String>,
    /// 1 to 20 letters, digits, dashes and underscores; capitals.
    pub code: Option<String>,
}

impl From<Brand> for BrandView {
    fn from(row: Brand) -> Self {
        let Brand { brand_id: id, name, code, created_at, updated_at, version } = row;
        Self { id, name, code, created_at, updated_at, version }
    }
}

fn invalid(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn checked_name(name: &str) -> Result<String, Refusal> {
    let name = text::name("name", name)?;
    let is_fine = !name.is_empty() && name.chars().count() <= NAME_CHARS;
    if is_fine { Ok(name) } else { Err(invalid("name", "a name has 1 to 80 characters")) }
}

fn checked_code(code: &str) -> Result<String, Refusal> {
    let code = text::compatible(code.trim()).to_ascii_uppercase();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_fine = (1..=CODE_CHARS).contains(&code.len()) && code.bytes().all(allowed);
    if is_fine { Ok(code) } else { Err(invalid("code", "a code has 1 to 20 letters, digits, dashes and underscores")) }
}

fn absent() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such brand")
}

/// The names of a brand.
fn names(name: &str, code: &str) -> [Unique; 2] {
    [Unique::brand(name), Unique::Code(code.to_owned())]
}

impl StatusBoard {
    async fn brand_count(&self) -> Result<&AtomicUsize, Refusal> {
        let count = async || Ok(AtomicUsize::new(self.all::<Brand>(self.config.brands).await?.len()));
        self.counts.brands.get_or_try_init(count).await
    }

    /// Makes a brand.
    ///
    /// # Errors
    /// `invalid` or `conflict` naming `name` or `code`, `limitReached`, `unavailable`.
    pub async fn create_brand(&self, change: BrandChange, by: UserId) -> Result<BrandView, Refusal> {
        let name = checked_name(&change.name.ok_or_else(|| invalid("name", "name is required"))?)?;
        let code = checked_code(&change.code.ok_or_else(|| invalid("code", "code is required"))?)?;
        let count = self.brand_count().await?;
        if count.load(Ordering::Relaxed) >= self.config.brands {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("at most {} brands", self.config.brands)));
        }
        let (id, now) = (BrandId(self.clock.new_id()), self.clock.wall());
        let wanted = names(&name, &code);
        let claims = self.claim_all(&wanted, id.0).await?;
        let row = Brand { brand_id: id, name, code, created_at: now, updated_at: now, version: 1 };
        self.rows.put(&row).await?;
        if !self.confirm(&claims).await? {
            self.rows.delete::<Brand>(vec![vec![id.to_value()]]).await?;
            self.give_up(&wanted, id.0).await;
            return Err(contended());
        }
        count.fetch_add(1, Ordering::Relaxed);
        audit("brand_created", id.0, by);
        self.tell_list();
        Ok(row.into())
    }

    /// The brand with this id.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn brand(&self, id: BrandId) -> Result<BrandView, Refusal> {
        self.rows.get::<Brand>(vec![id.to_value()]).await?.map(BrandView::from).ok_or_else(absent)
    }

    /// Brands beyond `after`, at most `limit`, in an order that means nothing.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn brands(&self, after: Option<BrandId>, limit: usize) -> Result<Vec<BrandView>, Refusal> {
        let rows = self.rows.sweep::<Brand>(after.map(|id| vec![id.to_value()]), limit.clamp(1, 1_000)).await?;
        Ok(rows.into_iter().map(BrandView::from).collect())
    }

    /// Changes a brand; `expected` is the version that the caller has seen, where that matters.
    ///
    /// # Errors
    /// `notFound`, `invalid` or `conflict` naming `name` or `code`, `conflict` naming `version`, `unavailable`.
    pub async fn change_brand(
        &self,
        id: BrandId,
        change: BrandChange,
        expected: Option<i64>,
        by: UserId,
    ) -> Result<BrandView, Refusal> {
        for _ in 0..ATTEMPTS {
            let row = self.rows.get::<Brand>(vec![id.to_value()]).await?.ok_or_else(absent)?;
            if expected.is_some_and(|expected| expected != row.version) {
                return Err(Refusal::field(RefusalCode::Conflict, "version", "it was changed since"));
            }
            let name = change.name.as_deref().map_or_else(|| Ok(row.name.clone()), checked_name)?;
            let code = change.code.as_deref().map_or_else(|| Ok(row.code.clone()), checked_code)?;
            let (old, new) = (names(&row.name, &row.code), names(&name, &code));
            let gained: Vec<Unique> = new.iter().filter(|one| !old.contains(one)).cloned().collect();
            let lost: Vec<Unique> = old.iter().filter(|one| !new.contains(one)).cloned().collect();
            let claims = self.claim_all(&gained, id.0).await?;
            let version = row.version;
            let changed = Brand { name, code, updated_at: self.clock.wall(), version: version + 1, ..row };
            if self.rows.swap(&changed, version).await?.is_err() {
                self.release(&claims).await;
                continue;
            }
            // A claim that was taken over before it came to its row leaves the name with both for the admins to see: it takes a pause
            // longer than the grace between two writes.
            if !self.confirm(&claims).await? {
                tracing::warn!(brand = %id, "a claim on a name was taken over while the brand was changed");
            }
            self.give_up(&lost, id.0).await;
            audit("brand_changed", id.0, by);
            self.tell_list();
            return Ok(changed.into());
        }
        Err(contended())
    }

    /// Removes a brand that no domain has.
    ///
    /// # Errors
    /// `notFound`, `conflict` while domains have it, `unavailable`.
    pub async fn remove_brand(&self, id: BrandId, by: UserId) -> Result<(), Refusal> {
        let row = self.rows.get::<Brand>(vec![id.to_value()]).await?.ok_or_else(absent)?;
        let count = self.brand_count().await?;
        // A domain that gets it at this moment shows no brand afterwards: nothing else hangs on it.
        let domains = self.all::<StatusDomain>(self.config.domains).await?;
        if domains.iter().any(|domain| domain.brand_id == Some(id)) {
            return Err(Refusal::new(RefusalCode::Conflict, "there are domains of this brand"));
        }
        self.rows.delete::<Brand>(vec![vec![id.to_value()]]).await?;
        self.give_up(&names(&row.name, &row.code), id.0).await;
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1)).ok();
        audit("brand_removed", id.0, by);
        self.tell_list();
        Ok(())
    }

    /// All rows of a small table, at most `most` and a few more.
    pub(super) async fn all<E: plenum_schema::table::Entity>(&self, most: usize) -> Result<Vec<E>, Refusal> {
        let mut found: Vec<E> = Vec::new();
        loop {
            let after = found.last().map(|row| row.to_row().into_iter().take(E::TABLE.key_len()).collect());
            let page = self.rows.sweep::<E>(after, SCAN).await?;
            let is_end = page.len() < SCAN;
            found.extend(page);
            if is_end || found.len() > most.saturating_add(SCAN) {
                return Ok(found);
            }
        }
    }
}
