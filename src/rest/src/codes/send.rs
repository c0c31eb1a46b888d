use super::body::{AddressBody, SentAnswer};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, client_address};

/// Send a code to sign in with
///
/// To an e-mail address, or by short message to a telephone; the answer is the same whether or not there is an account. Six digits,
/// valid for five minutes and five tries.
#[utoipa::path(post, path = "/auth/send-code", tag = "accounts", request_body = AddressBody, responses(
    (status = 200, description = "A code is on its way", body = SentAnswer),
    (status = 429, description = "One was sent a moment ago", body = crate::openapi::ProblemDocument),
    (status = 503, description = "The provider does not answer, or there is none", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>, body: Body<AddressBody>, request: HttpRequest) -> Answer {
    let AddressBody { email, phone } = body.value;
    let sent = state.codes.send_sign_in(email, phone, client_address(&request)).await?;
    Ok(HttpResponse::Ok().json(SentAnswer::from(sent)))
}
