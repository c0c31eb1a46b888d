use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, IfMatch, Problem, etag};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::accounts::{Profile, ProfileUpdate};

/// Change the own profile
///
/// Absent members stay as they are, an empty text removes one. Members that only the server sets are ignored and named in
/// `Ignored-Fields`.
#[utoipa::path(put, path = "/auth/update-profile", tag = "accounts", request_body = ProfileUpdate,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The profile after the change", body = Profile),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, seen: IfMatch, body: Body<ProfileUpdate>) -> Answer {
    let version = seen.expected()?;
    let updated = state.accounts.update_profile(caller.0, body.value, version).await;
    let profile = updated.map_err(lost_update)?;
    Ok(HttpResponse::Ok().insert_header(etag(profile.version)).json(profile))
}

/// A version that is another by now is what `If-Match` asks about.
pub(crate) fn lost_update(refusal: Refusal) -> Problem {
    let is_version = refusal.code == RefusalCode::Conflict && refusal.field.as_deref() == Some("version");
    if is_version { Problem::precondition_failed() } else { refusal.into() }
}
