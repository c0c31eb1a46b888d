use super::body::SentAnswer;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, Caller, client_address};
use plenum_services::accounts::Secret;
use serde::Deserialize;

/// The address that the person wants to have.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewEmailBody)]
pub(crate) struct NewEmailBody {
    /// E-mail address.
    email: String,
    /// Needed when the sign-in was a while ago.
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<Secret>,
}

/// Send a code to the e-mail address that the account shall have
#[utoipa::path(post, path = "/user/email/send-otp", tag = "accounts", request_body = NewEmailBody, responses(
    (status = 200, description = "A code is on its way", body = SentAnswer),
    (status = 422, description = "The password is wrong or needed", body = crate::openapi::ProblemDocument),
    (status = 429, description = "One was sent a moment ago", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    body: Body<NewEmailBody>,
    request: HttpRequest,
) -> Answer {
    let NewEmailBody { email, current_password } = body.value;
    let sent = state.codes.send_email(caller.0, &email, current_password, client_address(&request)).await?;
    Ok(HttpResponse::Ok().json(SentAnswer::from(sent)))
}
