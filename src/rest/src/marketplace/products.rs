use super::view::{ProductAnswer, shown};
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, OptionalCaller, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::market::{ProductFilter, Sort};
use serde::{Deserialize, Serialize};

/// Which products, in which order.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those whose title or description holds this text.
    q: Option<String>,
    /// Only those of this category.
    category: Option<String>,
    /// Only those of the seller with this id. Sellers see their withdrawn ones, too.
    seller: Option<String>,
    /// Only those that cost at least so much, in the minor unit.
    min_price: Option<i64>,
    /// Only those that cost at most so much, in the minor unit.
    max_price: Option<i64>,
    /// `newest` (when absent), `price`, `-price` or `title`.
    sort: Option<String>,
}

/// A page of products.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProductPage)]
pub(crate) struct Page {
    items: Vec<ProductAnswer>,
    next_cursor: Option<String>,
}

fn invalid(field: &'static str, message: &'static str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn sort(text: Option<&str>) -> Result<Sort, Refusal> {
    match text {
        None | Some("" | "newest" | "-createdAt") => Ok(Sort::Newest),
        Some("price" | "price_asc") => Ok(Sort::Cheapest),
        Some("-price" | "price_desc") => Ok(Sort::Dearest),
        Some("title" | "name") => Ok(Sort::Title),
        Some(_) => Err(invalid("sort", "newest, price, -price or title is expected")),
    }
}

/// What is offered
#[utoipa::path(get, path = "/marketplace/products", tag = "marketplace", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(
    caller: OptionalCaller,
    state: web::Data<RestState>,
    page: Query<PageQuery>,
    which: Query<Which>,
) -> Answer {
    let Which { q, category, seller, min_price, max_price, sort: order } = which.0;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let seller = given(seller).map(|text| text.parse::<UserId>()).transpose();
    let filter = ProductFilter {
        text: given(q),
        category: given(category),
        seller: seller.map_err(|_| invalid("seller", "the id of a seller is expected"))?,
        min_price,
        max_price,
        sort: sort(order.as_deref())?,
        asked_by: caller.0.map(|identity| identity.user),
    };
    let wrong = |_| invalid("cursor", "this is no cursor of this list");
    let from: usize = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?.unwrap_or(0);
    let found = state.market.products(&filter, page.0.limit()?, from).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for product in found.items {
        items.push(ProductAnswer::from(shown(&state, product, filter.asked_by).await?));
    }
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next.map(|next| next.to_string()) }))
}
