//! Store engines and the conformance suite every engine must pass.
