//! Stock: how much is there, and for whom parts of it are held. Each change is one compare-and-set of the product's row.

use super::state::Parts;
use super::{Market, invalid};
use crate::rows::contended;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use plenum_schema::entities::Stock;
use plenum_schema::table::FieldValue;
use plenum_schema::{OrderId, ProductId, Refusal, RefusalCode, UserId};
use std::sync::Arc;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How often a race that other nodes have won is run again.
const ATTEMPTS: usize = 32;
/// Most pieces of a product.
const MOST: i64 = 1_000_000_000;
/// Products whose lines are kept when nobody stands in them.
const LINES: usize = 10_000;
/// Bytes of one hold.
const HOLD: usize = 28;

/// A part that is held for an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hold {
    pub order: OrderId,
    pub pieces: i64,
    /// Since when, milliseconds since 1970.
    pub at: i64,
}

/// A product's stock as its seller sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inventory {
    /// Of which product.
    pub product: ProductId,
    /// Pieces that are there, held ones among them.
    pub quantity: i64,
    /// Pieces held for orders that are not paid yet.
    pub reserved: i64,
    /// Pieces that can be ordered.
    pub available: i64,
    /// For `If-Match`.
    pub version: i64,
}

pub(super) fn holds(stock: &Stock) -> Vec<Hold> {
    let mut bytes = &stock.holds[..];
    let mut all = Vec::with_capacity(bytes.len() / HOLD);
    while bytes.len() >= HOLD {
        let order = OrderId(Uuid::from_u128(bytes.get_u128()));
        all.push(Hold { order, pieces: i64::from(bytes.get_u32()), at: bytes.get_i64() });
    }
    all
}

fn packed(holds: &[Hold]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(holds.len() * HOLD);
    for hold in holds {
        bytes.put_u128(hold.order.0.as_u128());
        bytes.put_u32(u32::try_from(hold.pieces).unwrap_or(u32::MAX));
        bytes.put_i64(hold.at);
    }
    bytes.freeze()
}

fn reserved(holds: &[Hold]) -> i64 {
    holds.iter().map(|hold| hold.pieces).sum()
}

fn inventory(stock: &Stock) -> Inventory {
    let reserved = reserved(&holds(stock));
    Inventory {
        product: stock.product_id,
        quantity: stock.on_hand,
        reserved,
        available: (stock.on_hand - reserved).max(0),
        version: stock.version,
    }
}

/// Why a part cannot be held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NoHold {
    /// So many are left.
    SoldOut(i64),
    /// Something else.
    Refused(Refusal),
}

impl From<Refusal> for NoHold {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Market {
    async fn stock(&self, product: ProductId) -> Result<Stock, Refusal> {
        let found = self.rows.get::<Stock>(vec![product.to_value()]).await?;
        Ok(found.unwrap_or(Stock { product_id: product, on_hand: 0, holds: Bytes::new(), version: 0 }))
    }

