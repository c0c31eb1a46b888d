//! Keys as REST shows them.

use crate::moment::{rfc3339, rfc3339_option};
use plenum_schema::{ApiKeyId, UserId};
use plenum_services::api_keys::{KeyInfo, KeyScope, ShownKey};
use serde::Serialize;

/// A key of a program, without its secret.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub(crate) struct KeyAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: ApiKeyId,
    name: String,
    /// The beginning of its text.
    prefix: String,
    scopes: Vec<KeyScope>,
    /// The admin who made it; absent when it was made on the command line.
    #[schema(value_type = Option<String>, format = Uuid)]
    created_by: Option<UserId>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    /// When its secret was last replaced.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    rotated_at: i64,
    /// Until when the secret before the rotation is valid too.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_until: Option<i64>,
    /// When it ends by itself.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<i64>,
    /// About when it was last used.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<i64>,
}

/// A key with its secret: shown this once.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ShownApiKey)]
pub(crate) struct ShownAnswer {
    #[serde(flatten)]
    info: KeyAnswer,
    /// For `Authorization: ApiKey …` or `X-Api-Key`. Keep it now: it is not stored here.
    key: String,
}

impl From<KeyInfo> for KeyAnswer {
    fn from(key: KeyInfo) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            created_by: key.created_by,
            created_at: key.created_at,
            rotated_at: key.rotated_at,
            previous_until: key.previous_until,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

impl From<ShownKey> for ShownAnswer {
    fn from(shown: ShownKey) -> Self {
        Self { key: shown.key.expose().to_owned(), info: shown.info.into() }
    }
}
