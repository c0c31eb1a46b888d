//! What a store says of itself: the signing keys of nodes that share it, and marks on it. Neither moves to another store with the content.

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

entity! {
    /// Something that whoever opens the store must know first.
    pub struct StoreMark in "store_marks" {
        partition { /// `import`: a copy into this store was begun and is not finished.
            name: String }
        clustering { }
        columns {
            /// Unix milliseconds.
            since: i64,
            /// What is copied: the hash of the content of the source.
            source: String
        }
    }
}
