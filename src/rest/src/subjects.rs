//! Subjects: what people learn.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod remove;
mod view;
