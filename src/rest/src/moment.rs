//! Times as REST writes them.

pub(crate) use plenum_schema::moment::{rfc3339, rfc3339_option};
