use plenum_http::{Answer, no_such_path};
use serde::Serialize;

/// Commands of the native protocol.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PollCommands)]
pub(crate) struct Commands {
    /// Number of the first one, counted from 1.
    first: u64,
    /// As on a socket; see the protocol.
    frames: Vec<serde_json::Value>,
}

/// What was taken.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PollTaken)]
pub(crate) struct Taken {
    /// Number of the last command taken.
    taken: u64,
}

/// Commands on a polling connection, each taken once; their answers come as frames
#[utoipa::path(post, path = "/poll/commands", tag = "live", request_body = Commands, params(
    ("Authorization" = String, Header, description = "`Poll` and the connection's key"),
), responses((status = 202, description = "Taken", body = Taken)))]
pub async fn handle() -> Answer {
    no_such_path().await
}
