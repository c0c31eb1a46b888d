use serde::Deserialize;

/// Settings of the status board.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusBoardConfig {
    /// Whether checkers may come without an API key, as they did in older systems.
    pub public_checker: bool,
    /// Most brands.
    pub brands: usize,
    /// Most domains.
    pub domains: usize,
    /// Most reports in one request.
    pub reports: usize,
    /// Periods kept of each domain, at least 1: the oldest fall out.
    pub periods: u64,
    /// After this time a claim on a name that came to nothing may be taken over, seconds.
    pub claim_grace_s: u64,
}

impl Default for StatusBoardConfig {
    fn default() -> Self {
        Self { public_checker: false, brands: 1_000, domains: 20_000, reports: 500, periods: 1_000, claim_grace_s: 60 }
    }
}
