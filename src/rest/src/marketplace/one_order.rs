use super::view::OrderAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, Person, etag};
use plenum_schema::OrderId;

/// An order, for its buyer, its seller and admins
#[utoipa::path(get, path = "/marketplace/orders/{id}", tag = "marketplace",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses((status = 200, description = "The order", body = OrderAnswer)))]
pub async fn handle(caller: Person, state: web::Data<RestState>, id: Id<OrderId>) -> Answer {
    let is_admin = state.accounts.is_admin(caller.0).await?;
    let order = OrderAnswer::from(state.market.order_of(id.0, caller.user(), is_admin).await?);
    Ok(HttpResponse::Ok().insert_header(etag(order.version)).json(order))
}
