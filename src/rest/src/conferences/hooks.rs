use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;
use plenum_services::conferences::{HookFailure, HookView};
use serde::Serialize;
use uuid::Uuid;

/// An address that is told what happens in a conference, and how it stands.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub(crate) struct HookBody {
    id: Uuid,
    url: String,
    /// Milliseconds since 1970.
    created_at: i64,
    /// The place in the conference's log of the last event that it was told, or will not be told.
    told_to: u64,
    /// Events that it was told.
    delivered: u64,
    /// Events that were given up.
    given_up: u64,
    /// When the event that failed last is tried again, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<i64>,
    /// The last failures, newest first.
    failures: Vec<HookFailure>,
}

impl From<HookView> for HookBody {
    fn from(view: HookView) -> Self {
        let HookView { id, url, created_at, told_to, delivered, given_up, next_at, failures } = view;
        Self { id, url, created_at, told_to, delivered, given_up, next_at, failures }
    }
}

/// The addresses of a conference.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Webhooks)]
pub(crate) struct HooksBody {
    items: Vec<HookBody>,
}

/// The webhooks of a conference, and what went wrong with them last; for its host
#[utoipa::path(get, path = "/conference/{id}/webhooks", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "All of them", body = HooksBody)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let items = state.conferences.hooks(&guest.0, id.0).await?.into_iter().map(HookBody::from).collect();
    Ok(HttpResponse::Ok().json(HooksBody { items }))
}
