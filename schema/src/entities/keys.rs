//! The signing keys of nodes that share a store.

use crate::entity;

entity! {
    /// All keys of a cluster. A node alone keeps them in a file instead.
    pub struct KeyRingRow in "key_rings" {
        partition { /// `tokens`: there is one.
            name: String }
        clustering { }
        columns {
            /// The keys, as JSON. Secret: never logged.
            ring: String,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
