use serde::Deserialize;

/// Settings of API keys.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeysConfig {
    /// Most keys at the same time, at most 1,000.
    pub keys: usize,
    /// How long the secret before stays valid after a rotation when nobody says, seconds.
    pub overlap_s: u64,
    /// The longest that anybody may say, seconds.
    pub max_overlap_s: u64,
    /// The time of a key's last use is written down at most this often, seconds.
    pub used_every_s: u64,
}

impl Default for ApiKeysConfig {
    fn default() -> Self {
        Self { keys: 1_000, overlap_s: 24 * 3_600, max_overlap_s: 30 * 24 * 3_600, used_every_s: 600 }
    }
}
