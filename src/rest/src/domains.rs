//! Domains of the status board.

pub(crate) mod body;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod update;
pub(crate) mod uptime;
pub(crate) mod view;
