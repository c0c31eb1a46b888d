use super::view::{Seen, is_admin, place};
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::accounts::{AccountFilter, Member, Role};
use serde::{Deserialize, Serialize};

/// Which people.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those whose name or user name holds this text, whatever its case; for admins also the e-mail address and telephone number.
    q: Option<String>,
    /// Only those of this role: `user`, `host`, `speaker`, `seller`, `university` or `admin`.
    role: Option<String>,
    /// Only those of this field of study.
    field: Option<String>,
    /// Only those of this year of study.
    year: Option<i64>,
    /// `points`: those who have points, the most first. Absent: an order that means nothing.
    sort: Option<String>,
}

/// A page of people.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountPage)]
pub(crate) struct Page {
    #[schema(value_type = Vec<Member>)]
    items: Vec<Seen>,
    /// Where to go on: also when few fitted, since a page looks at a bounded number of accounts.
    next_cursor: Option<String>,
}

/// Find people
///
/// Admins see whole profiles of everybody; others see what people show who want to be listed.
#[utoipa::path(get, path = "/users", tag = "people", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    page: Query<PageQuery>,
    which: Query<Which>,
) -> Answer {
    let invalid = |field: &'static str, message: &'static str| Refusal::field(RefusalCode::Invalid, field, message);
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let is_admin = is_admin(&state, &caller).await?;
    let Which { q, role, field, year, sort } = which.0;
    let role = given(role).map(|word| word.parse::<Role>()).transpose();
    let role = role.map_err(|_| invalid("role", "a role is user, host, speaker, seller, university or admin"))?;
    let filter = AccountFilter { text: given(q), role, field: given(field), year, is_public: !is_admin };
    let no_cursor = || invalid("cursor", "this is no cursor of this list");
    let (limit, cursor) = (page.0.limit()?, page.0.cursor);
    let (items, next_cursor) = match given(sort).as_deref() {
        None => {
            let after: Option<UserId> = cursor.map(|text| text.parse().map_err(|_| no_cursor())).transpose()?;
            let found = state.accounts.search(&filter, after, limit).await?;
            (found.items, found.next.map(|id| id.to_string()))
        }
        Some("points") => {
            let after = cursor.map(|text| place(&text).ok_or_else(no_cursor)).transpose()?;
            let found = state.accounts.ranked(&filter, after, limit).await?;
            (found.items, found.next.map(|(points, user)| format!("{points}.{user}")))
        }
        Some(_) => return Err(invalid("sort", "sort is points, or absent").into()),
    };
    let items = items.into_iter().map(|profile| Seen::new(profile, is_admin)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
