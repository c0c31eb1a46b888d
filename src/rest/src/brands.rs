//! Brands of the status board.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod update;
pub(crate) mod view;

use plenum_http::Problem;
use plenum_schema::{Refusal, RefusalCode};

/// A version that is not the one in `If-Match` is 412.
pub(crate) fn lost_update(refusal: Refusal) -> Problem {
    let is_version = refusal.code == RefusalCode::Conflict && refusal.field.as_deref() == Some("version");
    if is_version { Problem::precondition_failed() } else { refusal.into() }
}