    fn line(&self, product: ProductId) -> Arc<Mutex<()>> {
        if self.lines.len() > LINES {
            self.lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        self.lines.entry(product).or_default().clone()
    }

    /// Changes a product's stock by compare-and-set; `change` sees the newest state each time, and may refuse or leave it (`None`).
    async fn edit_stock<E: From<Refusal>>(
        &self,
        product: ProductId,
        mut change: impl FnMut(&Stock) -> Result<Option<Stock>, E>,
    ) -> Result<Stock, E> {
        let line = self.line(product);
        let _turn = line.lock().await;
        for _ in 0..ATTEMPTS {
            let stock = self.stock(product).await?;
            let Some(mut new) = change(&stock)? else { return Ok(stock) };
            new.version = stock.version + 1;
            let written = if stock.version == 0 {
                self.rows.insert(&new).await?
            } else {
                self.rows.swap(&new, stock.version).await?
            };
            if written.is_ok() {
                return Ok(new);
            }
        }
        Err(contended().into())
    }

    /// Holds a part of a product's stock for an order. The same order again changes nothing.
    pub(super) async fn hold(&self, product: ProductId, order: OrderId, pieces: i64) -> Result<(), NoHold> {
        let (most, at) = (self.config.holds, self.clock.wall());
        let changed = self.edit_stock(product, |stock| {
            let mut holds = holds(stock);
            if holds.iter().any(|hold| hold.order == order) {
                return Ok(None);
            }
            let left = stock.on_hand - reserved(&holds);
            if left < pieces {
                return Err(NoHold::SoldOut(left.max(0)));
            }
            if holds.len() >= most {
                let text = "too many orders wait to be paid for this: try again in a minute";
                return Err(NoHold::Refused(Refusal::new(RefusalCode::Busy, text).retry_after(30_000)));
            }
            holds.push(Hold { order, pieces, at });
            Ok(Some(Stock { holds: packed(&holds), ..stock.clone() }))
        });
        changed.await.map(drop)
    }

    /// Ends the hold of an order: its pieces leave the stock, or are free again. Without a hold there is nothing to do.
    pub(super) async fn end_hold(&self, product: ProductId, order: OrderId, parts: Parts) -> Result<(), Refusal> {
        let changed = self.edit_stock(product, |stock| {
            let mut holds = holds(stock);
            let Some(place) = holds.iter().position(|hold| hold.order == order) else { return Ok(None) };
            let hold = holds.swap_remove(place);
            let gone = if parts == Parts::TakenOut { hold.pieces } else { 0 };
            Ok(Some(Stock { holds: packed(&holds), on_hand: stock.on_hand - gone, ..stock.clone() }))
        });
        changed.await.map(drop)
    }

    /// A product's stock, for its seller.
    ///
    /// # Errors
    /// `notFound`, `forbidden` for others, `unavailable`.
    pub async fn inventory(&self, product: ProductId, by: UserId, is_admin: bool) -> Result<Inventory, Refusal> {
        self.own_product(product, by, is_admin).await?;
        Ok(inventory(&self.stock(product).await?))
    }

    /// How many pieces of a product can be ordered now.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn available(&self, product: ProductId) -> Result<i64, Refusal> {
        Ok(inventory(&self.stock(product).await?).available)
    }

    /// Says how many pieces are there, held ones among them; `expected` is the version that the caller has seen, where that matters.
    ///
    /// # Errors
    /// `invalid` naming `quantity`, `conflict` naming `quantity` (more are held for orders) or `version`; `notFound`, `forbidden`,
    /// `unavailable`.
    pub async fn set_inventory(
        &self,
        product: ProductId,
        quantity: i64,
        expected: Option<i64>,
        by: UserId,
        is_admin: bool,
    ) -> Result<Inventory, Refusal> {
        if !(0..=MOST).contains(&quantity) {
            return Err(invalid("quantity", format!("must be 0 to {MOST}")));
        }
        self.own_product(product, by, is_admin).await?;
        let changed = self.edit_stock(product, |stock| {
            if expected.is_some_and(|expected| expected != stock.version) {
                return Err(Refusal::field(RefusalCode::Conflict, "version", "it was changed since"));
            }
            let held = reserved(&holds(stock));
            if quantity < held {
                let text = format!("{held} are held for orders that wait to be paid");
                return Err(Refusal::field(RefusalCode::Conflict, "quantity", text));
            }
            Ok(Some(Stock { on_hand: quantity, ..stock.clone() }))
        });
        Ok(inventory(&changed.await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_are_read_back_as_they_were_written() {
        let all = [
            Hold { order: OrderId(Uuid::from_u128(7)), pieces: 3, at: 1_700_000_000_000 },
            Hold { order: OrderId(Uuid::from_u128(u128::MAX)), pieces: 1, at: -1 },
        ];
        let stock = Stock { product_id: ProductId(Uuid::nil()), on_hand: 10, holds: packed(&all), version: 1 };
        assert_eq!(holds(&stock), all);
        let seen = inventory(&stock);
        assert_eq!((seen.quantity, seen.reserved, seen.available), (10, 4, 6));
    }
}
