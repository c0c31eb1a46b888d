use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;
use serde::{Deserialize, Serialize};

/// How many.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = InviteBody)]
pub(crate) struct InviteBody {
    /// 1 to 1,000.
    count: usize,
    /// What the votes of those who join with them weigh where that counts: 0 to 1,000,000, 1 when absent.
    #[serde(default)]
    weight: Option<u32>,
}

/// New invitations.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NewInvitations)]
pub(crate) struct InvitedAnswer {
    codes: Vec<String>,
}

/// Make invitations, each for one person; they are told now and never again
#[utoipa::path(post, path = "/conference/{id}/invitations", tag = "conferences", request_body = InviteBody,
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "The invitations", body = InvitedAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<InviteBody>) -> Answer {
    let codes = state.conferences.invite(&guest.0, id.0, body.value.count, body.value.weight.unwrap_or(1)).await?;
    Ok(HttpResponse::Created().json(InvitedAnswer { codes }))
}
