//! A person's settings of a conversation as REST shows them.

use plenum_services::conversations::Settings;
use serde::Serialize;

/// How the caller wants to see a conversation.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationSettings)]
pub(crate) struct SettingsAnswer {
    is_muted: bool,
    is_archived: bool,
}

impl From<Settings> for SettingsAnswer {
    fn from(settings: Settings) -> Self {
        Self { is_muted: settings.is_muted, is_archived: settings.is_archived }
    }
}
