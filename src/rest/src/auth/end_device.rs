use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::SessionId;

/// Sign one of the own devices out; its sockets close within a second
#[utoipa::path(delete, path = "/auth/devices/{id}", tag = "accounts",
    params(("id" = uuid::Uuid, Path, description = "From the list of devices")),
    responses((status = 204, description = "Signed out")))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<SessionId>) -> Answer {
    state.accounts.end_session(caller.0, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
