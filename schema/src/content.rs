//! What a message says.

use serde::{Deserialize, Serialize};

/// The most bytes of UTF-8 a message's text may have, unless the configuration lowers it.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;

/// How a client should show the content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentKind {
    /// Plain text: never markup, shown as it is.
    #[default]
    Text,
    /// The message was deleted: `text` is empty. Only the server writes it, in place of what stood there.
    Deleted,
}

/// The body of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    /// How to show it.
    #[serde(default)]
    pub kind: ContentKind,
    /// Text, 1 to [`MAX_TEXT_BYTES`] bytes of UTF-8; empty when deleted.
    pub text: String,
}

impl Content {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { kind: ContentKind::Text, text: text.into() }
    }

    /// What stands in the place of a deleted message's content.
    #[must_use]
    pub fn deleted() -> Self {
        Self { kind: ContentKind::Deleted, text: String::new() }
    }
}
