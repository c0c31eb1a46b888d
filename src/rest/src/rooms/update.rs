use super::body::RoomBody;
use super::view::{RoomAnswer, tag};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id, IfMatch, Problem, etag};
use plenum_schema::{ConversationId, Refusal, RefusalCode};

/// Change a room; for its admins and owner
#[utoipa::path(put, path = "/rooms/{id}", tag = "rooms", request_body = RoomBody,
    params(("id" = uuid::Uuid, Path, description = "The room"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The room after the change", body = RoomAnswer),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    seen: IfMatch,
    mut body: Body<RoomBody>,
) -> Answer {
    let expected = seen.expected()?.map(|version| u64::try_from(version).unwrap_or(0));
    let name = body.value.name.take();
    let changed = state.conversations.change_room(caller.user(), id.0, expected, |title, info| {
        *title = name.unwrap_or_else(|| std::mem::take(title));
        body.value.change(info);
    });
    let room = changed.await.map_err(|refusal| lost_update(refusal, expected.is_some()))?;
    Ok(HttpResponse::Ok().insert_header(etag(tag(&room))).json(RoomAnswer::from(room)))
}

fn lost_update(refusal: Refusal, was_conditional: bool) -> Problem {
    let is_version = refusal.code == RefusalCode::Conflict && refusal.field.as_deref() == Some("version");
    if is_version && was_conditional { Problem::precondition_failed() } else { refusal.into() }
}
