use super::view::EventAnswer;
use crate::media::{ImageForm, count, is_admin, receive};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Caller, FileUpload, Id, etag};
use plenum_schema::EventId;
use plenum_services::images::Purpose;

/// Give an own event an image; the one before goes
#[utoipa::path(post, path = "/events/{id}/image", tag = "events",
    request_body(content = ImageForm, content_type = "multipart/form-data"),
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses((status = 200, description = "The event; `image` is its address", body = EventAnswer),
        (status = 403, description = "Another organizer's", body = crate::openapi::ProblemDocument),
        (status = 413, description = "The file is too large", body = crate::openapi::ProblemDocument),
        (status = 415, description = "It is no image that is taken", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<EventId>,
    body: FileUpload,
    request: HttpRequest,
) -> Answer {
    let (by, is_admin) = (caller.user(), is_admin(&state, &caller).await?);
    state.places.may_show_event(id.0, by, is_admin).await?;
    count(&state, by, &request)?;
    let _place = state.places.images.admit()?;
    let upload = receive(&state, body, Purpose::Event).await?;
    let event = state.places.set_event_image(id.0, by, is_admin, upload).await?;
    let event = EventAnswer::new(event, &state.events.seats(id.0).await?, Some(by));
    Ok(HttpResponse::Ok().insert_header(etag(event.version)).json(event))
}
