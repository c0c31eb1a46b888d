//! How many connections there may be: on the node, and of one account. Counted in one place for every protocol.

use super::config::ConnectionConfig;
use crate::hub::{Ladder, Shed};
use crate::identity::Identity;
use dashmap::DashMap;
use plenum_schema::{Refusal, RefusalCode, UserId};
use prometheus::IntGauge;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// Is told of the identified connections of each account. Called while the account's count is locked, so in their order:
/// must be quick, and must not ask the counts.
pub trait Comings: Send + Sync + 'static {
    /// The account (or who stands for one in a conference) has so many identified connections now.
    fn connections(&self, who: &Identity, count: usize);
}

/// The counters of a node.
pub struct Admission {
    open: AtomicUsize,
    unidentified: AtomicUsize,
    limit: usize,
    unidentified_limit: usize,
    /// Of the unidentified, how many come from each address.
    addresses: DashMap<IpAddr, usize>,
    per_address: usize,
    users: DashMap<UserId, usize>,
    per_user: usize,
    comings: Option<Arc<dyn Comings>>,
    shown: Option<IntGauge>,
    ladder: Option<Arc<Ladder>>,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("open", &self.open()).field("users", &self.users()).finish_non_exhaustive()
    }
}

impl Admission {
    /// Nobody is here yet.
    #[must_use]
    pub fn new(config: &ConnectionConfig) -> Arc<Self> {
        Arc::new(Self::empty(config))
    }

    /// The same, telling somebody of each account's connections, showing how many are nobody's yet, and taking nobody while the
    /// node sheds joins.
    #[must_use]
    pub fn watched(
        config: &ConnectionConfig,
        comings: Arc<dyn Comings>,
        unidentified: IntGauge,
        ladder: Arc<Ladder>,
    ) -> Arc<Self> {
        let (comings, shown, ladder) = (Some(comings), Some(unidentified), Some(ladder));
        Arc::new(Self { comings, shown, ladder, ..Self::empty(config) })
    }

    fn empty(config: &ConnectionConfig) -> Self {
        let per_address = config.unidentified.saturating_mul(config.unidentified_per_address_percent).div_ceil(100);
        Self {
            open: AtomicUsize::new(0),
            unidentified: AtomicUsize::new(0),
            limit: config.connections,
            unidentified_limit: config.unidentified,
            addresses: DashMap::new(),
            per_address,
            users: DashMap::new(),
            per_user: config.connections_per_user,
            comings: None,
            shown: None,
            ladder: None,
        }
    }

    fn show(&self, more: i64) {
        if let Some(shown) = &self.shown {
            shown.add(more);
        }
    }

    fn tell(&self, who: &Identity, count: usize) {
        if let Some(comings) = &self.comings {
            comings.connections(who, count);
        }
    }

    fn sheds_joins(&self) -> Result<(), Crowded> {
        let Some(ladder) = &self.ladder else { return Ok(()) };
        ladder.admit(Shed::Joins).map_err(|refusal| Crowded::Overload(refusal.retry_after_ms.unwrap_or_default()))
    }

    /// A place for a connection of which it is not known whose it is, only that it comes `from` there. Dropping it gives the place back.
    ///
    /// # Errors
    /// When there is none.
    pub fn enter(self: &Arc<Self>, from: Option<IpAddr>) -> Result<Admitted, Crowded> {
        self.sheds_joins()?;
        let place = Place { admission: self.clone(), is_identified: AtomicBool::new(false), from };
        let of_address = from.map_or(0, |from| {
            let mut count = self.addresses.entry(from).or_insert(0);
            *count += 1;
            *count - 1
        });
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        let unidentified = self.unidentified.fetch_add(1, Ordering::Relaxed);
        self.show(1);
        // A refused place is dropped here, and dropping it gives the counts back.
        if open >= self.limit {
            return Err(Crowded::Node);
        }
        if unidentified >= self.unidentified_limit {
            return Err(Crowded::Unidentified);
        }
        if of_address >= self.per_address {
            return Err(Crowded::Address);
        }
        Ok(Admitted { place: Arc::new(place) })
    }

