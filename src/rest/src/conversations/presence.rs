use super::members::after;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, PageQuery, Query};
use plenum_schema::{ConversationId, UserId};
use serde::Serialize;

/// Who of a conversation is online.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationPresence)]
pub(crate) struct ConversationPresence {
    /// How many members there are.
    members: usize,
    /// How many of them are online.
    online: usize,
    /// The ids of those who are: a page.
    #[schema(value_type = Vec<String>)]
    items: Vec<UserId>,
    next_cursor: Option<String>,
}

/// How many members are online, and who
///
/// The numbers are of all members, the ids a page in their order.
#[utoipa::path(get, path = "/conversations/{id}/presence", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation"), PageParams),
    responses((status = 200, description = "The numbers and a page of ids", body = ConversationPresence)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    page: Query<PageQuery>,
) -> Answer {
    let (limit, after) = (page.0.limit()?, after(&page.0)?);
    let found = state.conversations.presence_in(caller.user(), id.0, after, limit).await?;
    let last = found.items.last().filter(|_| found.has_more);
    Ok(HttpResponse::Ok().json(ConversationPresence {
        members: found.members,
        online: found.online,
        next_cursor: last.map(UserId::to_string),
        items: found.items,
    }))
}
