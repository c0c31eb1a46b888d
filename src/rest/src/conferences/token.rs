use super::view::RoleWord;
use crate::moment::rfc3339;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id};
use plenum_schema::ConferenceId;
use serde::{Deserialize, Serialize};

/// What a device is for.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RunnerTokenBody)]
pub(crate) struct TokenBody {
    role: RoleWord,
}

/// A token for a device that helps to run a conference.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RunnerToken)]
pub(crate) struct TokenAnswer {
    token: String,
    role: RoleWord,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: i64,
}

/// A token for a screen, a moderator or a co-host, for this conference alone
#[utoipa::path(post, path = "/conference/{id}/tokens", tag = "conferences", request_body = TokenBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "The token", body = TokenAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    body: Body<TokenBody>,
) -> Answer {
    let role = body.value.role;
    let (token, expires_at) = state.conferences.runner_token(&caller.0, id.0, role.given()?).await?;
    Ok(HttpResponse::Created().json(TokenAnswer { token: token.expose().to_owned(), role, expires_at }))
}
