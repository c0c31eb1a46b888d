//! The rows of Plenum: everything that is not an aggregate.

mod conversation;

pub use conversation::{Marks, Membership};

use crate::table::{Entity, Table};

/// Every table, for engines and migrations.
pub const TABLES: &[&Table] = &[Membership::TABLE, Marks::TABLE];
