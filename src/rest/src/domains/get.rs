use super::view::DomainAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, etag};
use plenum_schema::DomainId;

/// A domain and how it stands
#[utoipa::path(get, path = "/domains/{id}", tag = "status board",
    params(("id" = uuid::Uuid, Path, description = "The domain")),
    responses((status = 200, description = "The domain", body = DomainAnswer)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, id: Id<DomainId>) -> Answer {
    let domain = DomainAnswer::from(state.status_board.domain(id.0).await?);
    Ok(HttpResponse::Ok().insert_header(etag(domain.version)).json(domain))
}
