use crate::state::RestState;
use actix_web::{HttpResponse, web};

/// The keys that verify access tokens, as a JWK set (RFC 7517), outside the table because its path is fixed.
pub async fn handle(state: web::Data<RestState>) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(state.accounts.jwks())
}
