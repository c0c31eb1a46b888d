use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, etag};
use plenum_services::accounts::Profile;

/// The own full profile
#[utoipa::path(get, path = "/auth/me", tag = "accounts", responses(
    (status = 200, description = "The profile; `ETag` is its version", body = Profile),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>) -> Answer {
    let profile = state.accounts.me(caller.0).await?;
    Ok(HttpResponse::Ok().insert_header(etag(profile.version)).json(profile))
}
