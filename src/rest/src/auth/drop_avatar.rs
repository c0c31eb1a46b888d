use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, etag};
use plenum_services::accounts::Profile;

/// Take the picture of the own account away
#[utoipa::path(delete, path = "/auth/avatar", tag = "accounts", responses(
    (status = 200, description = "The profile without it", body = Profile),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>) -> Answer {
    let profile = state.places.drop_avatar(caller.0).await?;
    Ok(HttpResponse::Ok().insert_header(etag(profile.version)).json(profile))
}
