//! What is said about a room.

use super::view::RoomType;
use plenum_schema::room::RoomInfo;
use serde::{Deserialize, Deserializer};

/// A room as it is wanted. When changing, absent members stay as they are and `null` removes a text.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = RoomBody)]
pub(crate) struct RoomBody {
    /// 1 to 120 characters.
    pub name: Option<String>,
    /// At most 2,000 characters.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    subject_id: Option<Option<String>>,
    room_type: Option<RoomType>,
    /// Most members, the owner included.
    max_participants: Option<u32>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    logo_url: Option<Option<String>>,
    /// Whether people may join and write.
    is_active: Option<bool>,
    /// When making a room: the same person and reference give the same room, for ever. 1 to 64 bytes.
    pub client_ref: Option<String>,
}

/// A member that is there, perhaps as `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// Places of a room when nobody says.
const DEFAULT_PLACES: u32 = 100;

impl RoomBody {
    /// A new room.
    pub fn info(self) -> RoomInfo {
        let mut info = RoomInfo {
            public: true,
            description: None,
            subject: None,
            logo: None,
            max_participants: DEFAULT_PLACES,
            active: true,
        };
        self.change(&mut info);
        info
    }

    /// Changes what is said.
    pub fn change(self, info: &mut RoomInfo) {
        let not_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(description) = self.description {
            info.description = not_empty(description);
        }
        if let Some(subject) = self.subject_id {
            info.subject = not_empty(subject);
        }
        if let Some(logo) = self.logo_url {
            info.logo = not_empty(logo);
        }
        if let Some(kind) = self.room_type {
            info.public = kind == RoomType::Public;
        }
        info.max_participants = self.max_participants.unwrap_or(info.max_participants);
        info.active = self.is_active.unwrap_or(info.active);
    }
}
