//! Versions of rows as entity tags, and `If-Match` against lost updates (RFC 9110 §8.8.3, §13.1.1).

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// The `ETag` header of a version.
#[must_use]
pub fn etag(version: i64) -> (HeaderName, HeaderValue) {
    // Digits in quotes are always a header value.
    let value = HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""));
    (header::ETAG, value)
}

/// What the caller believes to change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IfMatch {
    /// No header: change whatever is there. Also `*`.
    Any,
    /// One of these versions; empty when none of the tags can be one of ours.
    Versions(Vec<i64>),
}

impl IfMatch {
    /// Refuses a change of another version than the caller has seen.
    ///
    /// # Errors
    /// 412.
    pub fn check(&self, current: i64) -> Result<(), Problem> {
        match self {
            Self::Any => Ok(()),
            Self::Versions(versions) if versions.contains(&current) => Ok(()),
            Self::Versions(_) => Err(Problem::precondition_failed()),
        }
    }

    /// The one version a compare-and-set should expect; `None` when the caller does not care.
    ///
    /// # Errors
    /// 412 when no tag can be a version of ours.
    pub fn expected(&self) -> Result<Option<i64>, Problem> {
        match self {
            Self::Any => Ok(None),
            Self::Versions(versions) => versions.first().copied().map(Some).ok_or_else(Problem::precondition_failed),
        }
    }

    fn of(request: &HttpRequest) -> Self {
        let values: Vec<&str> = request.headers().get_all(header::IF_MATCH).filter_map(|v| v.to_str().ok()).collect();
        if values.is_empty() || values.iter().any(|value| value.trim() == "*") {
            return Self::Any;
        }
        let tags = values.iter().flat_map(|value| value.split(','));
        // Weak tags never match here (RFC 9110 §13.1.1), nor do tags that we did not make.
        let version = |tag: &str| tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok();
        Self::Versions(tags.filter_map(version).take(8).collect())
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn if_match(value: &str) -> IfMatch {
        IfMatch::of(&TestRequest::default().insert_header((header::IF_MATCH, value)).to_http_request())
    }

    #[test]
    fn the_own_tag_matches_and_another_does_not() {
        let (_, tag) = etag(7);
        assert!(if_match(tag.to_str().expect("text")).check(7).is_ok());
        assert!(if_match("\"6\", \"8\"").check(7).is_err());
        assert!(if_match("\"6\", \"7\"").check(7).is_ok());
    }

    #[test]
    fn weak_and_foreign_tags_never_match() {
        assert!(if_match("W/\"7\"").check(7).is_err());
        assert!(if_match("\"abc\"").expected().is_err());
        assert!(if_match("7").check(7).is_err());
    }

    #[test]
    fn a_star_and_no_header_match_anything() {
        assert!(if_match("*").check(7).is_ok());
        assert_eq!(IfMatch::of(&TestRequest::default().to_http_request()), IfMatch::Any);
    }
}
