use super::body::DomainBody;
use super::view::DomainAnswer;
use crate::admin::Admin;
use crate::brands::lost_update;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id, IfMatch, etag};
use plenum_schema::DomainId;

/// Change a domain
#[utoipa::path(put, path = "/domains/{id}", tag = "status board", request_body = DomainBody,
    params(("id" = uuid::Uuid, Path, description = "The domain"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The domain after the change", body = DomainAnswer),
        (status = 409, description = "The domain is on the board already", body = crate::openapi::ProblemDocument),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    admin: Admin,
    state: web::Data<RestState>,
    id: Id<DomainId>,
    seen: IfMatch,
    body: Body<DomainBody>,
) -> Answer {
    let changed = state.status_board.change_domain(id.0, body.value.try_into()?, seen.expected()?, admin.0).await;
    let domain = DomainAnswer::from(changed.map_err(lost_update)?);
    Ok(HttpResponse::Ok().insert_header(etag(domain.version)).json(domain))
}
