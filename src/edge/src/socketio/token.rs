//! The token of a request: for clients that cannot give one in `auth`.

use actix_http::RequestHead;
use actix_http::header::AUTHORIZATION;
use plenum_socketio::engine::request::parameter;

/// The token of an `Authorization: Bearer` header, or of `?token=`. Kept until the client comes in; never logged.
pub(super) fn token_of(head: &RequestHead) -> Option<Box<str>> {
    let header = head.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")));
    let query = head.uri.query().and_then(|query| parameter(query, "token"));
    bearer.or(query).map(str::trim).filter(|token| !token.is_empty()).map(Box::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_http::Request;

    fn head(uri: &str, header: Option<&str>) -> Request {
        let mut request = Request::new();
        request.head_mut().uri = uri.parse().unwrap();
        if let Some(value) = header {
            request.head_mut().headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn a_token_comes_in_the_header_or_in_the_query() {
        let of = |uri, header| token_of(head(uri, header).head()).map(String::from);
        assert_eq!(of("/socket.io/?EIO=4&token=abc.d-e_f", None).as_deref(), Some("abc.d-e_f"));
        assert_eq!(of("/socket.io/?token=abc", Some("Bearer xyz")).as_deref(), Some("xyz"));
        assert_eq!(of("/socket.io/?EIO=4&token=", None), None);
        assert_eq!(of("/socket.io/", Some("Basic xyz")), None);
    }
}
