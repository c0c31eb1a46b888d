use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller};
use plenum_services::accounts::SessionInfo;
use serde::Serialize;

/// The own signed-in devices.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DevicePage)]
pub(crate) struct Devices {
    items: Vec<SessionInfo>,
    /// Always null: there are few.
    next_cursor: Option<String>,
}

/// The own signed-in devices, the latest first
#[utoipa::path(get, path = "/auth/devices", tag = "accounts", responses(
    (status = 200, description = "At most five", body = Devices),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>) -> Answer {
    let items = state.accounts.sessions(caller.0).await?;
    Ok(HttpResponse::Ok().json(Devices { items, next_cursor: None }))
}
