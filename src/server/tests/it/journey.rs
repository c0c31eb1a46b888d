//! What people do with Plenum, against a whole server in this process.

mod access;
mod account_kinds;
mod changes;
mod chat;
pub mod conference;
mod deletion;
mod events;
mod kinds;
mod market;
mod payments;
mod personal;
mod presence;
mod resume;
mod retention;
mod rooms;
mod search;
mod signals;
mod status_board;
mod tickets;
