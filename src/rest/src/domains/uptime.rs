use crate::moment::rfc3339;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::DomainId;
use plenum_services::status_board::Uptime;
use serde::Serialize;

/// How long a domain was accessible within a window that ends now.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WindowUptime)]
pub(crate) struct WindowAnswer {
    /// `24h`, `7d`, `30d` or `90d`.
    window: &'static str,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    from: i64,
    /// Milliseconds of the window of which it is known: until the last check.
    known_ms: i64,
    /// Milliseconds of those in which it was accessible.
    accessible_ms: i64,
    /// The one through the other, 0 to 1; null when nothing is known.
    uptime: Option<f64>,
}

/// How long a domain was accessible.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DomainUptime)]
pub(crate) struct UptimeAnswer {
    #[schema(value_type = String, format = Uuid)]
    domain_id: DomainId,
    windows: Vec<WindowAnswer>,
}

impl From<Uptime> for WindowAnswer {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of months fit a float exactly")]
    fn from(uptime: Uptime) -> Self {
        let Uptime { window, from, known_ms, accessible_ms } = uptime;
        let share = (known_ms > 0).then(|| accessible_ms as f64 / known_ms as f64);
        let rounded = share.map(|share| (share * 1_000_000.0).round() / 1_000_000.0);
        Self { window, from, known_ms, accessible_ms, uptime: rounded }
    }
}

/// How long a domain was accessible, over four windows
#[utoipa::path(get, path = "/domains/{id}/uptime", tag = "status board",
    params(("id" = uuid::Uuid, Path, description = "The domain")),
    responses((status = 200, description = "Its uptime", body = UptimeAnswer)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, id: Id<DomainId>) -> Answer {
    let found = state.status_board.uptime(id.0).await?;
    let windows = found.into_iter().map(WindowAnswer::from).collect();
    Ok(HttpResponse::Ok().json(UptimeAnswer { domain_id: id.0, windows }))
}
