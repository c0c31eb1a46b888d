//! Store engines and the conformance suite every engine must pass.
//!
//! [`embedded`] keeps everything in one directory of this machine, [`cql`] on a ScyllaDB or Cassandra cluster that several nodes
//! share; [`conformance`] is the list of cases that defines what an engine is. The interface itself is
//! `plenum_actors::store::Store`.

pub mod conformance;
pub mod cql;
pub mod embedded;
mod limits;

pub use cql::{Cql, CqlConfig, CqlError, CqlMetrics};
pub use embedded::{Embedded, EmbeddedConfig, Found, OpenError, StoreMetrics, inspect};
