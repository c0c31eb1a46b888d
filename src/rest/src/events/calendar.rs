use crate::state::RestState;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Id, reached_at};
use plenum_schema::EventId;

/// An event as a calendar file
#[utoipa::path(get, path = "/events/{id}/calendar", tag = "events",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses((status = 200, description = "iCalendar (RFC 5545)", content_type = "text/calendar", body = String)))]
pub async fn handle(state: web::Data<RestState>, id: Id<EventId>, request: HttpRequest) -> Answer {
    let reached = reached_at(&request);
    let host = reached.as_deref().and_then(|url| url.split_once("://")).map_or("plenum", |(_, host)| host);
    let file = state.events.calendar(id.0, host).await?;
    let name = format!("attachment; filename=\"event-{}.ics\"", id.0);
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, "text/calendar; charset=utf-8"));
    answer.insert_header((header::CONTENT_DISPOSITION, name));
    Ok(answer.body(file))
}
