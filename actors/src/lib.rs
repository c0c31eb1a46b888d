//! Aggregates and what runs them: the owner, the hub, connections, and the interfaces to store and placement.
//!
//! An aggregate is a fold over a log; an actor runs it; a hub delivers it. Aggregates and the owner's core are free of
//! I/O, actix, tokio and clocks; the actors around them are thin.

pub mod aggregate;
pub mod aggregates;
pub mod clock;
pub mod connection;
pub mod crowds;
pub mod directory;
pub mod history;
pub mod hub;
pub mod identity;
pub mod owner;
pub mod placement;
pub mod presence;
pub mod publication;
pub mod shared_limits;
pub mod store;
pub mod views;
