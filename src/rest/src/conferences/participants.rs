use crate::moment::rfc3339;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, PageQuery, Query};
use plenum_schema::{ConferenceId, ParticipantId};
use plenum_services::conferences::ListedParticipant;
use serde::Serialize;

/// A participant as hosts see them.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Participant)]
pub(crate) struct ParticipantAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: ParticipantId,
    name: Option<String>,
    team: Option<String>,
    /// What their vote weighs where that counts.
    weight: u32,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    joined_at: i64,
}

impl From<ListedParticipant> for ParticipantAnswer {
    fn from(listed: ListedParticipant) -> Self {
        let ListedParticipant { id, name, team, weight, joined_at } = listed;
        Self { id, name, team, weight, joined_at }
    }
}

/// A page of participants.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ParticipantPage)]
pub(crate) struct Page {
    items: Vec<ParticipantAnswer>,
    next_cursor: Option<String>,
}

/// Who has joined, where participants are not anonymous; for whoever runs the conference
#[utoipa::path(get, path = "/conference/{id}/participants", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"), PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, page: Query<PageQuery>) -> Answer {
    let (limit, cursor) = (page.0.limit()?, page.0.cursor.as_deref());
    let found = state.conferences.participants(&guest.0, id.0, limit, cursor).await?;
    let items = found.items.into_iter().map(ParticipantAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next }))
}
