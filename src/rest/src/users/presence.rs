use crate::moment::rfc3339_option;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, MOST_ITEMS, Query};
use plenum_schema::wire::PresenceSignal;
use plenum_schema::{Refusal, RefusalCode, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whom to ask for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Ids of people, 1 to 100, with commas between them.
    ids: String,
}

/// Whether somebody is online.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Presence)]
pub(crate) struct PresenceView {
    /// The account's id.
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    /// Whether one of their devices is connected, or was a moment ago.
    online: bool,
    /// Online: since when.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<i64>,
    /// Offline: when the last device left, where that is known.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen: Option<i64>,
}

impl From<PresenceSignal> for PresenceView {
    fn from(signal: PresenceSignal) -> Self {
        let PresenceSignal { user, online, since, last_seen } = signal;
        Self { user_id: user, online, since, last_seen }
    }
}

/// How people stand.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PresenceList)]
pub(crate) struct Presences {
    items: Vec<PresenceView>,
}

/// Who of these people is online
///
/// In order of their ids. People who share no conversation with the caller are left out, as those who do not exist.
#[utoipa::path(get, path = "/users/presence", tag = "people", params(Asked), responses(
    (status = 200, description = "Those whom the caller may see", body = Presences),
))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, query: Query<Asked>) -> Answer {
    let wrong = |message: &str| Refusal::field(RefusalCode::Invalid, "ids", message);
    // Counted before anything is built from it.
    if query.0.ids.split(',').count() > MOST_ITEMS {
        return Err(wrong("at most 100 ids at a time").into());
    }
    let ids: Result<BTreeSet<UserId>, _> = query.0.ids.split(',').map(str::parse).collect();
    let ids: Vec<UserId> = ids.map_err(|_| wrong("ids of people with commas between them"))?.into_iter().collect();
    let seen = state.conversations.presence_of(caller.user(), &ids).await?;
    Ok(HttpResponse::Ok().json(Presences { items: seen.into_iter().map(PresenceView::from).collect() }))
}
