use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Caller, Id, MaybeBody, client_address};
use plenum_schema::UserId;
use plenum_services::accounts::Secret;
use serde::Deserialize;

/// The password, where it is needed.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeleteAccountBody)]
pub(crate) struct DeleteBody {
    /// Needed for the own account when the sign-in was a while ago.
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<Secret>,
}

/// Delete an account: one's own, or any for admins
///
/// Nobody signs in with it any more, its sockets close within a second, its names are free. Messages, orders and past events stay
/// where others read them, as those of a deleted account. It cannot be taken back.
#[utoipa::path(delete, path = "/users/{id}", tag = "accounts", request_body = Option<DeleteBody>,
    params(("id" = uuid::Uuid, Path, description = "Whose")),
    responses((status = 204, description = "Deleted"),
        (status = 403, description = "Somebody else's", body = crate::openapi::ProblemDocument),
        (status = 409, description = "An admin's own account: another admin does it", body = crate::openapi::ProblemDocument),
        (status = 422, description = "The password is wrong or needed", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<UserId>,
    body: MaybeBody<DeleteBody>,
    request: HttpRequest,
) -> Answer {
    state.erasures.erase(caller.0, id.0, body.0.current_password, client_address(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}
