//! Migrations: twice, from two nodes at once, after a migrator died, and what a server says to a schema that is not its own.

use super::cluster::{alone, clock, config, migrated, open, runtime, session};
use plenum_schema::cql::MIGRATIONS;
use plenum_store::cql::{Migrator, Progress, StepState};
use plenum_store::{CqlConfig, CqlError};

fn quick(keyspace: &str) -> CqlConfig {
    let mut config = config(keyspace);
    config.migration.step_timeout_ms = 40_000;
    config.migration.lock_seconds = 41;
    config
}

async fn migrate(config: &CqlConfig) -> Result<usize, CqlError> {
    Migrator::connect(config.clone(), clock()).await?.run(|_| {}).await
}

async fn run(text: &str) {
    session().await.query_unpaged(text, &[]).await.unwrap();
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn an_empty_cluster_is_migrated_once_and_a_second_run_changes_nothing() {
    runtime().block_on(async {
        let config = quick("migrated_twice");
        alone(&config.keyspace).await;
        assert!(matches!(open(config.clone()).await, Err(CqlError::Missing { .. })));
        let migrator = Migrator::connect(config.clone(), clock()).await.unwrap();
        assert!(migrator.keyspace_statement().await.unwrap().unwrap().contains("NetworkTopologyStrategy"));
        assert!(migrator.plan().await.unwrap().steps.iter().all(|(_, state)| *state == StepState::Missing));
        let mut told = Vec::new();
        assert_eq!(
            migrator
                .run(|one| if let Progress::Applied(step) = one {
                    told.push(step.number);
                })
                .await
                .unwrap(),
            MIGRATIONS.len()
        );
        assert!(told.iter().copied().eq(1..=MIGRATIONS.len() as u32));
        assert_eq!(migrate(&config).await.unwrap(), 0);
        assert!(migrator.plan().await.unwrap().is_complete());
        assert_eq!(migrator.keyspace_statement().await.unwrap(), None);
        open(config).await.unwrap();
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn three_migrators_at_once_apply_every_step_once() {
    runtime().block_on(async {
        // More than once: whether a node meets a table that it does not know yet is chance.
        for keyspace in ["migrated_by_three", "migrated_by_three_again"] {
            let config = quick(keyspace);
            alone(&config.keyspace).await;
            let counts = futures_util::future::join_all((0..3).map(|_| migrate(&config))).await;
            let counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
            assert_eq!(counts.iter().sum::<usize>(), MIGRATIONS.len(), "{counts:?}");
            open(config).await.unwrap();
        }
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn a_migrator_that_died_keeps_the_lock_for_its_life_and_the_next_one_goes_on() {
    runtime().block_on(async {
        let mut config = quick("migrated_after_death");
        migrated(&config).await;
        // As if it had died in the middle of its last step.
        let last = MIGRATIONS.last().unwrap();
        let ledger = "migrated_after_death.schema_migrations";
        let key = format!("scope = 'plenum' AND number = {}", last.number);
        run(&format!("UPDATE {ledger} SET finished = false WHERE {key} IF EXISTS")).await;
        run("INSERT INTO migrated_after_death.schema_lock (name, owner, holder) VALUES ('migrate', uuid(), 'the dead') IF NOT EXISTS USING TTL 6")
            .await;
        let refused = open(config.clone()).await.unwrap_err();
        assert!(matches!(refused, CqlError::Unfinished { number, .. } if number == last.number), "{refused}");

        config.migration.wait_ms = 0;
        let locked = migrate(&config).await.unwrap_err();
        assert!(matches!(&locked, CqlError::Locked { holder, .. } if holder == "the dead"), "{locked}");
        config.migration.wait_ms = 60_000;
        assert_eq!(migrate(&config).await.unwrap(), 1);
        open(config).await.unwrap();
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn a_server_refuses_a_newer_and_a_changed_schema_and_so_does_the_migrator() {
    runtime().block_on(async {
        let config = quick("migrated_elsewhere");
        migrated(&config).await;
        let ledger = "migrated_elsewhere.schema_migrations";
        let newer = MIGRATIONS.len() + 1;
        run(&format!(
            "INSERT INTO {ledger} (scope, number, name, checksum, finished) VALUES ('plenum', {newer}, 'future', 'x', true) IF NOT EXISTS"
        ))
        .await;
        let refused = open(config.clone()).await.unwrap_err();
        assert!(matches!(&refused, CqlError::Newer { name, .. } if name == "future"), "{refused}");
        assert!(matches!(migrate(&config).await, Err(CqlError::Newer { .. })));
        run(&format!("DELETE FROM {ledger} WHERE scope = 'plenum' AND number = {newer} IF EXISTS")).await;
        open(config.clone()).await.unwrap();
        run(&format!("UPDATE {ledger} SET checksum = 'y' WHERE scope = 'plenum' AND number = 1 IF EXISTS")).await;
        assert!(matches!(open(config.clone()).await, Err(CqlError::Changed { number: 1, .. })));
        assert!(matches!(migrate(&config).await, Err(CqlError::Changed { .. })));
    });
}
