//! The description of what the edge answers below the same prefix: streams and long polls. The edge mounts them itself, before REST;
//! where there is no edge, nothing is there.

pub mod commands;
pub mod fetch;
pub mod leave;
pub mod open;
pub mod stream;
