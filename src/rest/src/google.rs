//! Signing in with Google.

pub(crate) mod callback;
pub(crate) mod cookie;
pub(crate) mod start;
pub(crate) mod verify;
