//! What is left of presence when somebody has gone. Who is online is nowhere stored.

use crate::UserId;
use crate::entity;

entity! {
    /// When somebody's last device left. Written once for each leaving; the newest write stands, for display only.
    pub struct LastSeen in "last_seen" {
        partition { /// Who.
            user_id: UserId }
        clustering { }
        columns { /// Milliseconds since 1970.
            at: i64 }
    }
}
