//! Rows around conversations. The conversation itself is a log.

use crate::entity;
use crate::{ConversationId, UserId};

entity! {
    /// A person may find this conversation in their list. Written before the log says so, so that a crash leaves at worst
    /// a row that readers skip: the log decides who is a member.
    pub struct Membership in "memberships" {
        partition { /// Whose list.
            user_id: UserId }
        clustering { /// Which conversation.
            conversation_id: ConversationId }
        columns { /// Since when, milliseconds since 1970.
            since: i64 }
    }
}

entity! {
    /// How far a member has received and read. Positions only grow.
    pub struct Marks in "marks" {
        partition { /// Which conversation.
            conversation_id: ConversationId }
        clustering { /// Who.
            user_id: UserId }
        columns {
            /// Everything up to this offset has reached a device.
            delivered: u64,
            /// Everything up to this offset has been read, by saying so.
            read: u64,
            /// The `number` of the last message at or below `read`; 0 when none is.
            read_number: u64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
