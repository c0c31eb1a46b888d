//! Domains as REST shows them.

use crate::brands::view::BrandAnswer;
use crate::moment::{rfc3339, rfc3339_option};
use plenum_schema::DomainId;
use plenum_schema::view::nawala_status;
use plenum_services::status_board::DomainView;
use serde::Serialize;

/// What the last check has found.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Nawala)]
pub(crate) struct NawalaAnswer {
    /// `ada` (blocked), `tidak ada` (accessible), or null before the first check.
    pub status: Option<&'static str>,
    /// The id of the check: `scan_` and the time.
    pub blocked_id: Option<String>,
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_checked: Option<i64>,
}

/// A domain and how it stands.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Domain)]
pub(crate) struct DomainAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: DomainId,
    domain: String,
    brand: Option<BrandAnswer>,
    /// What its admins note about it.
    noto: Option<String>,
    nawala: NawalaAnswer,
    /// Since when every check has found the same.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<i64>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    /// When its admins last changed it.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
    /// Of what its admins say; checks do not change it. For `If-Match`.
    pub version: i64,
}

impl From<DomainView> for DomainAnswer {
    fn from(domain: DomainView) -> Self {
        Self {
            id: domain.id,
            domain: domain.domain,
            brand: domain.brand.map(BrandAnswer::from),
            noto: domain.noto,
            nawala: NawalaAnswer {
                status: domain.is_blocked.map(nawala_status),
                blocked_id: domain.scan,
                last_checked: domain.checked_at,
            },
            since: domain.since,
            created_at: domain.created_at,
            updated_at: domain.updated_at,
            version: domain.version,
        }
    }
}
