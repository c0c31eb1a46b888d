use super::hooks::HookBody;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;
use serde::{Deserialize, Serialize};

/// Where to.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = NewWebhook)]
pub(crate) struct NewHookBody {
    /// Begins with `https://` and leads to the public internet.
    url: String,
}

/// A new address, and the secret that deliveries are signed with.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AddedWebhook)]
pub(crate) struct AddedHook {
    #[serde(flatten)]
    hook: HookBody,
    /// `whsec_` and 32 bytes in base64; told now and never again.
    secret: String,
}

/// Tell an address what happens from now on; for the host
///
/// It is told when the conference starts and ends and a question goes live and is closed, at least once and in this order.
#[utoipa::path(post, path = "/conference/{id}/webhooks", tag = "conferences", request_body = NewHookBody,
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "The address and its secret", body = AddedHook)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    body: Body<NewHookBody>,
) -> Answer {
    let (hook, secret) = state.conferences.add_hook(&guest.0, id.0, &body.value.url).await?;
    Ok(HttpResponse::Created().json(AddedHook { hook: hook.into(), secret }))
}
