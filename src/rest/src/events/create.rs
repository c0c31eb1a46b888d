use super::body::EventBody;
use super::view::EventAnswer;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, IdempotencyKey, Reply, once};
use plenum_schema::EventId;
use plenum_services::idempotency::Request;

/// Make an event
#[utoipa::path(post, path = "/events", tag = "events", request_body = EventBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Made", body = EventAnswer)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, key: IdempotencyKey, body: Body<EventBody>) -> Answer {
    let user = caller.user();
    let request = key.0.map(|key| Request::new(user.0.as_bytes(), &key, "POST events", &body.raw));
    let id = request.and_then(|request| request.client_ref().parse::<EventId>().ok());
    let idempotency = state.idempotency.clone();
    let act = async move {
        let made = state.events.create(body.value.try_into()?, user, id).await?;
        let seats = state.events.seats(made.row.event_id).await?;
        Reply::json(StatusCode::CREATED, &EventAnswer::new(made, &seats, Some(user)))
    };
    once(&idempotency, request, act).await
}
