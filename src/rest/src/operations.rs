//! About the server itself.

pub(crate) mod docs;
pub(crate) mod jwks;
pub(crate) mod openapi;
pub(crate) mod summary;
