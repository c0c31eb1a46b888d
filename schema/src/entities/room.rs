//! The list of rooms, and what members keep to themselves about conversations.

use crate::entity;
use crate::{ConversationId, UserId};

/// Partitions that the list of rooms is spread over.
pub const ROOM_SHARDS: u64 = 16;

/// The partition of a room's row.
#[must_use]
pub fn room_shard(id: ConversationId) -> u64 {
    u64::from(id.0.as_bytes()[15]) % ROOM_SHARDS
}

entity! {
    /// A room as the list shows it: a view of its log, written after each change. The log decides.
    pub struct RoomRow in "rooms" {
        partition { /// [`room_shard`] of the room.
            shard: u64 }
        clustering { /// Which.
            room_id: ConversationId }
        columns {
            /// Offset of the newest event inside: the condition of compare-and-set. 0 while the room is being made.
            revision: u64,
            /// Its name.
            title: String,
            /// What it is about.
            description: Option<String>,
            /// The subject it belongs to.
            subject: Option<String>,
            /// Address of its picture.
            logo: Option<String>,
            /// Whether everybody may find and join it.
            is_public: bool,
            /// Most members.
            max_participants: u64,
            /// Whether people may join and write.
            is_active: bool,
            /// Whether it was closed for ever.
            is_closed: bool,
            /// Who made it.
            owner: UserId,
            /// When it was made, milliseconds since 1970.
            created_at: i64
        }
    }
}

entity! {
    /// How somebody wants to see one of their conversations. Absent: as usual.
    pub struct ConversationSettings in "conversation_settings" {
        partition { /// Whose.
            user_id: UserId }
        clustering { /// Which conversation.
            conversation_id: ConversationId }
        columns {
            /// Not to be notified of.
            is_muted: bool,
            /// Not in the usual list.
            is_archived: bool
        }
    }
}
