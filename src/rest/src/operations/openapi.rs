use actix_web::HttpResponse;
use plenum_http::Answer;
use plenum_schema::{Refusal, RefusalCode};
use std::sync::OnceLock;

static DOCUMENT: OnceLock<String> = OnceLock::new();

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses(
    (status = 200, description = "OpenAPI 3.1", body = Object),
))]
pub async fn handle() -> Answer {
    let text = DOCUMENT.get_or_init(|| serde_json::to_string(&crate::document()).unwrap_or_default());
    if text.is_empty() {
        return Err(Refusal::new(RefusalCode::Internal, "the document cannot be written").into());
    }
    Ok(HttpResponse::Ok().content_type("application/json").body(text.as_str()))
}
