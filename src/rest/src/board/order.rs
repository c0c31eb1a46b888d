//! In which order questions of the audience stand.

use plenum_schema::{Refusal, RefusalCode};
use plenum_services::conferences::Order;

/// Reads `votes`, `newest` or `wilson`; `field` is named when it is something else.
pub(crate) fn order(field: &str, text: Option<&str>) -> Result<Order, Refusal> {
    match text {
        None | Some("votes") => Ok(Order::Votes),
        Some("newest") => Ok(Order::Newest),
        Some("wilson") => Ok(Order::Wilson),
        Some(_) => Err(Refusal::field(RefusalCode::Invalid, field, "sort by votes, newest or wilson")),
    }
}
