use super::fixtures::{BY_BLOB, BY_BOOL, BY_INT, BY_TEXT, BY_UUID, NAMES, NOTES, id, note, put, text};
use bytes::Bytes;
use plenum_actors::store::{Direction, SharedStore};
use plenum_schema::table::{Row, Table, Value};
use uuid::Uuid;

/// Writes rows with these keys, which are in order, in another order; scans from everywhere in both directions.
async fn sorted(store: SharedStore, table: &'static Table, keys: Vec<Value>) {
    let owner = id();
    let row = |place: usize| vec![owner.clone(), keys[place].clone(), Value::Int(place as i64)];
    let rows: Vec<Row> = (0..keys.len()).map(row).collect();
    let mut shuffled = rows.clone();
    shuffled.sort_by_key(|row| format!("{:?}", row[2]).chars().rev().collect::<String>());
    put(&*store, table, &shuffled).await;
    let scan = |after: Option<&Value>, direction| {
        store.scan(table, vec![owner.clone()], after.map(|key| vec![key.clone()]), direction, 100)
    };
    let reversed = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(scan(None, Direction::Forward).await.unwrap(), rows);
    assert_eq!(scan(None, Direction::Backward).await.unwrap(), reversed(&rows));
    for (place, key) in keys.iter().enumerate() {
        assert_eq!(scan(Some(key), Direction::Forward).await.unwrap(), rows[place + 1..], "after {key:?}");
        assert_eq!(scan(Some(key), Direction::Backward).await.unwrap(), reversed(&rows[..place]), "before {key:?}");
    }
}

pub(super) async fn integers_sort_by_value(store: SharedStore) {
    let numbers = [i64::MIN, i64::MIN + 1, -65_536, -257, -256, -255, -2, -1, 0, 1, 2, 255, 256, 65_536, i64::MAX];
    sorted(store, &BY_INT, numbers.map(Value::Int).to_vec()).await;
}

pub(super) async fn texts_sort_by_their_bytes(store: SharedStore) {
    let texts = [
        "", "\0", "\0\0", "\0\u{1}", "\u{1}", " ", "A", "B", "a", "a\0", "a\0b", "aa", "ab", "b", "z", "ä", "漢", "🦀",
    ];
    sorted(store, &BY_TEXT, texts.map(text).to_vec()).await;
}

pub(super) async fn blobs_sort_by_their_bytes(store: SharedStore) {
    let blobs: [&'static [u8]; 9] = [&[], &[0], &[0, 0], &[0, 1], &[0, 255], &[1], &[255], &[255, 0], &[255, 255]];
    sorted(store, &BY_BLOB, blobs.map(|blob| Value::Blob(Bytes::from_static(blob))).to_vec()).await;
}

pub(super) async fn uuids_of_one_version_sort_by_their_bytes(store: SharedStore) {
    let id = |high: u64, low: u64| {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high.to_be_bytes());
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        Value::Uuid(uuid::Builder::from_random_bytes(bytes).into_uuid())
    };
    let ids = [id(0, 0), id(0, 1), id(0, 256), id(1 << 32, 0), id(1 << 63, 0), id(u64::MAX, 0), id(u64::MAX, u64::MAX)];
    assert!(ids.iter().all(|id| matches!(id, Value::Uuid(id) if id.get_version_num() == 4 && *id != Uuid::nil())));
    sorted(store, &BY_UUID, ids.to_vec()).await;
}

pub(super) async fn false_sorts_before_true(store: SharedStore) {
    sorted(store, &BY_BOOL, vec![Value::Bool(false), Value::Bool(true)]).await;
}

pub(super) async fn pages_join_without_gap_or_double(store: SharedStore) {
    let owner = id();
    let rows: Vec<_> = (-20..25).map(|number| note(&owner, number, "row")).collect();
    put(&*store, &NOTES, &rows).await;
    for direction in [Direction::Forward, Direction::Backward] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.scan(&NOTES, vec![owner.clone()], after, direction, 7).await.unwrap();
            assert!(page.len() <= 7);
            let Some(last) = page.last() else { break };
            after = Some(vec![last[1].clone()]);
            seen.extend(page);
        }
        if direction == Direction::Backward {
            seen.reverse();
        }
        assert_eq!(seen, rows);
    }
}

pub(super) async fn a_prefix_is_left_out_with_all_its_rows(store: SharedStore) {
    let owner = id();
    let row = |name: &str, number| vec![owner.clone(), text("kind"), text(name), Value::Int(number), Value::Null];
    let rows: Vec<_> = ["a", "ab", "b"].iter().flat_map(|name| [row(name, -1), row(name, 1)]).collect();
    put(&*store, &NAMES, &rows).await;
    let scan = |after, direction| store.scan(&NAMES, vec![owner.clone(), text("kind")], Some(after), direction, 10);
    assert_eq!(scan(vec![text("a")], Direction::Forward).await.unwrap(), rows[2..]);
    assert_eq!(scan(vec![text("a"), Value::Int(-1)], Direction::Forward).await.unwrap(), rows[1..]);
    assert_eq!(scan(vec![text("b")], Direction::Forward).await.unwrap(), Vec::<Row>::new());
    let before_b: Vec<_> = rows[..4].iter().rev().cloned().collect();
    assert_eq!(scan(vec![text("b")], Direction::Backward).await.unwrap(), before_b);
    assert_eq!(scan(vec![text("aa")], Direction::Forward).await.unwrap(), rows[2..]);
}
