use super::answer::{NO_STORE, SignedInAnswer};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body};
use plenum_services::accounts::Secret;
use serde::Deserialize;

/// The present refresh token.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefreshBody)]
pub(crate) struct RefreshBody {
    #[schema(value_type = String, format = Password)]
    refresh_token: Secret,
}

/// New tokens for the present refresh token
///
/// The refresh token is replaced. Using an older one again ends the session: it may have been stolen.
#[utoipa::path(post, path = "/auth/refresh", tag = "accounts", request_body = RefreshBody, responses(
    (status = 200, description = "New tokens", body = SignedInAnswer),
))]
pub async fn handle(state: web::Data<RestState>, body: Body<RefreshBody>) -> Answer {
    let signed_in = state.accounts.refresh(&body.value.refresh_token).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}
