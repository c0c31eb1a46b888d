use super::view::SubjectAnswer;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, Body, Caller, IdempotencyKey, Reply, once};
use plenum_services::idempotency::Request;
use plenum_services::subjects::NewSubject;
use serde::Deserialize;

/// A subject to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubjectBody)]
pub(crate) struct SubjectBody {
    /// 1 to 80 characters; unique whatever the case.
    name: String,
    /// Kind of subject, at most 60 characters.
    category: Option<String>,
    /// What it is about, at most 1,000 characters.
    description: Option<String>,
    /// Address of its picture: http(s), or a path on this server.
    icon_url: Option<String>,
}

/// Make a subject
#[utoipa::path(post, path = "/users/subjects", tag = "subjects", request_body = SubjectBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Made", body = SubjectAnswer),
        (status = 409, description = "There is one of this name", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    body: Body<SubjectBody>,
) -> Answer {
    let by = caller.user();
    let request = key.0.map(|key| Request::new(by.0.as_bytes(), &key, "POST users/subjects", &body.raw));
    let idempotency = state.idempotency.clone();
    let SubjectBody { name, category, description, icon_url } = body.value;
    let new = NewSubject { name, category, description, icon_url };
    let act = async move {
        let made = state.subjects.create(by, new).await?;
        Reply::json(StatusCode::CREATED, &SubjectAnswer::from(made))
    };
    once(&idempotency, request, act).await
}
