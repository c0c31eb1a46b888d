use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::Answer;
use serde::Serialize;

/// How the node is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Health)]
pub struct HealthSummary {
    /// `ok`, `degraded` or `draining`.
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// `ok`, or that writes are not accepted.
    pub store: &'static str,
    /// `ok`, `none` on a single node, or that other nodes are not reached.
    pub bus: &'static str,
}

/// How the node is; 503 when it cannot serve
#[utoipa::path(get, path = "/health", tag = "operations", responses(
    (status = 200, description = "Serving", body = HealthSummary),
    (status = 503, description = "Not serving", body = HealthSummary),
))]
pub async fn handle(state: web::Data<RestState>) -> Answer {
    let summary = (state.health)();
    let mut answer = if summary.status == "ok" { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    if summary.status != "ok" {
        answer.insert_header(("Retry-After", "5"));
    }
    Ok(answer.insert_header(("Cache-Control", "no-store")).json(summary))
}
