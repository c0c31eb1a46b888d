//! The key ring of nodes that share a store: one row, made by whoever starts first, replaced by compare-and-set.

use super::{KeyError, KeyRing, Stored, file};
use plenum_actors::clock::WallMillis;
use plenum_actors::store::{Conditional, SharedStore, StoreError};
use plenum_schema::entities::KeyRingRow;
use plenum_schema::table::{Entity, FieldValue};
use std::path::Path;

/// The name of the one row.
const NAME: &str = "tokens";
/// How often a row that others replace is read again.
const ATTEMPTS: usize = 8;

fn failed(error: StoreError) -> KeyError {
    KeyError::Store(error)
}

fn damaged() -> KeyError {
    KeyError::Damaged {
        path: format!("table {}", KeyRingRow::TABLE.name).into(),
        reason: "not a key ring of this version",
    }
}

async fn row(store: &SharedStore) -> Result<Option<KeyRingRow>, KeyError> {
    let row = store.get(KeyRingRow::TABLE, vec![NAME.to_owned().to_value()]).await.map_err(failed)?;
    row.map(KeyRingRow::from_row).transpose().map_err(|_| damaged())
}

fn text(stored: &Stored) -> Result<String, KeyError> {
    serde_json::to_string(stored).map_err(|_| damaged())
}

fn read(row: &KeyRingRow, overlap_ms: i64) -> Result<KeyRing, KeyError> {
    let stored = serde_json::from_str(&row.ring).map_err(|_| damaged())?;
    let ring = KeyRing::new(stored, overlap_ms).ok_or_else(damaged)?;
    Ok(KeyRing { version: row.version, ..ring })
}

/// The ring of the store; made where there is none, of the keys of this node's file if it has some.
pub(super) async fn open(
    store: &SharedStore,
    data_dir: &Path,
    overlap_ms: i64,
    now: WallMillis,
) -> Result<KeyRing, KeyError> {
    for _ in 0..ATTEMPTS {
        if let Some(row) = row(store).await? {
            return read(&row, overlap_ms);
        }
        let stored = match file::present(data_dir)? {
            Some(stored) => stored,
            None => Stored::fresh(now)?,
        };
        let first = KeyRingRow { name: NAME.to_owned(), ring: text(&stored)?, version: 1 };
        // Whoever was first is read in the next round, also when nobody knows who that was.
        match store.insert(KeyRingRow::TABLE, first.to_row()).await {
            Ok(_) | Err(StoreError::Unknown(_)) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(KeyError::Contended)
}

/// The ring as it stands now.
pub(super) async fn load(store: &SharedStore, overlap_ms: i64) -> Result<KeyRing, KeyError> {
    read(&row(store).await?.ok_or_else(damaged)?, overlap_ms)
}

/// Replaces `ring` by one with a new signing key. When another node was faster its ring is answered.
pub(super) async fn rotate(store: &SharedStore, ring: &KeyRing, now: WallMillis) -> Result<KeyRing, KeyError> {
    let stored = ring.with_fresh_key(now)?;
    let next = KeyRingRow { name: NAME.to_owned(), ring: text(&stored)?, version: ring.version + 1 };
    let column = KeyRingRow::TABLE.columns.iter().position(|column| column.name == "version").ok_or_else(damaged)?;
    match store.replace(KeyRingRow::TABLE, next.to_row(), column, ring.version.to_value()).await {
        Ok(Conditional::Applied) => read(&next, ring.overlap_ms),
        Ok(Conditional::Refused(_)) | Err(StoreError::Unknown(_)) => load(store, ring.overlap_ms).await,
        Err(error) => Err(failed(error)),
    }
}
