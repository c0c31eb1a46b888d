//! Business rules without HTTP or driver, one folder a domain.

pub mod accounts;
pub mod api_keys;
pub mod conferences;
pub mod conversations;
pub mod depot;
pub mod erasure;
pub mod events;
pub mod idempotency;
pub mod images;
pub mod issuer;
pub mod market;
pub mod messenger;
pub mod notices;
pub mod payments;
pub mod status_board;
pub mod subjects;

mod background;
mod listing;
mod rows;
mod text;
mod unavailable;

// Layers above name these without depending on the actors themselves.
pub use plenum_actors::{clock, identity, shared_limits};
