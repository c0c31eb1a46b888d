use crate::conversations::members::{Members, page as members_page};
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, PageQuery, Query};
use plenum_schema::ConversationId;

/// Members of a room, in order of their ids; for members
#[utoipa::path(get, path = "/rooms/{id}/members", tag = "rooms",
    params(("id" = uuid::Uuid, Path, description = "The room"), PageParams),
    responses((status = 200, description = "A page", body = Members)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    page: Query<PageQuery>,
) -> Answer {
    Ok(HttpResponse::Ok().json(members_page(&state, caller.user(), id.0, &page.0).await?))
}
