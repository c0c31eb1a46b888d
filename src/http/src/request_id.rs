//! Request ids: one a request, in the answer, in problem documents and in the log.

use actix_web::http::header::HeaderMap;
use uuid::Uuid;

/// The header both ways.
pub const REQUEST_ID: &str = "x-request-id";
const LONGEST: usize = 64;
const SHORTEST: usize = 8;

/// The id of a request: the caller's own when it is 8 to 64 letters, digits, `.`, `_`, `-`; else a new one. So it can
/// be logged and sent back without escaping.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// From the request's headers, or the given new id.
    #[must_use]
    pub fn of(headers: &HeaderMap, fresh: Uuid) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|text| is_acceptable(text));
        Self(given.map_or_else(|| fresh.to_string(), str::to_owned))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_acceptable(text: &str) -> bool {
    (SHORTEST..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn id_for(value: &str) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(REQUEST_ID), HeaderValue::from_str(value).expect("a header value"));
        RequestId::of(&headers, Uuid::nil())
    }

    #[test]
    fn a_plain_id_of_the_caller_is_kept() {
        assert_eq!(id_for("trace-0123.A_b").as_str(), "trace-0123.A_b");
    }

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        for bad in ["short", "with space in it", "semi;colon;here", &"x".repeat(65)] {
            assert_eq!(id_for(bad).as_str(), Uuid::nil().to_string(), "{bad}");
        }
    }
}
