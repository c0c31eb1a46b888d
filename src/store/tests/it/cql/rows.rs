//! Rows under competition of several nodes, which one process never shows.

use super::cluster::{config, migrated, open, runtime};
use futures_util::future::join_all;
use plenum_actors::store::{Conditional, Mutation, Store, StoreError};
use plenum_schema::entities::{AccountKey, Session};
use plenum_schema::table::{Entity, Value};
use plenum_schema::{SessionId, UserId};
use plenum_store::Cql;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const KEYSPACE: &str = "rows";

async fn stores(count: usize) -> Vec<Arc<Cql>> {
    let config = config(KEYSPACE);
    migrated(&config).await;
    join_all((0..count).map(|_| open(config.clone()))).await.into_iter().map(Result::unwrap).collect()
}

fn key(name: &str, owner: u128, version: i64) -> AccountKey {
    AccountKey {
        key: name.to_owned(),
        user_id: UserId(Uuid::from_u128(owner)),
        confirmed: false,
        claimed_at: 0,
        version,
    }
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn a_name_is_claimed_once_whoever_asks_on_whichever_node() {
    runtime().block_on(async {
        let stores = stores(4).await;
        for round in 0..5 {
            let name = format!("username:{}-{round}", Uuid::new_v4());
            let claims = (0..16_u128).map(|owner| {
                let (store, row) = (stores[owner as usize % stores.len()].clone(), key(&name, owner, 1).to_row());
                async move { store.insert(AccountKey::TABLE, row).await }
            });
            let answers = join_all(claims).await;
            let stands = stores[0].get(AccountKey::TABLE, vec![Value::Text(name)]).await.unwrap().unwrap();
            let winner = AccountKey::from_row(stands).unwrap().user_id.0.as_u128();
            for (owner, answer) in (0..16_u128).zip(&answers) {
                match answer {
                    Ok(Conditional::Applied) => assert_eq!(owner, winner, "round {round}"),
                    Ok(Conditional::Refused(_)) => assert_ne!(owner, winner, "the winner was refused in round {round}"),
                    Err(StoreError::Unknown(_) | StoreError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn counting_from_four_nodes_loses_nothing_and_counts_nothing_twice() {
    runtime().block_on(async {
        let stores = stores(4).await;
        let name = format!("username:{}", Uuid::new_v4());
        let (table, version) = (AccountKey::TABLE, AccountKey::TABLE.column("version").unwrap());
        assert_eq!(stores[0].insert(table, key(&name, 0, 0).to_row()).await, Ok(Conditional::Applied));
        let count = async |store: &Arc<Cql>, owner: u128| {
            let (mut known, mut sure, mut unsure, deadline) =
                (0, 0_i64, 0_i64, Instant::now() + Duration::from_secs(10));
            while Instant::now() < deadline {
                let row = key(&name, owner, known + 1).to_row();
                match store.replace(table, row, version, Value::Int(known)).await {
                    Ok(Conditional::Applied) => (known, sure) = (known + 1, sure + 1),
                    Ok(Conditional::Refused(Some(row))) => known = AccountKey::from_row(row).unwrap().version,
                    Ok(Conditional::Refused(None)) => panic!("the row is gone"),
                    Err(StoreError::Unknown(_)) => unsure += 1,
                    Err(StoreError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            (sure, unsure)
        };
        let counted = join_all(stores.iter().zip(1..).map(|(store, owner)| count(store, owner))).await;
        let (sure, unsure): (Vec<_>, Vec<_>) = counted.into_iter().unzip();
        let row = stores[1].get(table, vec![Value::Text(name.clone())]).await.unwrap().unwrap();
        let total = AccountKey::from_row(row).unwrap().version;
        let (sure, unsure) = (sure.iter().sum::<i64>(), unsure.iter().sum::<i64>());
        println!("{total} counted, {sure} acknowledged, {unsure} unknown");
        assert!((sure..=sure + unsure).contains(&total) && sure > 10);
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn a_session_that_was_ended_stays_ended_whatever_the_clocks_of_the_nodes_say() {
    runtime().block_on(async {
        let stores = stores(2).await;
        let user_id = UserId(Uuid::new_v4());
        for round in 0..10_i64 {
            let session = Session {
                user_id,
                session_id: SessionId(Uuid::new_v4()),
                device: "test".to_owned(),
                created_at: round,
                last_used_at: 0,
                expires_at: 0,
                credential: 0,
                family: "f".into(),
                current_hash: "c".into(),
                previous_hash: "".into(),
                rotated_at: 0,
                version: 1,
                audience: Some("host".to_owned()),
            };
            let key = session.to_row()[..2].to_vec();
            let (one, other) = (&stores[round as usize % 2], &stores[(round as usize + 1) % 2]);
            assert_eq!(one.insert(Session::TABLE, session.to_row()).await, Ok(Conditional::Applied));
            let next = Session { version: 2, ..session.clone() };
            let version = Session::TABLE.column("version").unwrap();
            assert_eq!(
                one.replace(Session::TABLE, next.to_row(), version, Value::Int(1)).await,
                Ok(Conditional::Applied)
            );
            other.write(Session::TABLE, vec![Mutation::Delete(key.clone())]).await.unwrap();
            assert_eq!(one.get(Session::TABLE, key.clone()).await, Ok(None), "round {round}");
            // And again at once: a plain delete of a moment ago would hide it.
            assert_eq!(one.insert(Session::TABLE, session.to_row()).await, Ok(Conditional::Applied));
            assert_eq!(other.get(Session::TABLE, key.clone()).await, Ok(Some(session.to_row())));
            let both = vec![
                Mutation::Delete(key.clone()),
                Mutation::Put(Session { session_id: SessionId(Uuid::new_v4()), ..next }.to_row()),
            ];
            other.write(Session::TABLE, both).await.unwrap();
            assert_eq!(one.get(Session::TABLE, key).await, Ok(None), "round {round}");
        }
    });
}
