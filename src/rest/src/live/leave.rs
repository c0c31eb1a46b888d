use plenum_http::{Answer, no_such_path};

/// Ends a polling connection
#[utoipa::path(delete, path = "/poll", tag = "live", params(
    ("Authorization" = String, Header, description = "`Poll` and the connection's key"),
), responses((status = 204, description = "Ended")))]
pub async fn handle() -> Answer {
    no_such_path().await
}
