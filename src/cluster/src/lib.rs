//! Where aggregates live: the single node, later the cluster bus.
