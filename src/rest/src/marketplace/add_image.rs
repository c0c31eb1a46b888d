use super::view::{ProductAnswer, shown};
use crate::admin::Seller;
use crate::media::{ImageForm, count, receive};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, FileUpload, Id, etag};
use plenum_schema::ProductId;
use plenum_services::images::Purpose;

/// Add an image to an own product
///
/// While the product is not offered, only addresses of limited life show it, which its seller is given.
#[utoipa::path(post, path = "/marketplace/products/{id}/images", tag = "marketplace",
    request_body(content = ImageForm, content_type = "multipart/form-data"),
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses((status = 201, description = "The product; the last of `images` is its address", body = ProductAnswer),
        (status = 413, description = "The file is too large", body = crate::openapi::ProblemDocument),
        (status = 415, description = "It is no image that is taken", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    seller: Seller,
    state: web::Data<RestState>,
    id: Id<ProductId>,
    body: FileUpload,
    request: HttpRequest,
) -> Answer {
    state.places.may_show_product(id.0, seller.user, seller.is_admin).await?;
    count(&state, seller.user, &request)?;
    let _place = state.places.images.admit()?;
    let upload = receive(&state, body, Purpose::Product).await?;
    let product = state.places.add_to_product(id.0, seller.user, seller.is_admin, upload).await?;
    let product = ProductAnswer::from(shown(&state, product, Some(seller.user)).await?);
    Ok(HttpResponse::Created().insert_header(etag(product.version)).json(product))
}
