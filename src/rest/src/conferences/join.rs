use super::guessing;
use super::view::ConferenceAnswer;
use crate::moment::rfc3339;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Id, MaybeBody, OptionalGuest};
use plenum_schema::{ConferenceId, ParticipantId};
use plenum_services::conferences::Joining;
use serde::{Deserialize, Serialize};

/// Who wants to join.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(default)]
#[schema(as = JoinBody)]
pub(crate) struct JoinBody {
    /// What to be called; asked for where the conference is `pseudonymous`.
    name: Option<String>,
    passcode: Option<String>,
    /// One of the conference's `teams`; absent: whichever, where there are any.
    team: Option<String>,
    /// Where the conference is `invited`: it can be used once.
    invitation: Option<String>,
    /// 16 to 64 random bytes that this device keeps: with them it may use its invitation again, when the answer was lost.
    device: Option<String>,
}

/// A participant.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Joined)]
pub(crate) struct JoinAnswer {
    #[schema(value_type = String, format = Uuid)]
    participant: ParticipantId,
    name: Option<String>,
    /// What your vote weighs where that counts.
    weight: u32,
    /// The team, where there are any.
    team: Option<String>,
    /// Keep it: it is who you are in this conference, here and on a socket.
    token: String,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: i64,
    conference: ConferenceAnswer,
}

/// Join a conference's audience
///
/// Without an account, unless the conference is `signedIn`. With a participant's token of this conference one stays who one is.
#[utoipa::path(post, path = "/conference/{id}/join", tag = "conferences", request_body = JoinBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "Joined", body = JoinAnswer)))]
pub async fn handle(
    guest: OptionalGuest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    request: HttpRequest,
    body: MaybeBody<JoinBody>,
) -> Answer {
    let JoinBody { name, passcode, team, invitation, device } = body.0;
    let by = guest.0;
    let join = state.conferences.join(by.as_ref(), id.0, Joining { name, passcode, team, invitation, device });
    let joined = guessing(&state, &request, join).await?;
    Ok(HttpResponse::Created().json(JoinAnswer {
        participant: joined.participant,
        name: joined.name,
        weight: joined.weight,
        team: joined.team,
        token: joined.token.expose().to_owned(),
        expires_at: joined.expires_at,
        conference: ConferenceAnswer::of(&state, joined.conference, by.as_ref()).await?,
    }))
}
