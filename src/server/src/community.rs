//! The services of the community side: codes, marketplace, events.

use crate::config::Config;
use crate::serve::ServeError;
use plenum_actors::clock::SharedClock;
use plenum_actors::publication::Publisher;
use plenum_actors::store::SharedStore;
use plenum_providers::{Messengers, Outbox};
use plenum_services::accounts::{Accounts, Codes};
use plenum_services::conversations::Conversations;
use plenum_services::erasure::Erasures;
use plenum_services::events::Events;
use plenum_services::market::Market;
use plenum_services::notices::Notices;
use plenum_services::subjects::Subjects;
use std::sync::Arc;

/// See the module.
pub(crate) struct Community {
    pub codes: Codes,
    pub market: Market,
    pub events: Events,
    pub subjects: Subjects,
    /// What the provider for development keeps, where it is one.
    pub outbox: Option<Outbox>,
}

impl Community {
    pub fn open(
        config: &Config,
        store: &SharedStore,
        clock: &SharedClock,
        publisher: Arc<dyn Publisher>,
        accounts: &Accounts,
    ) -> Result<Self, ServeError> {
        let messengers = Messengers::open(&config.mail, &config.sms, config.http.listen.ip().is_loopback())?;
        let outbox = messengers.outbox().cloned();
        let codes = Codes::new(accounts.clone(), Arc::new(messengers));
        let notices = Notices::new(publisher.clone());
        let events = Events::new(store.clone(), notices, clock.clone(), config.events.clone());
        let market = Market::new(store.clone(), publisher, accounts.clone(), clock.clone(), config.market.clone());
        let subjects = Subjects::new(store.clone(), clock.clone(), config.subjects.clone());
        Ok(Self { codes, market, events, subjects, outbox })
    }

    /// Deleting accounts, with what these services keep of them.
    pub fn erasures(
        &self,
        store: &SharedStore,
        clock: &SharedClock,
        accounts: &Accounts,
        conversations: &Conversations,
    ) -> Erasures {
        let (store, clock, accounts) = (store.clone(), clock.clone(), accounts.clone());
        Erasures::new(store, clock, accounts, conversations.clone(), self.events.clone(), self.market.clone())
    }
}
