use super::view::ShownAnswer;
use crate::admin::Admin;
use crate::auth::answer::NO_STORE;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body};
use plenum_schema::{Refusal, RefusalCode, moment};
use plenum_services::api_keys::{KeyScope, NewKey};
use serde::Deserialize;

/// A key that is wanted.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKeyBody)]
pub(crate) struct KeyBody {
    /// 1 to 80 characters.
    name: String,
    /// What it may do; one at least.
    scopes: Vec<KeyScope>,
    /// When it ends by itself; absent: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
}

/// Make a key for a program; its text is shown once
///
/// There is no `Idempotency-Key` here, because answers with secrets are not kept: if the answer is lost, revoke the key and make
/// another.
#[utoipa::path(post, path = "/keys", tag = "administration", request_body = KeyBody,
    responses((status = 201, description = "Made", body = ShownAnswer)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, body: Body<KeyBody>) -> Answer {
    let KeyBody { name, scopes, expires_at } = body.value;
    let unreadable =
        || Refusal::field(RefusalCode::Invalid, "expiresAt", "a time such as 2030-01-31T12:00:00Z is expected");
    let expires_at = expires_at.map(|text| moment::parse(&text).ok_or_else(unreadable)).transpose()?;
    let new = NewKey { name, scopes: scopes.into_iter().collect(), expires_at, by: Some(admin.0) };
    let shown = state.api_keys.create(new).await?;
    Ok(HttpResponse::Created().insert_header(NO_STORE).json(ShownAnswer::from(shown)))
}
