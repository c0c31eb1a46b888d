//! What is shown of a domain.

use super::brands::BrandView;
use plenum_schema::entities::StatusDomain;
use plenum_schema::{BrandId, DomainId};
use std::collections::HashMap;

/// A domain and how it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DomainView {
    /// Which.
    pub id: DomainId,
    /// Its name.
    pub domain: String,
    /// Whose it is.
    pub brand: Option<BrandView>,
    /// What its admins note about it.
    pub noto: Option<String>,
    /// What the last check found; `None`: never checked.
    pub is_blocked: Option<bool>,
    /// The id of the last check.
    pub scan: Option<String>,
    /// When it was last checked, milliseconds since 1970.
    pub checked_at: Option<i64>,
    /// Since when every check has found the same, milliseconds since 1970.
    pub since: Option<i64>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When its admins last changed it, milliseconds since 1970.
    pub updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

/// A domain as checkers get it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToCheck {
    /// Which.
    pub id: DomainId,
    /// Its name.
    pub domain: String,
    /// The name of its brand.
    pub brand: Option<String>,
    /// What its admins note about it.
    pub noto: Option<String>,
}

/// Brands by their ids.
pub(super) type Brands = HashMap<BrandId, BrandView>;

pub(super) fn view(row: StatusDomain, brands: &Brands) -> DomainView {
    DomainView {
        id: row.domain_id,
        brand: row.brand_id.and_then(|id| brands.get(&id).cloned()),
        domain: row.domain,
        noto: row.noto,
        is_blocked: row.is_blocked,
        scan: row.scan,
        checked_at: row.checked_at,
        since: row.since,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.edition,
    }
}
