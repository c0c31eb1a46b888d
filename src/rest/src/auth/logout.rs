use super::answer::Done;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, MaybeBody};
use plenum_services::accounts::Logout;
use serde::Deserialize;

/// Which devices to sign out.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = LogoutBody)]
pub(crate) struct LogoutBody {
    /// All devices instead of this one.
    all: bool,
}

/// Sign this device out, or all; their sockets close within a second
#[utoipa::path(post, path = "/auth/logout", tag = "accounts", request_body = Option<LogoutBody>, responses(
    (status = 200, description = "Signed out", body = Done),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, body: MaybeBody<LogoutBody>) -> Answer {
    let which = if body.0.all { Logout::All } else { Logout::This };
    state.accounts.logout(caller.0, which).await?;
    Ok(HttpResponse::Ok().json(Done { success: true }))
}
