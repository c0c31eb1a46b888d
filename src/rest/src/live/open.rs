use plenum_http::{Answer, no_such_path};
use serde::Serialize;

/// A polling connection that has been opened.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PollOpened)]
pub(crate) struct Opened {
    /// Its name in the server's log.
    connection: uuid::Uuid,
    /// For the `Authorization: Poll …` of its requests.
    key: String,
    /// The longest time a request for frames waits.
    wait_ms: u64,
}

/// Opens a polling connection, which then has to identify
///
/// See the protocol's section on long polling.
#[utoipa::path(post, path = "/poll", tag = "live", responses((status = 201, description = "Opened", body = Opened)))]
pub async fn handle() -> Answer {
    no_such_path().await
}
