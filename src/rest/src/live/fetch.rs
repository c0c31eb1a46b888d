use plenum_http::{Answer, no_such_path};
use serde::Serialize;

/// Frames of the native protocol.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PollFrames)]
pub(crate) struct Frames {
    /// Number of the first one.
    first: u64,
    /// As on a socket; see the protocol.
    frames: Vec<serde_json::Value>,
}

/// Frames of a polling connection, as soon as there are some
#[utoipa::path(get, path = "/poll", tag = "live", params(
    ("Authorization" = String, Header, description = "`Poll` and the connection's key"),
    ("after" = Option<u64>, Query, description = "Number of the last frame received (default 0)"),
    ("waitMs" = Option<u64>, Query, description = "How long to wait for the first one"),
), responses((status = 200, description = "What has not been confirmed, perhaps nothing", body = Frames)))]
pub async fn handle() -> Answer {
    no_such_path().await
}
