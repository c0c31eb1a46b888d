//! Accounts as different people see them.

use crate::state::RestState;
use actix_web::HttpResponse;
use plenum_http::{Answer, Caller, etag};
use plenum_schema::UserId;
use plenum_services::accounts::{Member, Profile};
use serde::Serialize;

/// Admins see everything, others what everybody may see.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Seen {
    /// For admins, and of oneself.
    Whole(Box<Profile>),
    /// For everybody else.
    Public(Box<Member>),
}

impl Seen {
    pub fn new(profile: Profile, is_whole: bool) -> Self {
        if is_whole { Self::Whole(Box::new(profile)) } else { Self::Public(Box::new(profile.into())) }
    }
}

/// Whether the caller is an admin.
pub(crate) async fn is_admin(state: &RestState, caller: &Caller) -> Answer<bool> {
    Ok(state.accounts.is_admin(caller.0).await?)
}

/// One account, with its version where the whole of it is shown.
pub(crate) fn answer(profile: Profile, is_whole: bool) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    if is_whole {
        answer.insert_header(etag(profile.version));
    }
    answer.json(Seen::new(profile, is_whole))
}

/// `points` and id with a dot between.
pub(crate) fn place(text: &str) -> Option<(i64, UserId)> {
    let (points, user) = text.split_once('.')?;
    Some((points.parse().ok()?, user.parse().ok()?))
}
