use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, HookInPath, Id};
use plenum_schema::ConferenceId;
use uuid::Uuid;

/// Tell an address nothing any more; for the host
#[utoipa::path(delete, path = "/conference/{id}/webhooks/{hookId}", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("hookId" = uuid::Uuid, Path, description = "The webhook")),
    responses((status = 204, description = "It is told nothing any more")))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, hook: HookInPath<Uuid>) -> Answer {
    state.conferences.drop_hook(&guest.0, id.0, hook.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
