use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, etag};
use plenum_services::accounts::Profile;
use serde::Serialize;

/// How much there is of somebody's. What this server does not keep yet is 0.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProfileStatistics)]
pub(crate) struct Statistics {
    /// Characters made in the studio.
    characters: usize,
    /// Templates that the person likes.
    favourites: usize,
    /// Images that the person has uploaded and that are still there; 1,000 at the most.
    images: usize,
    /// Messages in the conversations that the person is in, whoever wrote them.
    messages: u64,
    /// Events that the person organises or has organised, of those that `GET events` looks through.
    events: usize,
    /// Courses that the person takes.
    courses: usize,
}

/// The own full profile, with numbers.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProfileWithStatistics)]
pub(crate) struct ProfileAnswer {
    #[serde(flatten)]
    profile: Profile,
    statistics: Statistics,
}

/// The own full profile, with how much there is of one's own
#[utoipa::path(get, path = "/users/profile", tag = "accounts", responses(
    (status = 200, description = "The profile; `ETag` is its version", body = ProfileAnswer),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>) -> Answer {
    let (profile, user) = (state.accounts.me(caller.0).await?, caller.user());
    let statistics = Statistics {
        characters: 0,
        favourites: 0,
        images: state.places.images.count(user).await?,
        messages: state.conversations.message_count(user).await?,
        events: state.events.organised(user).await?,
        courses: 0,
    };
    Ok(HttpResponse::Ok().insert_header(etag(profile.version)).json(ProfileAnswer { profile, statistics }))
}