    /// A place for a connection of which it is known whose it is.
    ///
    /// # Errors
    /// When there is none.
    pub fn enter_identified(self: &Arc<Self>) -> Result<Admitted, Crowded> {
        self.sheds_joins()?;
        let place = Place { admission: self.clone(), is_identified: AtomicBool::new(true), from: None };
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        if open >= self.limit { Err(Crowded::Node) } else { Ok(Admitted { place: Arc::new(place) }) }
    }

    /// A place among an account's connections; `None` when it has too many.
    #[must_use]
    pub fn identify(self: &Arc<Self>, who: &Identity) -> Option<UserPlace> {
        let mut count = self.users.entry(who.user).or_insert(0);
        if *count >= self.per_user {
            return None;
        }
        *count += 1;
        self.tell(who, *count);
        Some(UserPlace { admission: self.clone(), who: *who })
    }

    /// Connections now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections of which it is not known whose they are.
    #[must_use]
    pub fn unidentified(&self) -> usize {
        self.unidentified.load(Ordering::Relaxed)
    }

    /// Accounts with a connection now.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users.len()
    }
}

/// Why there is no place for one more connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crowded {
    /// The node has as many as it may have.
    Node,
    /// Too many have not said whose they are: they are kept from taking the places of those who do.
    Unidentified,
    /// The address has its share of those who have not said whose they are.
    Address,
    /// The account has as many as it may have.
    Account,
    /// The node has more to deliver than it can, and takes nobody for so many milliseconds.
    Overload(u64),
}

impl Crowded {
    /// What a client is told.
    #[must_use]
    pub fn refusal(self, config: &ConnectionConfig) -> Refusal {
        let retry_ms = if let Self::Overload(retry_ms) = self { retry_ms } else { config.full_retry_ms };
        let (code, text) = match self {
            Self::Node => (RefusalCode::Busy, format!("the server has its {} connections", config.connections)),
            Self::Unidentified => {
                let text = format!("{} connections have not said yet whose they are", config.unidentified);
                (RefusalCode::Busy, text)
            }
            Self::Address => {
                let text = "too many connections from your address have not said yet whose they are".to_owned();
                (RefusalCode::Busy, text)
            }
            Self::Overload(_) => {
                (RefusalCode::Busy, "the server has more to deliver than it can: come back later".to_owned())
            }
            Self::Account => {
                let text = format!("this account has its {} connections: close one first", config.connections_per_user);
                (RefusalCode::LimitReached, text)
            }
        };
        Refusal::new(code, text).retry_after(retry_ms)
    }
}

#[derive(Debug)]
struct Place {
    admission: Arc<Admission>,
    is_identified: AtomicBool,
    /// What it counts for until it is identified.
    from: Option<IpAddr>,
}

