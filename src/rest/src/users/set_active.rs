use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::accounts::Profile;
use serde::Deserialize;

/// Whether somebody may sign in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActiveBody)]
pub(crate) struct ActiveBody {
    /// `false`: nobody signs in with this account, and its devices are signed out.
    is_active: bool,
}

/// Switch an account off, or on again
///
/// Off, its sockets close within a second and nobody signs in with it; what it has written stays.
#[utoipa::path(put, path = "/users/{id}/active", tag = "administration", request_body = ActiveBody,
    params(("id" = uuid::Uuid, Path, description = "Whose")),
    responses((status = 200, description = "The account", body = Profile),
        (status = 409, description = "Nobody switches themselves off", body = crate::openapi::ProblemDocument)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<UserId>, body: Body<ActiveBody>) -> Answer {
    let is_active = body.value.is_active;
    if admin.0 == id.0 && !is_active {
        // Somebody else does it, so that a house is never without an admin by a slip.
        let message = "ask another admin: nobody switches themselves off";
        return Err(Refusal::field(RefusalCode::Conflict, "isActive", message).into());
    }
    let profile = state.accounts.set_active(id.0, is_active).await?;
    tracing::info!(target: "security", event = "set_active", outcome = "ok", user = %id.0, is_active, by = %admin.0);
    Ok(HttpResponse::Ok().json(profile))
}
