use super::roster::RosterAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;
use plenum_services::conferences::Rostered;
use serde::Deserialize;

/// Somebody who may join.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RosterEntry)]
pub(crate) struct EntryBody {
    /// Of their account.
    email: String,
    /// What their vote weighs where that counts: 0 to 1,000,000, 1 when absent.
    #[serde(default)]
    weight: Option<u32>,
}

/// People for a roster.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RosterBody)]
pub(crate) struct RosterBody {
    /// 1 to 1,000.
    entries: Vec<EntryBody>,
}

/// Put people on the roster, or change what they weigh
///
/// They need no account yet, and nobody learns from a roster who has one.
#[utoipa::path(post, path = "/conference/{id}/roster", tag = "conferences", request_body = RosterBody,
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "How many are on it", body = RosterAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<RosterBody>) -> Answer {
    let entry = |entry: EntryBody| Rostered { email: entry.email, weight: entry.weight.unwrap_or(1) };
    let entries = body.value.entries.into_iter().map(entry).collect();
    let people = state.conferences.add_to_roster(&guest.0, id.0, entries).await?;
    Ok(HttpResponse::Ok().json(RosterAnswer { people }))
}