impl Place {
    fn identified(&self) {
        if !self.is_identified.swap(true, Ordering::Relaxed) {
            self.admission.unidentified.fetch_sub(1, Ordering::Relaxed);
            self.admission.show(-1);
            if let Some(from) = self.from
                && let dashmap::Entry::Occupied(mut entry) = self.admission.addresses.entry(from)
            {
                *entry.get_mut() -= 1;
                if *entry.get() == 0 {
                    entry.remove();
                }
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.identified();
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection's place on the node.
#[derive(Debug)]
pub struct Admitted {
    place: Arc<Place>,
}

impl Admitted {
    /// It is known whose the connection is.
    pub fn identified(&self) {
        self.place.identified();
    }

    /// For whoever learns whose the connection is.
    pub(super) fn known(&self) -> Known {
        Known(Arc::downgrade(&self.place))
    }
}

/// The place of a connection, for whoever learns whose it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Weak<Place>);

impl Known {
    pub(super) fn identified(&self) {
        if let Some(place) = self.0.upgrade() {
            place.identified();
        }
    }
}

/// A connection's place among those of its account.
#[derive(Debug)]
pub struct UserPlace {
    admission: Arc<Admission>,
    who: Identity,
}

impl Drop for UserPlace {
    fn drop(&mut self) {
        if let dashmap::Entry::Occupied(mut entry) = self.admission.users.entry(self.who.user) {
            *entry.get_mut() -= 1;
            self.admission.tell(&self.who, *entry.get());
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, unidentified: usize, connections_per_user: usize) -> Arc<Admission> {
        Admission::new(&ConnectionConfig {
            connections,
            unidentified,
            connections_per_user,
            ..ConnectionConfig::default()
        })
    }

    #[test]
    fn a_full_node_takes_nobody_until_somebody_leaves() {
        let admission = admission(2, 2, 9);
        let first = admission.enter(None);
        let second = admission.enter(None);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(admission.enter(None).err(), Some(Crowded::Node));
        drop(first);
        assert!(admission.enter(None).is_ok());
        assert_eq!((admission.open(), admission.unidentified()), (1, 1));
    }

    #[test]
    fn those_who_do_not_say_who_they_are_have_some_of_the_places_only() {
        let admission = admission(9, 2, 9);
        let places: Vec<_> = (0..2).filter_map(|_| admission.enter(None).ok()).collect();
        assert_eq!(admission.enter(None).err(), Some(Crowded::Unidentified));
        assert_eq!((admission.open(), admission.unidentified()), (2, 2), "who was refused is not counted");
        let known = places[0].known();
        known.identified();
        known.identified();
        let third = admission.enter(None);
        assert!(third.is_ok());
        assert_eq!(admission.enter(None).err(), Some(Crowded::Unidentified));
        drop((places, third));
        assert_eq!((admission.open(), admission.unidentified()), (0, 0));
    }

    #[test]
    fn one_address_has_its_share_of_the_places_of_the_unidentified_and_gives_them_back() {
        let config =
            ConnectionConfig { unidentified: 4, unidentified_per_address_percent: 50, ..ConnectionConfig::default() };
        let admission = Admission::new(&config);
        let [near, far] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().ok());
        let mut places: Vec<_> = (0..2).filter_map(|_| admission.enter(near).ok()).collect();
        assert_eq!((places.len(), admission.enter(near).err()), (2, Some(Crowded::Address)));
        places.extend(admission.enter(far));
        assert_eq!((places.len(), admission.unidentified()), (3, 3), "who was refused is not counted");
        places[0].identified();
        places.extend(admission.enter(near));
        assert_eq!(
            (places.len(), admission.enter(near).err()),
            (4, Some(Crowded::Address)),
            "one has said whose it is"
        );
        places.extend(admission.enter(far));
        assert_eq!(admission.enter(far).err(), Some(Crowded::Unidentified));
        drop(places);
        assert_eq!((admission.open(), admission.addresses.len()), (0, 0), "nothing is remembered of who has gone");
        let refusal = Crowded::Address.refusal(&config);
        assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::Busy, Some(config.full_retry_ms)));
    }

    #[test]
    fn the_smallest_share_is_one_place() {
        let config =
            ConnectionConfig { unidentified: 1, unidentified_per_address_percent: 1, ..ConnectionConfig::default() };
        assert!(Admission::new(&config).enter("::1".parse().ok()).is_ok());
    }

    #[test]
    fn an_account_has_its_own_limit_and_is_forgotten_when_it_leaves() {
        let admission = admission(9, 9, 1);
        let who = Identity {
            user: UserId(uuid::Uuid::from_u128(1)),
            session: plenum_schema::SessionId(uuid::Uuid::from_u128(2)),
            expires_at: 0,
            ends_at: 0,
            scope: crate::identity::Scope::default(),
        };
        let place = admission.identify(&who);
        assert!(place.is_some() && admission.identify(&who).is_none());
        drop(place);
        assert_eq!(admission.users(), 0);
    }
}
