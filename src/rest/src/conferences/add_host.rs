use super::view::{ConferenceAnswer, RoleWord};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id};
use plenum_schema::{ConferenceId, UserId};
use serde::Deserialize;

/// Who else runs it.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = HostBody)]
pub(crate) struct HostBody {
    #[schema(value_type = String, format = Uuid)]
    user: UserId,
    /// `null`: no longer.
    role: Option<RoleWord>,
}

/// Let somebody else run the conference too, or no longer
#[utoipa::path(post, path = "/conference/{id}/hosts", tag = "conferences", request_body = HostBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<HostBody>) -> Answer {
    let HostBody { user, role } = body.value;
    let role = role.map(RoleWord::given).transpose()?;
    let view = state.conferences.set_host(&caller.0, id.0, user, role).await?;
    Ok(HttpResponse::Ok().json(ConferenceAnswer::of(&state, view, Some(&caller.0)).await?))
}
