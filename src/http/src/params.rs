//! Query parameters and ids in paths, refused as problem documents.

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use plenum_schema::{Refusal, RefusalCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use std::str::FromStr;

/// The most of a library's words that are passed on, characters.
const LONGEST_REASON: usize = 200;

/// The query of a request as a `T`; unknown parameters are ignored.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parsed(request.query_string()).map(Self))
    }
}

/// Reads a query.
///
/// # Errors
/// `malformed` naming the parameter whose value cannot be read or that is given twice, `invalid` naming one that is missing.
fn parsed<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let text: String = error.inner().to_string().chars().take(LONGEST_REASON).collect();
        // What is wrong with the query as a whole names the parameter in its text.
        let named = |prefix: &str| text.strip_prefix(prefix)?.split_once('`').map(|(name, _)| name.to_owned());
        if let Some(name) = named("missing field `") {
            let message = format!("{name} is required");
            return Refusal::field(RefusalCode::Invalid, name, message).into();
        }
        match named("duplicate field `").or((path != ".").then_some(path)) {
            Some(name) => {
                let message = format!("{name} cannot be read: {text}");
                Refusal::field(RefusalCode::Malformed, name, message).into()
            }
            None => Refusal::new(RefusalCode::Malformed, text).into(),
        }
    })
}

/// The `{id}` of the path. A text that is no id names nothing: 404, like an id that nobody has.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

/// The `{userId}` of a path that has an `{id}` before it.
#[derive(Clone, Copy, Debug)]
pub struct UserInPath<T>(pub T);

/// The `{roomId}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct RoomInPath<T>(pub T);

/// The `{productId}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct ProductInPath<T>(pub T);

/// The `{questionId}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct QuestionInPath<T>(pub T);

/// The `{participantId}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct ParticipantInPath<T>(pub T);

/// The `{hookId}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct HookInPath<T>(pub T);

/// The `{itemId}` of a path: a question of an audience.
#[derive(Clone, Copy, Debug)]
pub struct ItemInPath(pub u32);

/// The `{replyId}` of a path: a reply to a question of an audience.
#[derive(Clone, Copy, Debug)]
pub struct ReplyInPath(pub u32);

/// The `{code}` of a path, as it is written.
#[derive(Clone, Debug)]
pub struct CodeInPath(pub String);

/// The `{offset}` of a path: the place of a message in its conversation.
#[derive(Clone, Copy, Debug)]
pub struct OffsetInPath(pub u64);

fn segment<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T, Problem> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Refusal::new(RefusalCode::NotFound, "there is no such thing").into())
}

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "id").map(Self))
    }
}

impl<T: FromStr> FromRequest for UserInPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "userId").map(Self))
    }
}

impl<T: FromStr> FromRequest for RoomInPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "roomId").map(Self))
    }
}

impl<T: FromStr> FromRequest for ProductInPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "productId").map(Self))
    }
}

impl<T: FromStr> FromRequest for QuestionInPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "questionId").map(Self))
    }
}

impl<T: FromStr> FromRequest for HookInPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "hookId").map(Self))
    }
}

impl<T: FromStr> FromRequest for ParticipantInPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "participantId").map(Self))
    }
}

impl FromRequest for ItemInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "itemId").map(Self))
    }
}

impl FromRequest for ReplyInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "replyId").map(Self))
    }
}

impl FromRequest for CodeInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "code").map(Self))
    }
}

impl FromRequest for OffsetInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request, "offset").map(Self))
    }
}

/// `?limit=` and `?cursor=` of every list.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct PageQuery {
    /// 1 to 100, default 20.
    pub limit: Option<usize>,
    /// As given in `nextCursor`.
    pub cursor: Option<String>,
}

/// The most items of a page.
pub const MOST_ITEMS: usize = 100;
/// The items of a page when the caller does not say.
pub const DEFAULT_ITEMS: usize = 20;

impl PageQuery {
    /// The checked limit.
    ///
    /// # Errors
    /// `invalid` when it is not 1 to 100.
    pub fn limit(&self) -> Result<usize, Problem> {
        checked_limit(self.limit)
    }
}

/// A page's limit, 20 when absent.
///
/// # Errors
/// `invalid` when it is not 1 to 100.
pub fn checked_limit(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(DEFAULT_ITEMS) {
        limit @ 1..=MOST_ITEMS => Ok(limit),
        _ => Err(Refusal::field(RefusalCode::Invalid, "limit", "limit must be 1 to 100").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Wanted {
        limit: Option<usize>,
        name: String,
    }

    fn problem(query: &str) -> serde_json::Value {
        let problem = parsed::<Wanted>(query).expect_err("a problem");
        serde_json::from_slice(&problem.body(None)).expect("JSON")
    }

    #[test]
    fn a_wrong_parameter_is_named_whatever_is_wrong_with_it() {
        for (query, status, field) in [
            ("name=a&limit=ten", 400, "limit"),
            ("name=a&limit=-1", 400, "limit"),
            ("name=a&limit=1&limit=2", 400, "limit"),
            ("limit=1", 422, "name"),
        ] {
            let problem = problem(query);
            assert_eq!(
                (&problem["status"], &problem["errors"][0]["field"]),
                (&status.into(), &field.into()),
                "{query}"
            );
            assert!(problem["errors"][0]["message"].is_string());
        }
    }

    #[test]
    fn unknown_parameters_are_ignored() {
        parsed::<Wanted>("name=a&limit=1&colour=red").expect("it reads");
    }
}
