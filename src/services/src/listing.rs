//! All rows of a table that is small enough, kept in memory in the order of its list.
//!
//! A list that is asked for all the time is read from the store once in a while, in pieces between which others run, and by one
//! reader however many ask. What this node writes is put into the list at once. What other nodes write shows with the next reading.

use crate::rows::Rows;
use parking_lot::Mutex;
use plenum_actors::clock::SharedClock;
use plenum_schema::Refusal;
use plenum_schema::table::{Entity, Key};
use std::mem;
use std::sync::{Arc, OnceLock};

/// Rows read at a time: about a millisecond's work, after which others run.
const PIECE: usize = 250;
/// A list is shown while it is read anew, unless it is older than so many times its age: then whoever asks waits.
const STALE: u64 = 3;

/// A row that stands in a list.
pub(crate) trait Listed: Entity + Clone + Sync {
    /// What the list is ordered by, least first. Different for each row.
    type Place: Ord;

    /// Where the row stands.
    fn place(&self) -> Self::Place;
    /// The full key of the row.
    fn key(&self) -> Key;
    /// Higher with each change.
    fn version(&self) -> i64;
    /// What is searched for text, in lower case.
    fn text(&self) -> String;
}

/// A row in a list.
#[derive(Debug)]
pub(crate) struct Item<E> {
    pub row: E,
    text: OnceLock<String>,
}

impl<E: Listed> Item<E> {
    fn new(row: E) -> Arc<Self> {
        Arc::new(Self { row, text: OnceLock::new() })
    }

    /// What is searched for text, in lower case; put together when it is first asked for.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| self.row.text())
    }
}

/// A list as it was at one moment.
pub(crate) type List<E> = Arc<Vec<Arc<Item<E>>>>;

enum Change<E> {
    Put(Arc<Item<E>>),
    Removed(Key),
}

impl<E> Clone for Change<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Put(item) => Self::Put(Arc::clone(item)),
            Self::Removed(key) => Self::Removed(key.clone()),
        }
    }
}

struct State<E> {
    /// The list and when reading it began, where it has been read.
    list: Option<(u64, List<E>)>,
    /// What this node has changed since the reading that is under way began: the reading may have passed the place before.
    since: Option<Vec<Change<E>>>,
}

struct Inner<E> {
    rows: Rows,
    clock: SharedClock,
    /// About so many rows are read; the table's own limit keeps it there.
    most: usize,
    age_ms: u64,
    state: Mutex<State<E>>,
    /// Whoever has it reads; the others wait.
    reader: tokio::sync::Mutex<()>,
}

/// See the module. Cheap to clone; all clones are one list.
pub(crate) struct Listing<E>(Arc<Inner<E>>);

impl<E> Clone for Listing<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E: Listed> Listing<E> {
    /// A list that has not been read, of at most about `most` rows, that is read again when it is older than `age_ms`.
    pub fn new(rows: Rows, clock: SharedClock, most: usize, age_ms: u64) -> Self {
        let state = Mutex::new(State { list: None, since: None });
        Self(Arc::new(Inner { rows, clock, most, age_ms, state, reader: tokio::sync::Mutex::new(()) }))
    }

    /// The list: not older than three times its age; younger than that it is shown while it is read anew.
    ///
    /// # Errors
    /// `unavailable` when it has to be read and cannot be.
    pub async fn list(&self) -> Result<List<E>, Refusal> {
        let now = self.0.clock.mono();
        let known = self.0.state.lock().list.as_ref().map(|(at, list)| (now.saturating_sub(*at), Arc::clone(list)));
        match known {
            Some((age, list)) if age <= self.0.age_ms => Ok(list),
            Some((age, list)) if age <= self.0.age_ms.saturating_mul(STALE) => {
                let own = self.clone();
                if own.0.reader.try_lock().is_ok() {
                    tokio::spawn(async move { drop(own.read(now).await) });
                }
                Ok(list)
            }
            _ => self.read(now).await,
        }
    }

