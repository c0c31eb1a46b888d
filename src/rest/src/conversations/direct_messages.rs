use super::messages::{Messages, Part, page};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Query, UserInPath};
use plenum_schema::{ConversationId, UserId};

/// Events of the direct conversation with a person
#[utoipa::path(get, path = "/messages/direct/{userId}", tag = "conversations",
    params(("userId" = uuid::Uuid, Path, description = "The other person"), Part),
    responses((status = 200, description = "A page, oldest first", body = Messages)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    user: UserInPath<UserId>,
    part: Query<Part>,
) -> Answer {
    let id = ConversationId::direct(caller.user(), user.0);
    Ok(HttpResponse::Ok().json(page(&state, caller.user(), id, part.0).await?))
}
