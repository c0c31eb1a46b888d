//! Query parameters and ids in paths, refused as problem documents.

use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use plenum_schema::{Refusal, RefusalCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use std::str::FromStr;

/// The query of a request as a `T`; unknown parameters are ignored.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = web::Query::<T>::from_query(request.query_string());
        let wrong = |error: actix_web::error::QueryPayloadError| {
            Problem::from(Refusal::new(RefusalCode::Malformed, error.to_string().to_lowercase()))
        };
        ready(parsed.map(|query| Self(query.into_inner())).map_err(wrong))
    }
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
