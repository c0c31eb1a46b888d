//! Open-loop load generator and checker.
