use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Caller, Id, MaybeBody, has_ignored_members};
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

/// How far the caller has come. Nothing at all means: everything has been read. Other members alone are refused.
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
    request: HttpRequest,
) -> Answer {
    let read = match body.0 {
        // A misspelt member must not mark everything as read.
        MarkBody { read: None, delivered: None } if has_ignored_members(&request) => {
            return Err(
                Refusal::field(RefusalCode::Invalid, "read", "the body names neither read nor delivered").into()
            );
        }
        MarkBody { read: None, delivered: None } => Some(Offset::MAX),
        MarkBody { read, .. } => read,
    };
    let marked = state.conversations.mark(caller.user(), id.0, body.0.delivered, read).await?.marked;
    Ok(HttpResponse::Ok().json(MarksAnswer { read: marked.read, delivered: marked.delivered }))
}
