use super::body::RoomBody;
use super::view::RoomAnswer;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, IdempotencyKey, Reply, once};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::conversations::NewRoom;
use plenum_services::idempotency::Request;

/// Make a room; the caller owns it
#[utoipa::path(post, path = "/rooms", tag = "rooms", request_body = RoomBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe; stands for an absent clientRef")),
    responses((status = 201, description = "Made", body = RoomAnswer),
        (status = 200, description = "It exists", body = RoomAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    mut body: Body<RoomBody>,
) -> Answer {
    let by = caller.user();
    let request = key.0.map(|key| Request::new(by.0.as_bytes(), &key, "POST rooms", &body.raw));
    let client_ref = body.value.client_ref.take().or_else(|| request.map(|request| request.client_ref()));
    let name = body.value.name.take();
    let name = name.ok_or_else(|| Refusal::field(RefusalCode::Invalid, "name", "name is required"))?;
    let idempotency = state.idempotency.clone();
    let act = async move {
        let room = NewRoom { name, info: body.value.info(), client_ref };
        let (room, is_existing) = state.conversations.create_room(by, room).await?;
        let status = if is_existing { StatusCode::OK } else { StatusCode::CREATED };
        Reply::json(status, &RoomAnswer::from(room))
    };
    once(&idempotency, request, act).await
}
