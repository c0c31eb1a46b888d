use crate::people::Person;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Caller, Query};
use plenum_schema::{Refusal, RefusalCode};
use serde::Deserialize;

/// Whom to look up.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Lookup {
    /// The exact e-mail address.
    email: String,
}

/// Find the person with exactly this e-mail address
#[utoipa::path(get, path = "/users/lookup", tag = "people", params(Lookup), responses(
    (status = 200, description = "The person", body = Person),
    (status = 404, description = "Nobody has this address", body = crate::openapi::ProblemDocument),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, query: Query<Lookup>, request: HttpRequest) -> Answer {
    state.lookups.check_for(&request, caller.user(), state.clock.mono())?;
    let nobody = || Refusal::field(RefusalCode::NotFound, "email", "there is no such person");
    // Only addresses: user names and telephone numbers would be easier to guess.
    let found = state.accounts.find_by_email(&query.0.email).await?.ok_or_else(nobody)?;
    Ok(HttpResponse::Ok().json(Person { id: found.id, full_name: found.name, avatar: found.avatar }))
}
