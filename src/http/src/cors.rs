//! Which pages of other origins may call the API (Fetch standard, CORS protocol).

use crate::config::HttpConfig;
use actix_cors::Cors;
use actix_web::http::{Method, header};

/// How long a browser may remember a preflight, seconds.
const PREFLIGHT_SECONDS: usize = 600;

/// The middleware for the configured origins: exact names, no patterns, never `*`. It lets requests of other origins pass
/// without permission headers, so that a page of our own origin (which sends `Origin` too) is not refused.
pub fn cors(config: &HttpConfig) -> Cors {
    let cors = Cors::default()
        .block_on_origin_mismatch(false)
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::ACCEPT])
        .allowed_headers(["idempotency-key", "last-event-id", "x-api-key", "x-request-id"])
        .expose_headers(["etag", "ignored-fields", "location", "retry-after", "x-request-id"])
        .expose_headers(["ratelimit-limit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset"])
        .supports_credentials()
        .max_age(PREFLIGHT_SECONDS);
    config.cors_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
