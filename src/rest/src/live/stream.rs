use plenum_http::{Answer, no_such_path};

/// What happens in some topics, as server-sent events
///
/// See the protocol's section on server-sent events.
#[utoipa::path(get, path = "/stream", tag = "live", params(
    ("topics" = String, Query, description = "Topics with commas between, each perhaps with `@` and the offset after which to go on"),
    ("token" = Option<String>, Query, description = "An access token or a ticket, for clients that cannot set a header"),
    ("lastEventId" = Option<String>, Query, description = "The id of the last event seen"),
    ("Last-Event-ID" = Option<String>, Header, description = "The same, as browsers send it"),
    ("heartbeat" = Option<String>, Query, description = "`comment` (default) or `event`"),
), responses((status = 200, description = "Events, until the connection ends", content_type = "text/event-stream", body = String)))]
pub async fn handle() -> Answer {
    no_such_path().await
}
