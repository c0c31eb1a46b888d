//! Who wants nothing of whom.

use crate::UserId;
use crate::entity;

entity! {
    /// Somebody has blocked somebody else: no direct messages between the two, in either direction.
    pub struct Block in "blocks" {
        partition { /// Who blocks.
            user_id: UserId }
        clustering { /// Whom.
            blocked_id: UserId }
        columns { /// Since when, milliseconds since 1970.
            since: i64 }
    }
}
