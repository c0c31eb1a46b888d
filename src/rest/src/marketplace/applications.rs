use super::view::ApplicationAnswer;
use crate::admin::Admin;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode, UserId};
use serde::{Deserialize, Serialize};

/// Which applications.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `pending`: only those that wait.
    status: Option<String>,
}

/// A page of applications.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SellerApplicationPage)]
pub(crate) struct Page {
    items: Vec<ApplicationAnswer>,
    next_cursor: Option<String>,
}

/// Who asks to sell
#[utoipa::path(get, path = "/marketplace/seller-applications", tag = "marketplace", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Admin, state: web::Data<RestState>, page: Query<PageQuery>, which: Query<Which>) -> Answer {
    let invalid = |field: &'static str, message: &'static str| Refusal::field(RefusalCode::Invalid, field, message);
    let pending_only = match which.0.status.as_deref() {
        None | Some("") => false,
        Some("pending") => true,
        Some(_) => return Err(invalid("status", "pending is expected, or nothing").into()),
    };
    let wrong = |_| invalid("cursor", "this is no cursor of this list");
    let after: Option<UserId> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let found = state.market.applications(pending_only, page.0.limit()?, after).await?;
    let items = found.items.into_iter().map(ApplicationAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next.map(|id| id.to_string()) }))
}
