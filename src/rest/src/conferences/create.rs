use super::body::ConferenceBody;
use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, IdempotencyKey, Reply, once};
use plenum_services::conferences::NewConference;
use plenum_services::idempotency::Request;

/// Make a conference; the caller is its host
#[utoipa::path(post, path = "/conference", tag = "conferences", request_body = ConferenceBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe; stands for an absent clientRef")),
    responses((status = 201, description = "Made", body = ConferenceAnswer),
        (status = 200, description = "It exists", body = ConferenceAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    mut body: Body<ConferenceBody>,
) -> Answer {
    let request = key.0.map(|key| Request::new(caller.user().0.as_bytes(), &key, "POST conference", &body.raw));
    let client_ref = body.value.client_ref.take().or_else(|| request.as_ref().map(Request::client_ref));
    let passcode = body.value.passcode.take();
    let new = NewConference { info: body.value.info()?, passcode, client_ref };
    let idempotency = state.idempotency.clone();
    let act = async move {
        let (view, is_existing) = state.conferences.create(&caller.0, new).await?;
        let status = if is_existing { StatusCode::OK } else { StatusCode::CREATED };
        Reply::json(status, &ConferenceAnswer::of(&state, view, Some(&caller.0)).await?)
    };
    once(&idempotency, request, act).await
}
