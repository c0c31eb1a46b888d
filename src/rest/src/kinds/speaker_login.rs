use crate::auth::answer::SignedInAnswer;
use crate::auth::login::{LoginBody, login};
use crate::state::RestState;
use actix_web::{HttpRequest, web};
use plenum_http::{Answer, Body};
use plenum_services::accounts::AccountKind;

/// Sign a device of a speaker in
///
/// As `auth/login`, for accounts of this kind and for people with the role `speaker` or `admin`; others with the right password are told 403.
#[utoipa::path(post, path = "/speaker/auth/login", tag = "accounts", request_body = LoginBody, responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
    (status = 403, description = "The account is of another kind", body = crate::openapi::ProblemDocument),
))]
pub async fn handle(state: web::Data<RestState>, body: Body<LoginBody>, request: HttpRequest) -> Answer {
    login(&state, Some(AccountKind::Speaker), body.value, &request).await
}
