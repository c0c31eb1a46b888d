use super::view::ShownAnswer;
use crate::admin::Admin;
use crate::auth::answer::NO_STORE;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, MaybeBody};
use plenum_schema::ApiKeyId;
use serde::Deserialize;

/// How to rotate.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ApiKeyRotation)]
pub(crate) struct Rotation {
    /// How long the present secret stays valid, seconds: 0 ends it now, absent is a day.
    overlap_seconds: Option<u64>,
}

/// Give a key another secret; both are valid for a while
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "administration", request_body = Option<Rotation>,
    params(("id" = uuid::Uuid, Path, description = "The key")),
    responses((status = 200, description = "The key with its new text, shown this once", body = ShownAnswer)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<ApiKeyId>, body: MaybeBody<Rotation>) -> Answer {
    let shown = state.api_keys.rotate(id.0, body.0.overlap_seconds, Some(admin.0)).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(ShownAnswer::from(shown)))
}
