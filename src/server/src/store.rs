//! The store that the configuration names.

use crate::config::{Engine, StoreSection};
use crate::serve::ServeError;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_store::cql::{CqlParts, Migrator, Progress};
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
                let told = |one: Progress<'_>| match one {
                    Progress::Applied(step) => tracing::info!(number = step.number, name = step.name, "migrated"),
                    Progress::Waits(what) => tracing::info!("{what}"),
                };
                migrator.run(told).await?;
            }
            let parts = CqlParts { metrics: CqlMetrics::new(registry)?, clock };
            Ok(Cql::open(section.cql.clone(), parts).await?)
        }
    }
}

/// A copy into the store was begun and is not finished: what is there is not whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "an import into this store was begun at {} and is not finished, so it is not whole: run the same `plenum import` again until it says `verified`",
    at_text(*.since)
)]
pub struct HalfImported {
    /// Unix milliseconds.
    pub since: i64,
}

fn at_text(milliseconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1_000)).ok();
    let text = time.and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok());
    text.unwrap_or_else(|| milliseconds.to_string())
}

/// Refuses a store that is not whole.
pub(crate) async fn whole(store: &SharedStore) -> Result<(), ServeError> {
    match crate::transfer::unfinished(store).await? {
        None => Ok(()),
        Some(since) => Err(HalfImported { since }.into()),
    }
}
