//! What one connection may send in one message.

use serde::Deserialize;

/// Bounds on incoming messages. Checked from the declared length, before a byte of the payload is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest message in bytes after unmasking, all fragments together. Default 65,536.
    pub max_message_bytes: usize,
    /// Largest number of frames one message may consist of; empty frames count. Default 128.
    pub max_fragments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_message_bytes: 64 * 1024, max_fragments: 128 }
    }
}

impl Limits {
    /// The bounds of an echo endpoint for conformance suites, which send messages of 16 MiB and very many fragments.
    #[must_use]
    pub const fn echo() -> Self {
        Self { max_message_bytes: 16 * 1024 * 1024, max_fragments: 65_536 }
    }
}
