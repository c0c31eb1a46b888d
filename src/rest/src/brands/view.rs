//! Brands as REST shows them.

use crate::moment::rfc3339;
use plenum_schema::BrandId;
use plenum_services::status_board::{BrandChange, BrandView};
use serde::{Deserialize, Serialize};

/// A brand.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Brand)]
pub(crate) struct BrandAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: BrandId,
    name: String,
    code: String,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

impl From<BrandView> for BrandAnswer {
    fn from(brand: BrandView) -> Self {
        let BrandView { id, name, code, created_at, updated_at, version } = brand;
        Self { id, name, code, created_at, updated_at, version }
    }
}

/// A brand as it is wanted. When changing, absent members stay.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = BrandBody)]
pub(crate) struct BrandBody {
    /// 1 to 80 characters; unique whatever the case.
    name: Option<String>,
    /// 1 to 20 letters, digits, dashes and underscores; unique, kept in capitals.
    code: Option<String>,
}

impl From<BrandBody> for BrandChange {
    fn from(body: BrandBody) -> Self {
        Self { name: body.name, code: body.code }
    }
}
