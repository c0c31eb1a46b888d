//! How many connections there may be: on the node, and of one account. Counted in one place for every protocol.

use crate::identity::Identity;
use dashmap::DashMap;
use plenum_schema::UserId;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Is told of the identified connections of each account. Called while the account's count is locked, so in their order:
/// must be quick, and must not ask the counts.
pub trait Comings: Send + Sync + 'static {
    /// The account (or who stands for one in a conference) has so many identified connections now.
    fn connections(&self, who: &Identity, count: usize);
}

/// The counters of a node.
pub struct Admission {
    open: AtomicUsize,
    limit: usize,
    users: DashMap<UserId, usize>,
    per_user: usize,
    comings: Option<Arc<dyn Comings>>,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").field("open", &self.open()).field("users", &self.users()).finish_non_exhaustive()
    }
}

impl Admission {
    /// Nobody is here yet.
    #[must_use]
    pub fn new(limit: usize, per_user: usize) -> Arc<Self> {
        Arc::new(Self { open: AtomicUsize::new(0), limit, users: DashMap::new(), per_user, comings: None })
    }

    /// The same, telling somebody of each account's connections.
    #[must_use]
    pub fn watched(limit: usize, per_user: usize, comings: Arc<dyn Comings>) -> Arc<Self> {
        let comings = Some(comings);
        Arc::new(Self { open: AtomicUsize::new(0), limit, users: DashMap::new(), per_user, comings })
    }

    fn tell(&self, who: &Identity, count: usize) {
        if let Some(comings) = &self.comings {
            comings.connections(who, count);
        }
    }

    /// A place for a connection; `None` when the node is full. Dropping it gives the place back.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Option<Admitted> {
        let admitted = Admitted { admission: self.clone() };
        // A refused guard is dropped here, and dropping it gives the count back.
        (self.open.fetch_add(1, Ordering::Relaxed) < self.limit).then_some(admitted)
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

    /// Accounts with a connection now.
    #[must_use]
    pub fn users(&self) -> usize {
        self.users.len()
    }
}

/// A connection's place on the node.
#[derive(Debug)]
pub struct Admitted {
    admission: Arc<Admission>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
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

    #[test]
    fn a_full_node_takes_nobody_until_somebody_leaves() {
        let admission = Admission::new(2, 9);
        let first = admission.enter();
        let second = admission.enter();
        assert!(first.is_some() && second.is_some() && admission.enter().is_none());
        drop(first);
        assert!(admission.enter().is_some());
        assert_eq!(admission.open(), 1);
    }

    #[test]
    fn an_account_has_its_own_limit_and_is_forgotten_when_it_leaves() {
        let admission = Admission::new(9, 1);
        let who = Identity {
            user: UserId(uuid::Uuid::from_u128(1)),
            session: plenum_schema::SessionId(uuid::Uuid::from_u128(2)),
            expires_at: 0,
            ends_at: 0,
            scope: crate::identity::Scope::Account,
        };
        let place = admission.identify(&who);
        assert!(place.is_some() && admission.identify(&who).is_none());
        drop(place);
        assert_eq!(admission.users(), 0);
    }
}
