//! The store that the configuration names.

use crate::config::{Engine, StoreSection};
use crate::serve::ServeError;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_store::cql::{CqlParts, Migrator};
use plenum_store::{Cql, CqlMetrics, Embedded, StoreMetrics, embedded};
use prometheus::Registry;

/// Opens it.
pub(crate) async fn open(
    section: &StoreSection,
    clock: SharedClock,
    registry: &Registry,
) -> Result<SharedStore, ServeError> {
    match section.engine {
        Engine::Embedded => {
            let parts = embedded::Parts { metrics: StoreMetrics::new(registry)?, clock, hook: None };
            Ok(Embedded::open_with(section.embedded(), parts)?)
        }
        Engine::Scylla => {
            if section.cql.migration.on_start {
                let migrator = Migrator::connect(section.cql.clone(), clock.clone()).await?;
                let told = |step: &plenum_schema::cql::Migration| {
                    tracing::info!(number = step.number, name = step.name, "migrated");
                };
                migrator.run(told).await?;
            }
            let parts = CqlParts { metrics: CqlMetrics::new(registry)?, clock };
            Ok(Cql::open(section.cql.clone(), parts).await?)
        }
    }
}
