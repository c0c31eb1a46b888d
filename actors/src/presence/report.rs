//! What nodes tell each other.

use crate::clock::WallMillis;
use plenum_schema::{NodeId, UserId};
use serde::{Deserialize, Serialize};

/// Who is on a node: everybody, or what changed since an earlier report. One without lines is a sign of life.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// The run of the process that reports. A restart is another node.
    pub node: NodeId,
    /// Grows with each report that has news.
    pub version: u64,
    /// The version that the lines build on; `None`: on nothing, they are everybody.
    pub base: Option<u64>,
    /// Each person once.
    pub lines: Vec<Line>,
}

/// Somebody on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Line {
    /// Who.
    pub user: UserId,
    /// Identified connections there; 0: the last one has closed.
    pub connections: u32,
    /// Since when they are online; with 0 connections when the last one closed. Milliseconds since 1970.
    pub at: WallMillis,
}
