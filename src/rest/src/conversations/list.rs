use super::view::{ConversationView, views};
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use serde::{Deserialize, Serialize};

/// Which conversations.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Which {
    /// The archived ones instead of the others.
    #[param(required = false)]
    archived: bool,
}

/// A page of conversations.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationPage)]
pub(crate) struct Conversations {
    items: Vec<ConversationView>,
    next_cursor: Option<String>,
}

/// The own conversations, the last active first
///
/// What becomes active while pages are read moves to the top: it neither repeats nor hides another one.
#[utoipa::path(get, path = "/messages/conversations", tag = "conversations", params(PageParams, Which), responses(
    (status = 200, description = "A page", body = Conversations),
))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    page: Query<PageQuery>,
    which: Query<Which>,
) -> Answer {
    let limit = page.0.limit()?;
    let cursor = page.0.cursor.as_deref();
    let listing = state.conversations.list(caller.user(), limit, cursor, which.0.archived).await?;
    let items = views(&state, listing.items).await?;
    Ok(HttpResponse::Ok().json(Conversations { items, next_cursor: listing.next }))
}
