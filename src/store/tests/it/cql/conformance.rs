use super::cluster::{config, migrated, open_with, runtime, session};
use plenum_actors::store::SharedStore;
use plenum_schema::cql::create_table;
use plenum_store::CqlConfig;
use plenum_store::conformance::{CASES, TABLES};
use plenum_store::cql::{ConsistencyLevel, SerialLevel};
use std::time::Instant;

fn conforms(config: CqlConfig) {
    runtime().block_on(async {
        migrated(&config).await;
        let session = session().await;
        session.use_keyspace(&config.keyspace, false).await.unwrap();
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

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn the_cql_engine_passes_every_conformance_case() {
    conforms(config("conformance"));
}

/// The settings of a cluster with several datacentres, in the one that is there.
#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn the_cql_engine_passes_every_conformance_case_with_the_quorum_of_its_datacentre() {
    let mut config = config("conformance_local");
    config.datacenter = "datacenter1".to_owned();
    config.consistency = ConsistencyLevel::LocalQuorum;
    config.serial_consistency = SerialLevel::LocalSerial;
    config.replication.datacenters = vec!["datacenter1:3".to_owned()];
    conforms(config);
}
