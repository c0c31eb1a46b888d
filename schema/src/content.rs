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
}

/// The body of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    /// How to show it.
    #[serde(default)]
    pub kind: ContentKind,
    /// Text, 1 to [`MAX_TEXT_BYTES`] bytes of UTF-8.
    pub text: String,
}

impl Content {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { kind: ContentKind::Text, text: text.into() }
    }
}
