use super::view::ItemAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, ItemInPath};
use plenum_schema::ConferenceId;
use plenum_schema::board::ItemId;
use serde::Deserialize;

/// Which question says the same.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = MergeBody)]
pub(crate) struct MergeBody {
    /// The one that stays and has the votes and replies of both.
    into: ItemId,
}

/// Merge a question of the audience into another one that says the same
///
/// Whoever wanted either of them answered counts once. Again it changes nothing; the one that is gone stands for the other from then on.
#[utoipa::path(post, path = "/conference/{id}/qa/{itemId}/merge", tag = "conferences", request_body = MergeBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("itemId" = u32, Path, description = "The question that is listed no more")),
    responses((status = 200, description = "The question that stays", body = ItemAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    item: ItemInPath,
    body: Body<MergeBody>,
) -> Answer {
    let item = state.conferences.merge(&guest.0, id.0, item.0, body.value.into).await?;
    Ok(HttpResponse::Ok().json(ItemAnswer::from(item)))
}
