//! What is said about products.

use super::view::ProductStatus;
use plenum_services::market::ProductChange;
use serde::Deserialize;

/// A product as it is wanted. When changing, absent members stay as they are and an empty text removes one.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ProductBody)]
pub(crate) struct ProductBody {
    /// One line, 1 to 120 characters; needed for a new one. Also read as `name`.
    #[serde(alias = "name")]
    title: Option<String>,
    /// At most 5,000 characters.
    description: Option<String>,
    /// At most 40 characters.
    category: Option<String>,
    /// Price of one in the currency's minor unit (cents); needed for a new one.
    price: Option<i64>,
    /// ISO 4217; needed for a new one.
    currency: Option<String>,
    /// Addresses of pictures, at most 10.
    images: Option<Vec<String>>,
    status: Option<ProductStatus>,
}

impl From<ProductBody> for ProductChange {
    fn from(body: ProductBody) -> Self {
        let ProductBody { title, description, category, price, currency, images, status } = body;
        let is_active = status.map(|status| status == ProductStatus::Active);
        Self { title, description, category, price, currency, images, is_active }
    }
}
