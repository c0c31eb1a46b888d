//! Rooms: find, make, change, join, leave.

pub(crate) mod body;
pub(crate) mod close;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod join;
pub(crate) mod leave;
pub(crate) mod list;
pub(crate) mod members;
pub(crate) mod update;
pub(crate) mod view;
