use super::body::ConferenceBody;
use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, IfMatch, Problem, etag};
use plenum_schema::{ConferenceId, Refusal, RefusalCode};

/// Change a conference; for whoever runs it
#[utoipa::path(put, path = "/conference/{id}", tag = "conferences", request_body = ConferenceBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The conference after the change", body = ConferenceAnswer),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    seen: IfMatch,
    body: Body<ConferenceBody>,
) -> Answer {
    let expected = seen.expected()?.map(|version| u64::try_from(version).unwrap_or(0));
    let change = Box::new(move |info: &mut _| body.value.change(info));
    let changed = state.conferences.change(&guest.0, id.0, expected, change).await;
    let view = changed.map_err(|refusal| lost_update(refusal, expected.is_some()))?;
    let tag = i64::try_from(view.version).unwrap_or(0);
    Ok(HttpResponse::Ok().insert_header(etag(tag)).json(ConferenceAnswer::of(&state, view, Some(&guest.0)).await?))
}

/// What somebody changed who had said which version they had read is 412; for everybody else it is a conflict.
pub(super) fn lost_update(refusal: Refusal, was_conditional: bool) -> Problem {
    let is_version = refusal.code == RefusalCode::Conflict && refusal.field.as_deref() == Some("version");
    if is_version && was_conditional { Problem::precondition_failed() } else { refusal.into() }
}