    /// The list as it stands in the store now, whatever this node knows.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn read_now(&self) -> Result<List<E>, Refusal> {
        self.0.state.lock().list = None;
        self.list().await
    }

    /// A row was written by this node: it stands in the list from now on.
    pub fn put(&self, row: &E) {
        self.note(Change::Put(Item::new(row.clone())));
    }

    /// A row was removed by this node.
    pub fn remove(&self, key: Key) {
        self.note(Change::Removed(key));
    }

    fn note(&self, change: Change<E>) {
        let mut state = self.0.state.lock();
        if let Some((_, list)) = &mut state.list {
            // Whoever reads the list at this moment keeps the one from before.
            change.clone().make(Arc::make_mut(list));
        }
        if let Some(since) = &mut state.since {
            since.push(change);
        }
    }

    /// Reads the list, unless somebody else has done so since `asked`.
    async fn read(&self, asked: u64) -> Result<List<E>, Refusal> {
        let _reader = self.0.reader.lock().await;
        {
            let mut state = self.0.state.lock();
            if let Some((at, list)) = &state.list
                && *at >= asked
            {
                return Ok(Arc::clone(list));
            }
            state.since = Some(Vec::new());
        }
        let _given_up = GivenUp(&self.0.state);
        let began = self.0.clock.mono();
        let outcome = self.sweep().await;
        let mut state = self.0.state.lock();
        let changes = mem::take(&mut state.since).unwrap_or_default();
        let mut list = outcome?;
        changes.into_iter().for_each(|change| change.make(&mut list));
        let list = Arc::new(list);
        state.list = Some((began, Arc::clone(&list)));
        Ok(list)
    }

    async fn sweep(&self) -> Result<Vec<Arc<Item<E>>>, Refusal> {
        let (mut all, mut after): (Vec<Arc<Item<E>>>, Option<Key>) = (Vec::new(), None);
        loop {
            let rows: Vec<E> = self.0.rows.sweep(after, PIECE).await?;
            let is_end = rows.len() < PIECE || all.len() >= self.0.most;
            after = rows.last().map(Listed::key);
            all.extend(rows.into_iter().map(Item::new));
            if is_end {
                break;
            }
            // The embedded store answers at once: without this a long table would keep the thread from everything else.
            tokio::task::yield_now().await;
        }
        all.sort_by_cached_key(|item| item.row.place());
        Ok(all)
    }
}

/// Whoever reads may go away in the middle: then nothing is noted any more that no reading will take up.
struct GivenUp<'s, E>(&'s Mutex<State<E>>);

impl<E> Drop for GivenUp<'_, E> {
    fn drop(&mut self) {
        self.0.lock().since = None;
    }
}

impl<E: Listed> Change<E> {
    fn make(self, list: &mut Vec<Arc<Item<E>>>) {
        let key = match &self {
            Self::Put(item) => item.row.key(),
            Self::Removed(key) => key.clone(),
        };
        let stands = list.iter().position(|item| item.row.key() == key);
        if let Self::Put(item) = &self
            && stands.and_then(|at| list.get(at)).is_some_and(|stands| stands.row.version() >= item.row.version())
        {
            return;
        }
        if let Some(at) = stands {
            list.remove(at);
        }
        if let Self::Put(item) = self {
            let place = item.row.place();
            let at = list.partition_point(|other| other.row.place() < place);
            list.insert(at, item);
        }
    }
}

/// The first `count` of them behind the first `skip`, by an order of their own; the rest need not be sorted for that.
pub(crate) fn page_by<T>(
    mut found: Vec<T>,
    skip: usize,
    count: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Vec<T> {
    let end = skip.saturating_add(count);
    if end < found.len() {
        found.select_nth_unstable_by(end, &order);
        found.truncate(end);
    }
    found.sort_unstable_by(&order);
    found.drain(..skip.min(found.len()));
    found
}
