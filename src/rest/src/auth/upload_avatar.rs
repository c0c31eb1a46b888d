use crate::media::{AvatarForm, count, receive};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Caller, FileUpload, etag};
use plenum_services::accounts::Profile;
use plenum_services::images::Purpose;

/// Give the own account a picture; the one before goes
///
/// It is made anew from its pixels, at most so large as pages show it: nothing else of the file is kept.
#[utoipa::path(post, path = "/auth/upload-avatar", tag = "accounts",
    request_body(content = AvatarForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The profile; `avatar` is the address of the picture", body = Profile),
        (status = 413, description = "The file is too large", body = crate::openapi::ProblemDocument),
        (status = 415, description = "It is no image that is taken", body = crate::openapi::ProblemDocument),
        (status = 422, description = "It is damaged, or has too many pixels", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, body: FileUpload, request: HttpRequest) -> Answer {
    count(&state, caller.user(), &request)?;
    let _place = state.places.images.admit()?;
    let upload = receive(&state, body, Purpose::Avatar).await?;
    let profile = state.places.set_avatar(caller.0, upload).await?;
    Ok(HttpResponse::Ok().insert_header(etag(profile.version)).json(profile))
}
