use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, MaybeBody};
use plenum_schema::{ConversationId, Offset};
use serde::{Deserialize, Serialize};

/// How far the caller has come. Nothing at all means: everything has been read.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = MarkBody)]
pub(crate) struct MarkBody {
    /// Everything up to this offset has been read; implies delivered.
    read: Option<Offset>,
    /// Everything up to this offset has reached a device.
    delivered: Option<Offset>,
}

/// The caller's marks after the request.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Marks)]
pub(crate) struct MarksAnswer {
    read: Offset,
    delivered: Offset,
}

/// Say how far you have received and read; positions only grow
#[utoipa::path(post, path = "/conversations/{id}/read", tag = "conversations", request_body = Option<MarkBody>,
    params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = 200, description = "The marks now", body = MarksAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    body: MaybeBody<MarkBody>,
) -> Answer {
    let read = match body.0 {
        MarkBody { read: None, delivered: None } => Some(Offset::MAX),
        MarkBody { read, .. } => read,
    };
    let marked = state.conversations.mark(caller.user(), id.0, body.0.delivered, read).await?.marked;
    Ok(HttpResponse::Ok().json(MarksAnswer { read: marked.read, delivered: marked.delivered }))
}
