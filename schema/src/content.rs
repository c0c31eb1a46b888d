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
    /// A picture: what is attached, or the address in `text`.
    Image,
    /// A file: what is attached, or the address in `text`.
    File,
    /// A recording: what is attached, or the address in `text`.
    Audio,
    /// The message was deleted: `text` is empty. Only the server writes it, in place of what stood there.
    Deleted,
}

impl ContentKind {
    /// Whether it is plain text.
    #[must_use]
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

/// The body of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    /// How to show it.
    #[serde(default)]
    pub kind: ContentKind,
    /// Text, 1 to [`MAX_TEXT_BYTES`] bytes of UTF-8; empty when deleted, and where something attached says it all.
    pub text: String,
    /// What belongs to it and lies elsewhere, at most [`MAX_ATTACHMENTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// The most attachments of a message.
pub const MAX_ATTACHMENTS: usize = 10;
/// Longest address of an attachment, bytes.
pub const ATTACHMENT_URL_BYTES: usize = 2_048;
/// Longest name and longest media type of an attachment, bytes.
pub const ATTACHMENT_NAME_BYTES: usize = 255;

/// Something that belongs to a message and lies elsewhere. The server keeps what it is told and looks at nothing behind the
/// address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachment {
    /// Where: `https://…`, `http://…` or a path on this server, 1 to [`ATTACHMENT_URL_BYTES`] bytes without white space.
    pub url: String,
    /// How to call it, at most [`ATTACHMENT_NAME_BYTES`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type, at most [`ATTACHMENT_NAME_BYTES`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl Content {
    /// Plain text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { kind: ContentKind::Text, text: text.into(), attachments: Vec::new() }
    }

    /// What stands in the place of a deleted message's content.
    #[must_use]
    pub fn deleted() -> Self {
        Self { kind: ContentKind::Deleted, text: String::new(), attachments: Vec::new() }
    }
}
