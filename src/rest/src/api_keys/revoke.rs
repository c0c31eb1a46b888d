use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id};
use plenum_schema::ApiKeyId;

/// End a key at once
#[utoipa::path(delete, path = "/keys/{id}", tag = "administration",
    params(("id" = uuid::Uuid, Path, description = "The key")),
    responses((status = 204, description = "Whoever calls with it is refused from now on")))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<ApiKeyId>) -> Answer {
    state.api_keys.revoke(id.0, Some(admin.0)).await?;
    Ok(HttpResponse::NoContent().finish())
}
