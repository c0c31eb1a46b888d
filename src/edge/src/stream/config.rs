use serde::Deserialize;

/// Limits of a stream of server-sent events. Sizes in bytes.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamConfig {
    /// Topics of one stream. They stand in the URL: proxies often cut those beyond 8 KiB.
    pub topics: usize,
    /// What the HTTP layer may hold of one stream beyond the socket's own buffer; the rest waits in the hub's outbox.
    pub buffer_bytes: usize,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self { topics: 100, buffer_bytes: 16 * 1024 }
    }
}
