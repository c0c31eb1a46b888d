use super::body::DomainBody;
use super::view::DomainAnswer;
use crate::admin::Admin;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, IdempotencyKey, Reply, once};
use plenum_services::idempotency::Request;

/// Put a domain on the board
#[utoipa::path(post, path = "/domains", tag = "status board", request_body = DomainBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Made", body = DomainAnswer),
        (status = 409, description = "It is on the board already", body = crate::openapi::ProblemDocument)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, key: IdempotencyKey, body: Body<DomainBody>) -> Answer {
    let request = key.0.map(|key| Request::new(admin.0.0.as_bytes(), &key, "POST domains", &body.raw));
    let idempotency = state.idempotency.clone();
    let act = async move {
        let made = state.status_board.create_domain(body.value.try_into()?, admin.0).await?;
        Reply::json(StatusCode::CREATED, &DomainAnswer::from(made))
    };
    once(&idempotency, request, act).await
}
