//! REST: one table of routes, mounted at `/api` and at `/api/v1`; one file an action.
//!
//! The server gives [`configure`] to its `App`, inside the layer of `plenum-http`. The OpenAPI document comes from the
//! same table.

mod admin;
mod api_keys;
mod auth;
mod board;
mod brands;
mod checkers;
mod codes;
mod conferences;
mod conversations;
mod domains;
mod events;
mod google;
mod kinds;
mod live;
mod marketplace;
mod media;
mod moment;
mod openapi;
mod operations;
mod payments;
mod people;
mod program;
mod rooms;
mod route;
mod routes;
mod state;
mod subjects;
mod users;

pub use openapi::document;
pub use operations::summary::HealthSummary;
pub use route::{Access, Listed};
pub use routes::{configure, listed, listed_elsewhere};
pub use state::{Health, RestConfig, RestParts, RestState};
