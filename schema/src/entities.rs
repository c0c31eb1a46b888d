//! The rows of Plenum: everything that is not an aggregate.

mod account;
mod conversation;
mod idempotency;
mod message_state;

pub use account::{Account, AccountKey, Session};
pub use conversation::{Marks, Membership};
pub use idempotency::IdempotencyRow;
pub use message_state::{MessageStateRow, Reaction};

use crate::table::{Entity, Table};

/// Every table, for engines and migrations.
pub const TABLES: &[&Table] =
    &[Membership::TABLE, Marks::TABLE, Account::TABLE, AccountKey::TABLE, Session::TABLE, IdempotencyRow::TABLE, MessageStateRow::TABLE];
