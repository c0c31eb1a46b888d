//! What every HTTP surface shares: who calls, problem documents, limits, security headers, idempotency, versions.
//!
//! A surface gives [`HttpLayer`] to its `App` as `web::Data`, wraps the app in [`cors`] and then in
//! [`envelope`], and lets handlers take [`Caller`], [`Body`], [`Query`] and [`Id`] as arguments.

mod address;
mod api_key;
mod body;
mod caller;
mod config;
mod content;
mod cors;
mod headers;
mod idempotency;
mod layer;
mod limiter;
mod params;
mod problem;
mod readable;
mod request_id;
mod standing;
mod upload;
mod version;

pub use address::{Block, BlockError, ForwardedHeader, Origin, TrustedProxies, limit_key};
pub use api_key::{ApiKeyText, needs_api_key};
pub use body::{Body, BodyPair, MaybeBody, RawBody, has_ignored_members, was_read};
pub use caller::{Caller, Guest, OptionalCaller, OptionalGuest, Person, identity_of};
pub use config::{HttpConfig, HttpConfigError};
pub use content::{Piece, piece};
pub use cors::cors;
pub use headers::{API_CSP, secure_headers};
pub use idempotency::{IdempotencyKey, Reply, once};
pub use layer::{
    Dialect, HttpLayer, Observed, Observer, TurnedAway, client_address, envelope, is_problem, no_such_path, reached_at,
};
pub use limiter::{Limiter, Rate};
pub use params::{
    CodeInPath, HookInPath, Id, ItemInPath, MOST_ITEMS, OffsetInPath, PageQuery, ParticipantInPath, ProductInPath,
    Query, QuestionInPath, ReplyInPath, RoomInPath, UserInPath, checked_limit,
};
pub use problem::{Answer, FieldError, PROBLEM_JSON, Problem};
pub use readable::readable;
pub use request_id::{REQUEST_ID, RequestId};
pub use standing::{Standing, met_limit};
pub use upload::{FileHead, FileUpload, Wanted};
pub use version::{IfMatch, etag};
