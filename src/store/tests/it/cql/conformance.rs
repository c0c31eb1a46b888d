use super::cluster::{config, migrated, open_with, runtime, session};
use plenum_actors::store::SharedStore;
use plenum_schema::cql::create_table;
use plenum_store::conformance::{CASES, TABLES};
use std::time::Instant;

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn the_cql_engine_passes_every_conformance_case() {
    let config = config("conformance");
    runtime().block_on(async {
        migrated(&config).await;
        let session = session().await;
        session.use_keyspace("conformance", false).await.unwrap();
        for table in TABLES {
            session.query_unpaged(create_table(table), &[]).await.unwrap();
        }
        let store: SharedStore = open_with(config, TABLES).await;
        for case in CASES {
            let begun = Instant::now();
            (case.run)(store.clone()).await;
            println!("{} {:?}", case.name, begun.elapsed());
        }
    });
}
