//! Events with seats and a waiting list.

pub(crate) mod body;
pub(crate) mod calendar;
pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod join;
pub(crate) mod leave;
pub(crate) mod list;
pub(crate) mod participants;
pub(crate) mod remove;
pub(crate) mod set_image;
pub(crate) mod view;
