use super::view::{ConversationView, one};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id};
use plenum_schema::ConversationId;
use serde::Deserialize;

/// What members of a group may change about it.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = UpdateConversationBody)]
pub(crate) struct UpdateBody {
    /// 1 to 120 characters.
    title: String,
}

/// Change a group's title; for its admins and owner
#[utoipa::path(put, path = "/conversations/{id}", tag = "conversations", request_body = UpdateBody,
    params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation after the change", body = ConversationView)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    body: Body<UpdateBody>,
) -> Answer {
    state.conversations.set_title(caller.user(), id.0, body.value.title).await?;
    Ok(HttpResponse::Ok().json(one(&state, caller.user(), id.0).await?))
}
