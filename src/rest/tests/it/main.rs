//! REST as a client sees it: the whole application on the embedded store.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that finds something missing stops")]

mod accounts;
mod administration;
mod api_keys;
mod bank;
mod changes;
mod codes;
mod contract;
mod conversations;
mod cursors;
mod deletion;
mod documentation;
mod errors;
mod events;
mod forgetting;
mod google;
mod groups;
mod idempotency;
mod kinds;
mod leaks;
mod market;
mod pages;
mod payments;
mod people;
mod qr;
mod roles;
mod rooms;
mod search;
mod status_board;
mod weights;
mod world;
