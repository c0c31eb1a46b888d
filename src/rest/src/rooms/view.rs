//! Rooms as REST shows them.

use crate::conversations::view::MemberRole;
use crate::moment::rfc3339;
use plenum_schema::{ConversationId, Topic, UserId};
use plenum_services::conversations::{ListedRoom, RoomOverview};
use serde::{Deserialize, Serialize};

/// Who may find and join a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoomType)]
pub(crate) enum RoomType {
    /// Everybody.
    Public,
    /// Admins and the owner add people.
    Private,
}

impl RoomType {
    fn of(is_public: bool) -> Self {
        if is_public { Self::Public } else { Self::Private }
    }
}

/// A room.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Room)]
pub(crate) struct RoomAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: ConversationId,
    /// What its members subscribe to on a socket.
    #[schema(value_type = String)]
    topic: Topic,
    name: String,
    description: Option<String>,
    subject_id: Option<String>,
    room_type: RoomType,
    /// Most members, the owner included.
    max_participants: u64,
    logo_url: Option<String>,
    /// Whether people may join and write.
    is_active: bool,
    /// Whether it was closed for ever.
    is_closed: bool,
    member_count: u64,
    /// The caller's role; absent for everybody else than members, and in lists.
    role: Option<MemberRole>,
    #[schema(value_type = String, format = Uuid)]
    owner: UserId,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    /// For `If-Match`; absent in lists.
    version: Option<u64>,
}

impl From<RoomOverview> for RoomAnswer {
    fn from(room: RoomOverview) -> Self {
        let RoomOverview { id, view, owner, created_at } = room;
        Self {
            id,
            topic: Topic::Conversation(id),
            name: view.title,
            description: view.info.description,
            subject_id: view.info.subject,
            room_type: RoomType::of(view.info.public),
            max_participants: u64::from(view.info.max_participants),
            logo_url: view.info.logo,
            is_active: view.info.active && !view.is_closed,
            is_closed: view.is_closed,
            member_count: view.member_count,
            role: view.role.map(MemberRole::from),
            owner,
            created_at,
            version: Some(view.version),
        }
    }
}

impl From<ListedRoom> for RoomAnswer {
    fn from(listed: ListedRoom) -> Self {
        let ListedRoom { row, member_count } = listed;
        Self {
            id: row.room_id,
            topic: Topic::Conversation(row.room_id),
            name: row.title,
            description: row.description,
            subject_id: row.subject,
            room_type: RoomType::of(row.is_public),
            max_participants: row.max_participants,
            logo_url: row.logo,
            is_active: row.is_active,
            is_closed: row.is_closed,
            member_count,
            role: None,
            owner: row.owner,
            created_at: row.created_at,
            version: None,
        }
    }
}

/// The version of a room as the entity tag.
pub(crate) fn tag(room: &RoomOverview) -> i64 {
    i64::try_from(room.view.version).unwrap_or(i64::MAX)
}
