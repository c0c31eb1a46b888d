use super::view::OrderAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, Person};
use plenum_schema::OrderId;

/// Call an own order off that is not paid
#[utoipa::path(post, path = "/marketplace/orders/{id}/cancel", tag = "marketplace",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses((status = 200, description = "The order", body = OrderAnswer),
        (status = 409, description = "It is too late", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Person, state: web::Data<RestState>, id: Id<OrderId>) -> Answer {
    let order = state.market.cancel(id.0, caller.user()).await?;
    Ok(HttpResponse::Ok().json(OrderAnswer::from(order)))
}
