//! Store engines and the conformance suite every engine must pass.
//!
//! [`embedded`] keeps everything in one directory of this machine; [`conformance`] is the list of cases that defines what
//! an engine is. The interface itself is `plenum_actors::store::Store`.

pub mod conformance;
pub mod embedded;

pub use embedded::{Embedded, EmbeddedConfig, Found, OpenError, StoreMetrics, inspect};
