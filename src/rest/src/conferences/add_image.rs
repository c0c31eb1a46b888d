use crate::media::{ImageForm, count, receive};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Caller, FileUpload, Id};
use plenum_schema::ConferenceId;
use plenum_services::images::{Kept, Purpose};
use serde::Serialize;

/// A picture for questions.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = QuestionPicture)]
pub(crate) struct PictureAnswer {
    /// For `image` of a question or option.
    url: String,
    /// Pixels from left to right.
    width: i64,
    /// Pixels from top to bottom.
    height: i64,
}

/// Upload a picture for questions and options; for whoever runs the conference by their account
///
/// A question that names it as `image` must be saved soon (`images.grace_s`): what no question shows is removed.
#[utoipa::path(post, path = "/conference/{id}/images", tag = "conferences",
    request_body(content = ImageForm, content_type = "multipart/form-data"),
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "Its address", body = PictureAnswer),
        (status = 413, description = "The file is too large", body = crate::openapi::ProblemDocument),
        (status = 415, description = "It is no image that is taken", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    body: FileUpload,
    request: HttpRequest,
) -> Answer {
    let by = caller.user();
    state.conferences.may_prepare(&caller.0, id.0).await?;
    count(&state, by, &request)?;
    let _place = state.places.images.admit()?;
    let upload = receive(&state, body, Purpose::Question).await?;
    let Kept { url, width, height } = state.places.add_to_conference(id.0, by, upload).await?;
    Ok(HttpResponse::Created().json(PictureAnswer { url, width, height }))
}
