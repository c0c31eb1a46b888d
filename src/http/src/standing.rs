//! How a caller stands with the limits that their request met: `RateLimit-*` headers.
//!
//! The names and meanings are those of the IETF's draft-ietf-httpapi-ratelimit-headers-07: `RateLimit-Limit` (requests that fit into the
//! window), `RateLimit-Remaining` (that are left now), `RateLimit-Reset` (seconds until all are there again; of a refusal: until the next
//! one) and `RateLimit-Policy` (limit and window). Where a request met several limits they tell of the one that is nearest to its end.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

/// Where one bucket stands after a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Requests that fit in at once.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// Seconds until all are there again.
    pub reset_s: u64,
    /// Seconds in which an empty bucket fills.
    pub window_s: u64,
}

impl Standing {
    /// Whether this one ends before another, in parts of the whole.
    fn is_tighter(self, other: Self) -> bool {
        u128::from(self.remaining) * u128::from(other.limit) < u128::from(other.remaining) * u128::from(self.limit)
    }
}

/// Remembers where a bucket stands that this request met, for the headers of its answer.
pub fn met_limit(request: &impl HttpMessage, standing: Option<Standing>) {
    let Some(standing) = standing else { return };
    let mut extensions = request.extensions_mut();
    let tightest = extensions.get::<Standing>().copied().filter(|before| !standing.is_tighter(*before));
    extensions.insert(tightest.unwrap_or(standing));
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Pages, and what they are made of: a browser has no use for the headers there, and a page of thirty files would carry them thirty times.
pub(crate) fn is_of_a_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    [&b"text/html"[..], b"text/css", b"text/javascript", b"image/", b"font/"].iter().any(|page| kind.starts_with(page))
}

/// Writes the headers of an answer that is no page's.
pub(crate) fn tell(request: &HttpRequest, status: StatusCode, headers: &mut HeaderMap) {
    if status != StatusCode::TOO_MANY_REQUESTS && is_of_a_page(headers) {
        return;
    }
    let standing = request.extensions().get::<Standing>().copied();
    let wait = headers.get(header::RETRY_AFTER).cloned().filter(|_| status == StatusCode::TOO_MANY_REQUESTS);
    // What refused may be a limit that counts something else than requests, such as codes to a number: of it only the wait is known.
    let known = standing.filter(|standing| wait.is_none() || standing.remaining == 0);
    if let Some(Standing { limit, window_s, .. }) = known {
        headers.insert(LIMIT, HeaderValue::from(limit));
        if let Ok(policy) = HeaderValue::from_str(&format!("{limit};w={window_s}")) {
            headers.insert(POLICY, policy);
        }
    }
    match (wait, known) {
        (Some(wait), _) => {
            headers.insert(REMAINING, HeaderValue::from(0));
            headers.insert(RESET, wait);
        }
        (None, Some(standing)) => {
            headers.insert(REMAINING, HeaderValue::from(standing.remaining));
            headers.insert(RESET, HeaderValue::from(standing.reset_s));
        }
        (None, None) => {}
    }
}
