use super::answer::NO_STORE;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller};
use serde::Serialize;

/// What opens one socket.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SocketTicket)]
pub(crate) struct TicketAnswer {
    /// For `identify` on a socket, in the place of an access token. It is good once, and for nothing else.
    ticket: String,
    /// How long it is good, seconds.
    expires_in: u64,
}

/// A ticket that opens one socket, once
///
/// For clients that would have to put an access token where it may be read later: into an address, say. The socket ends when the token
/// ends that asks for the ticket.
#[utoipa::path(post, path = "/auth/ticket", tag = "accounts", responses(
    (status = 201, description = "Good for some seconds", body = TicketAnswer),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>) -> Answer {
    let given = state.accounts.ticket(caller.0)?;
    let answer = TicketAnswer { ticket: given.ticket.expose().to_owned(), expires_in: given.expires_in };
    Ok(HttpResponse::Created().insert_header(NO_STORE).json(answer))
}
