use super::view::{answer, is_admin};
use crate::auth::update_profile::lost_update;
use crate::state::RestState;
use actix_web::{HttpRequest, web};
use plenum_http::{Answer, Body, Caller, Id, IfMatch, Problem, was_read};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::accounts::{Given, Profile, ProfileUpdate};

/// Members of the profile, and what only admins say.
#[derive(utoipa::ToSchema)]
#[schema(as = UserUpdate)]
#[expect(dead_code, reason = "only the document needs both halves as one")]
pub(crate) struct UpdateBody {
    #[serde(flatten)]
    profile: ProfileUpdate,
    #[serde(flatten)]
    given: Given,
}

/// Change a profile: one's own, or any for admins
///
/// What only admins say of somebody is ignored from others and named in `Ignored-Fields`.
#[utoipa::path(put, path = "/users/{id}", tag = "people", request_body = UpdateBody,
    params(("id" = uuid::Uuid, Path, description = "Whose"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The profile after the change", body = Profile),
        (status = 403, description = "Somebody else's", body = crate::openapi::ProblemDocument),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<UserId>,
    seen: IfMatch,
    body: Body<ProfileUpdate>,
    request: HttpRequest,
) -> Answer {
    let is_admin = is_admin(&state, &caller).await?;
    if !is_admin && caller.user() != id.0 {
        return Err(Refusal::new(RefusalCode::Forbidden, "this is somebody else's profile").into());
    }
    // Read for admins only: others may send back whatever they once were told.
    let given = if is_admin { Some(given(&body.raw)?).filter(|given| *given != Given::default()) } else { None };
    let version = seen.expected()?;
    let updated = state.accounts.update_profile_of(id.0, &body.value, version).await;
    let mut profile = updated.map_err(lost_update)?;
    if let Some(given) = given {
        was_read(&request, &given.members());
        profile = state.accounts.give(id.0, &given, caller.user()).await?;
    }
    Ok(answer(profile, true))
}

fn given(raw: &[u8]) -> Answer<Given> {
    let unreadable = |error: serde_json::Error| {
        let text: String = error.to_string().chars().take(200).collect();
        Problem::from(Refusal::new(RefusalCode::Malformed, text))
    };
    serde_json::from_slice(raw).map_err(unreadable)
}
