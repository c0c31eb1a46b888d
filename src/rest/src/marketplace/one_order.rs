use super::view::OrderAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, etag};
use plenum_schema::OrderId;
use plenum_services::accounts::Role;

/// An order, for its buyer, its seller and admins
#[utoipa::path(get, path = "/marketplace/orders/{id}", tag = "marketplace",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses((status = 200, description = "The order", body = OrderAnswer)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<OrderId>) -> Answer {
    let is_admin = state.accounts.role_of(caller.user()).await? == Some(Role::Admin);
    let order = OrderAnswer::from(state.market.order_of(id.0, caller.user(), is_admin).await?);
    Ok(HttpResponse::Ok().insert_header(etag(order.version)).json(order))
}
