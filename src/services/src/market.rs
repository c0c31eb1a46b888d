//! The marketplace: products, stock, carts, orders, and who may sell.
//!
//! An order is a small state machine in a row with compare-and-set: the row decides, stock and lists follow it. Stock is a row that
//! names the orders for which parts of it are held, so that holding, letting go and taking out are each done once for an order, however
//! often they are repeated:
//!
//! | step | after a crash behind it |
//! |---|---|
//! | `open_orders` says that there may be an order | the sweep finds nothing and forgets it |
//! | the order, `reserving` | the sweep cancels it and lets go what is held |
//! | each product's stock holds its part | the same |
//! | the order, `created` | it is paid, called off, or expires |
//! | the order, `paid` (or `cancelled`, `expired`) | the sweep takes the parts out (or lets them go) |
//! | the order is settled | the sweep forgets that it was open |
//!
//! So no order that does not come to `created` keeps anything for long, and the pieces of one that is paid leave the stock once. The
//! clock decides only when something is looked at again. What is paid is [`payments`](crate::payments)' to know.

mod advance;
mod cart;
mod config;
mod forget;
mod order;
mod pay;
mod products;
mod sellers;
mod state;
mod stock;
mod sweep;
mod view;

pub use cart::CartView;
pub use config::MarketConfig;
pub use order::{NewOrder, OrderPage, Side};
pub use products::{NewProduct, ProductChange, ProductFilter, ProductPage, Sort};
pub use sellers::{Application, ApplicationPage, ApplicationState};
pub use stock::Inventory;
pub(crate) use sweep::millis;
pub use sweep::{Swept, run_market};
pub use view::{CartLine, OrderLine, OrderView, ProductView};

use crate::listing::Listing;
use crate::payments::Till;
use crate::rows::Rows;
use dashmap::DashMap;
use plenum_actors::clock::SharedClock;
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_actors::store::SharedStore;
use plenum_schema::entities::{Order, Product};
use plenum_schema::wire::{OrderState, OrderUpdated, Signal};
use plenum_schema::{ProductId, Refusal, RefusalCode, Topic};
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Rows read at a time.
const SCAN: usize = 500;

/// The marketplace. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Market {
    rows: Rows,
    clock: SharedClock,
    publisher: Arc<dyn Publisher>,
    accounts: crate::accounts::Accounts,
    till: Till,
    config: Arc<MarketConfig>,
    /// Who changes a product's stock on this node waits in line; compare-and-set decides among nodes.
    lines: Arc<DashMap<ProductId, Arc<Mutex<()>>>>,
    /// All products, the newest first.
    shelf: Listing<Product>,
}

impl fmt::Debug for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Market").field("config", &self.config).finish_non_exhaustive()
    }
}

fn invalid(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn absent(what: &str) -> Refusal {
    Refusal::new(RefusalCode::NotFound, format!("there is no such {what}"))
}

impl Market {
    /// The service.
    #[must_use]
    pub fn new(
        store: SharedStore,
        publisher: Arc<dyn Publisher>,
        accounts: crate::accounts::Accounts,
        till: Till,
        clock: SharedClock,
        config: MarketConfig,
    ) -> Self {
        let rows = Rows(store);
        let shelf = Listing::new(rows.clone(), clock.clone(), config.products, config.list_age_ms);
        Self { rows, clock, publisher, accounts, till, config: Arc::new(config), lines: Arc::default(), shelf }
    }

    /// Tells buyer and seller where an order stands. A signal may be lost: the order's row has it too.
    fn tell(&self, order: &Order) {
        let Some(state) = OrderState::from_word(&order.state) else { return };
        let updated = OrderUpdated {
            order: order.order_id,
            state,
            total: u64::try_from(order.total).unwrap_or(0),
            currency: order.currency.clone(),
            at: order.updated_at,
            version: u64::try_from(order.version).unwrap_or(0),
        };
        let people = if order.buyer == order.seller { vec![order.buyer] } else { vec![order.buyer, order.seller] };
        let to = |user| Publication::signal(Topic::User(user), Class::Droppable, Signal::OrderUpdated(updated.clone()));
        // A batch is of one topic.
        people.into_iter().for_each(|user| self.publisher.publish(vec![to(user)]));
    }
}
