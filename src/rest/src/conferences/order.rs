use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::{ConferenceId, QuestionId};
use serde::Deserialize;

/// The questions in their new order.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = QuestionOrder)]
pub(crate) struct OrderBody {
    /// Those not named come behind, as they were.
    #[schema(value_type = Vec<String>)]
    order: Vec<QuestionId>,
}

/// Put questions into another order
#[utoipa::path(put, path = "/conference/{id}/questions/order", tag = "conferences", request_body = OrderBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 204, description = "Done")))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<OrderBody>) -> Answer {
    state.conferences.order_questions(&guest.0, id.0, &body.value.order).await?;
    Ok(HttpResponse::NoContent().finish())
}
