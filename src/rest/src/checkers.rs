//! What external checkers call, in the shapes that they know.

pub(crate) mod update;
pub(crate) mod urls;
