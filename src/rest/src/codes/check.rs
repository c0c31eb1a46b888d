use super::body::CheckBody;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, client_address};
use serde::Serialize;

/// The code was right.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Verified)]
pub(crate) struct VerifiedAnswer {
    /// Always true.
    success: bool,
    /// Always true: a wrong code is refused.
    verified: bool,
}

/// Say whether a code is right, once; nobody is signed in
///
/// Also at the root of the server, `/verify-otp`.
#[utoipa::path(post, path = "/verify-otp", tag = "accounts", request_body = CheckBody, responses(
    (status = 200, description = "It is", body = VerifiedAnswer),
    (status = 422, description = "The code is wrong or no longer valid", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>, body: Body<CheckBody>, request: HttpRequest) -> Answer {
    let CheckBody { email, phone, code } = body.value;
    state.codes.check(email, phone, &code, client_address(&request)).await?;
    Ok(HttpResponse::Ok().json(VerifiedAnswer { success: true, verified: true }))
}
