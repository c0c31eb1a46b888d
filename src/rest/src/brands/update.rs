use super::lost_update;
use super::view::{BrandAnswer, BrandBody};
use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id, IfMatch, etag};
use plenum_schema::BrandId;

/// Change a brand
#[utoipa::path(put, path = "/brands/{id}", tag = "status board", request_body = BrandBody,
    params(("id" = uuid::Uuid, Path, description = "The brand"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The brand after the change", body = BrandAnswer),
        (status = 409, description = "The name or the code is taken", body = crate::openapi::ProblemDocument),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    admin: Admin,
    state: web::Data<RestState>,
    id: Id<BrandId>,
    seen: IfMatch,
    body: Body<BrandBody>,
) -> Answer {
    let changed = state.status_board.change_brand(id.0, body.value.into(), seen.expected()?, admin.0).await;
    let brand = BrandAnswer::from(changed.map_err(lost_update)?);
    Ok(HttpResponse::Ok().insert_header(etag(brand.version)).json(brand))
}
