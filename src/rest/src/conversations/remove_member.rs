use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, UserInPath};
use plenum_schema::{ConversationId, UserId};

/// Remove somebody from a group, or leave it (with the own id)
#[utoipa::path(delete, path = "/conversations/{id}/members/{userId}", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation"),
        ("userId" = uuid::Uuid, Path, description = "Who goes")),
    responses((status = 204, description = "No member any more")))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    user: UserInPath<UserId>,
) -> Answer {
    state.conversations.remove_member(caller.user(), id.0, user.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
