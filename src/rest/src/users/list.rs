use crate::admin::Admin;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::accounts::{AccountFilter, Profile, Role};
use serde::{Deserialize, Serialize};

/// Which accounts.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those whose name, e-mail address, telephone number or user name holds this text, whatever its case.
    q: Option<String>,
    /// Only those of this role: `user`, `host`, `speaker`, `seller`, `university` or `admin`.
    role: Option<String>,
}

/// A page of accounts, in an order that means nothing.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountPage)]
pub(crate) struct Page {
    items: Vec<Profile>,
    /// Where to go on: also when few fitted, since a page looks at a bounded number of accounts.
    next_cursor: Option<String>,
}

/// Find accounts
#[utoipa::path(get, path = "/users", tag = "administration", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Admin, state: web::Data<RestState>, page: Query<PageQuery>, which: Query<Which>) -> Answer {
    let invalid = |field: &'static str, message: &'static str| Refusal::field(RefusalCode::Invalid, field, message);
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let role = given(which.0.role).map(|word| word.parse::<Role>()).transpose();
    let role = role.map_err(|_| invalid("role", "a role is user, host, speaker, seller, university or admin"))?;
    let filter = AccountFilter { text: given(which.0.q), role };
    let wrong = |_| invalid("cursor", "this is no cursor of this list");
    let after: Option<UserId> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let found = state.accounts.search(&filter, after, page.0.limit()?).await?;
    let next_cursor = found.next.map(|id| id.to_string());
    Ok(HttpResponse::Ok().json(Page { items: found.items, next_cursor }))
}
