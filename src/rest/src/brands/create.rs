use super::view::{BrandAnswer, BrandBody};
use crate::admin::Admin;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, IdempotencyKey, Reply, once};
use plenum_services::idempotency::Request;

/// Make a brand
#[utoipa::path(post, path = "/brands", tag = "status board", request_body = BrandBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Made", body = BrandAnswer),
        (status = 409, description = "The name or the code is taken", body = crate::openapi::ProblemDocument)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, key: IdempotencyKey, body: Body<BrandBody>) -> Answer {
    let request = key.0.map(|key| Request::new(admin.0.0.as_bytes(), &key, "POST brands", &body.raw));
    let idempotency = state.idempotency.clone();
    let act = async move {
        let made = state.status_board.create_brand(body.value.into(), admin.0).await?;
        Reply::json(StatusCode::CREATED, &BrandAnswer::from(made))
    };
    once(&idempotency, request, act).await
}
