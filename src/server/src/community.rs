//! The services of the community side: codes, Google, marketplace and payments, events, images.

use crate::config::Config;
use crate::serve::ServeError;
use plenum_actors::clock::SharedClock;
use plenum_actors::publication::Publisher;
use plenum_actors::store::SharedStore;
use plenum_providers::{GoogleClient, HookClient, Messengers, Objects, Outbox, PaymentProvider, Stripe};
use plenum_services::accounts::{Accounts, Codes, Google};
use plenum_services::conferences::{HookMetrics, Hooks};
use plenum_services::conversations::Conversations;
use plenum_services::erasure::Erasures;
use plenum_services::events::Events;
use plenum_services::images::{Images, ImagesMetrics, Places};
use plenum_services::market::Market;
use plenum_services::notices::Notices;
use plenum_services::payments::{PaymentMetrics, Payments, Provider, Till};
use plenum_services::subjects::Subjects;
use prometheus::Registry;
use std::sync::Arc;

/// See the module.
pub(crate) struct Community {
    pub codes: Codes,
    pub google: Google,
    /// What tells webhooks of conferences.
    pub hooks: Hooks,
    pub market: Market,
    pub payments: Payments,
    pub events: Events,
    pub subjects: Subjects,
    pub places: Places,
    /// What the provider for development keeps, where it is one.
    pub outbox: Option<Outbox>,
}

/// Where money is taken: by the provider, where one is set up.
fn till(config: &Config, store: &SharedStore, clock: &SharedClock, registry: &Registry) -> Result<Till, ServeError> {
    let provider: Option<Arc<dyn Provider>> = match config.payments.provider {
        PaymentProvider::Manual => None,
        PaymentProvider::Stripe => Some(Arc::new(Stripe::open(&config.payments)?)),
    };
    Ok(Till::new(store.clone(), clock.clone(), provider, config.payments.rules)
        .measured(PaymentMetrics::new(registry)?))
}

impl Community {
    pub fn open(
        config: &Config,
        store: &SharedStore,
        clock: &SharedClock,
        publisher: Arc<dyn Publisher>,
        accounts: &Accounts,
        registry: &Registry,
    ) -> Result<Self, ServeError> {
        let messengers = Messengers::open(&config.mail, &config.sms, config.http.listen.ip().is_loopback())?;
        let outbox = messengers.outbox().cloned();
        let messengers = Arc::new(messengers);
        let codes = Codes::new(accounts.clone(), messengers.clone());
        let issuer = Arc::new(GoogleClient::open(&config.google)?);
        let google = Google::new(accounts.clone(), issuer, messengers, config.google.clone());
        let notices = Notices::new(publisher.clone());
        let events = Events::new(store.clone(), notices, clock.clone(), config.events.clone());
        let till = till(config, store, clock, registry)?;
        let (accounts_of, settings) = (accounts.clone(), config.market.clone());
        let market = Market::new(store.clone(), publisher, accounts_of, till.clone(), clock.clone(), settings);
        let payments = Payments::new(till, market.clone());
        let subjects = Subjects::new(store.clone(), clock.clone(), config.subjects.clone());
        let depot = Arc::new(Objects::open(&config.depot, &config.store.path)?);
        let metrics = ImagesMetrics::new(registry)?;
        let images = Images::start(store.clone(), depot, clock.clone(), config.images.clone(), metrics);
        let places = Places {
            images: images.map_err(ServeError::Thread)?,
            accounts: accounts.clone(),
            market: market.clone(),
            events: events.clone(),
        };
        let calls = HookClient::open(&config.conferences.service.hooks)?;
        let hooks = Hooks::new(Arc::new(calls), HookMetrics::new(registry)?);
        Ok(Self { codes, google, hooks, market, payments, events, subjects, places, outbox })
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
        let (events, market, images) = (self.events.clone(), self.market.clone(), self.places.images.clone());
        Erasures::new(store, clock, accounts, conversations.clone(), events, market, images)
    }
}
