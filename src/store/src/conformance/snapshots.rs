use super::fixtures::filled;
use bytes::Bytes;
use plenum_actors::store::{SharedStore, Snapshot};

pub(super) async fn a_saved_snapshot_loads(store: SharedStore) {
    let (log, _) = filled(&store, 10).await;
    for snapshot in [
        Snapshot { offset: 4, state: Bytes::from_static(b"after four") },
        Snapshot { offset: 10, state: Bytes::new() },
        Snapshot { offset: 10, state: Bytes::from_static(b"again") },
    ] {
        store.save_snapshot(log, snapshot.clone()).await.unwrap();
        assert_eq!(store.load_snapshot(log).await, Ok(Some(snapshot)));
    }
}

pub(super) async fn an_older_snapshot_does_not_replace_a_newer_one(store: SharedStore) {
    let (log, _) = filled(&store, 10).await;
    let newer = Snapshot { offset: 9, state: Bytes::from_static(b"newer") };
    let older = Snapshot { offset: 8, state: Bytes::from_static(b"older") };
    let saves = [newer.clone(), older.clone(), older].map(|snapshot| store.save_snapshot(log, snapshot));
    for saved in futures_util::future::join_all(saves).await {
        assert_eq!(saved, Ok(()));
    }
    assert_eq!(store.load_snapshot(log).await, Ok(Some(newer)));
}

pub(super) async fn a_large_snapshot_loads(store: SharedStore) {
    let (log, _) = filled(&store, 1).await;
    let state: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let snapshot = Snapshot { offset: 1, state: state.into() };
    store.save_snapshot(log, snapshot.clone()).await.unwrap();
    assert_eq!(store.load_snapshot(log).await, Ok(Some(snapshot)));
}
