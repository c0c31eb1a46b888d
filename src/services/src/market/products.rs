//! Products: offered, changed and withdrawn by their sellers, found by everybody.

use super::{Market, ProductView, absent, invalid};
use crate::listing::{Item, Listed, page_by};
use crate::rows::{ATTEMPTS, contended};
use plenum_schema::entities::{Product, Stock};
use plenum_schema::table::{FieldValue, Key};
use plenum_schema::{ProductId, Refusal, RefusalCode, UserId};
use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

const TITLE_CHARS: usize = 120;
const DESCRIPTION_CHARS: usize = 5_000;
const CATEGORY_CHARS: usize = 40;
const IMAGES: usize = 10;
const IMAGE_CHARS: usize = 1_000;
/// Highest price of one piece in the minor unit: a thousand million of the major one, and sums of orders stay far from overflowing.
const MOST_PRICE: i64 = 100_000_000_000;

/// A product that somebody offers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewProduct {
    /// What is said about it; title, price and currency are needed.
    pub product: ProductChange,
    /// Pieces that are there.
    pub quantity: i64,
}

/// What a product should be; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProductChange {
    /// What it is called, 1 to 120 characters.
    pub title: Option<String>,
    /// What it is, at most 5,000 characters; empty: nothing.
    pub description: Option<String>,
    /// Kind of thing, at most 40 characters; empty: none.
    pub category: Option<String>,
    /// Price of one in the minor unit.
    pub price: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Addresses of pictures, at most 10.
    pub images: Option<Vec<String>>,
    /// Whether it can be found and ordered.
    pub is_active: Option<bool>,
}

/// In which order products are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The cheapest first.
    Cheapest,
    /// The dearest first.
    Dearest,
    /// By title.
    Title,
}

/// Which products are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProductFilter {
    /// Only those whose title or description holds this text.
    pub text: Option<String>,
    /// Only those of this category.
    pub category: Option<String>,
    /// Only those of this seller; the seller sees the withdrawn ones, too.
    pub seller: Option<UserId>,
    /// Only those that cost at least so much.
    pub min_price: Option<i64>,
    /// Only those that cost at most so much.
    pub max_price: Option<i64>,
    /// In which order.
    pub sort: Sort,
    /// Who asks, when known.
    pub asked_by: Option<UserId>,
}

/// A page of products.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProductPage {
    /// The products.
    pub items: Vec<ProductView>,
    /// Where to go on; `None` at the end.
    pub next: Option<usize>,
}

impl Listed for Product {
    /// The newest first.
    type Place = Reverse<(i64, ProductId)>;

    fn place(&self) -> Self::Place {
        Reverse((self.created_at, self.product_id))
    }

    fn key(&self) -> Key {
        vec![self.product_id.to_value()]
    }

    fn version(&self) -> i64 {
        self.version
    }

    /// The title stands first: by it products are sorted, too.
    fn text(&self) -> String {
        let about = self.description.as_deref().unwrap_or_default();
        format!("{}\n{}", self.title.to_lowercase(), about.to_lowercase())
    }
}

fn one_line(field: &str, text: &str, most: usize) -> Result<String, Refusal> {
    let text = text.trim();
    let fine = text.chars().all(crate::text::is_allowed) && text.chars().count() <= most;
    if fine { Ok(text.to_owned()) } else { Err(invalid(field, format!("one line of at most {most} characters"))) }
}

fn checked_images(images: &[String]) -> Result<Option<String>, Refusal> {
    let fine = |one: &String| {
        one.chars().count() <= IMAGE_CHARS
            && !one.chars().any(|c| c.is_control() || c.is_whitespace())
            && (one.starts_with("https://")
                || one.starts_with("http://")
                || (one.starts_with('/') && !one.starts_with("//")))
    };
    if images.len() > IMAGES || !images.iter().all(fine) {
        return Err(invalid("images", format!("at most {IMAGES} addresses: https, http or a path on this server")));
    }
    // Front ends send back what they were shown, tickets of our own images with it.
    let bare: Vec<&str> = images.iter().map(|one| crate::images::without_ticket(one)).collect();
    Ok((!bare.is_empty()).then(|| serde_json::to_string(&bare).unwrap_or_default()))
}

impl Market {
    fn apply(&self, row: &mut Product, change: &ProductChange) -> Result<(), Refusal> {
        if let Some(title) = &change.title {
            row.title = one_line("title", title, TITLE_CHARS)?;
        }
        if row.title.is_empty() {
            return Err(invalid("title", "title is required"));
        }
        if let Some(text) = &change.description {
            let text = text.trim();
            let is_fine = |c: char| c == '\n' || c == '\t' || c == '\r' || crate::text::is_allowed(c);
            if text.chars().count() > DESCRIPTION_CHARS || !text.chars().all(is_fine) {
                return Err(invalid("description", format!("at most {DESCRIPTION_CHARS} characters")));
            }
            row.description = Some(text.to_owned()).filter(|text| !text.is_empty());
        }
        if let Some(category) = &change.category {
            let category = one_line("category", category, CATEGORY_CHARS)?.to_lowercase();
            row.category = Some(category).filter(|text| !text.is_empty());
        }
        row.price = change.price.unwrap_or(row.price);
        if !(0..=MOST_PRICE).contains(&row.price) {
            return Err(invalid("price", format!("a whole number of the minor unit, 0 to {MOST_PRICE}, is required")));
        }
        if let Some(currency) = &change.currency {
            row.currency = currency.trim().to_ascii_uppercase();
        }
        let known = &self.config.currencies;
        let is_code = row.currency.len() == 3 && row.currency.bytes().all(|b| b.is_ascii_uppercase());
        if !is_code || !(known.is_empty() || known.contains(&row.currency)) {
            return Err(invalid("currency", "a code such as EUR (ISO 4217) is required"));
        }
        if let Some(images) = &change.images {
            row.images = checked_images(images)?;
        }
        row.is_active = change.is_active.unwrap_or(row.is_active);
        Ok(())
    }

    /// Products from the `from`th on, at most `limit`.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn products(&self, filter: &ProductFilter, limit: usize, from: usize) -> Result<ProductPage, Refusal> {
        let all = self.shelf.list().await?;
        let text = filter.text.as_ref().map(|text| text.to_lowercase());
        let category = filter.category.as_ref().map(|text| text.to_lowercase());
        let sees_all = filter.seller.is_some() && filter.seller == filter.asked_by;
        let fits = |item: &&Arc<Item<Product>>| {
            let row = &item.row;
            (row.is_active || sees_all)
                && filter.seller.is_none_or(|seller| seller == row.seller)
                && filter.min_price.is_none_or(|price| row.price >= price)
                && filter.max_price.is_none_or(|price| row.price <= price)
                && category.as_ref().is_none_or(|category| row.category.as_ref() == Some(category))
                && text.as_ref().is_none_or(|text| item.text().contains(text))
        };
        let view = |item: &Item<Product>| ProductView::from(item.row.clone());
        let found = all.iter().filter(fits);
        if filter.sort == Sort::Newest {
            // As the list stands: what comes behind the page need not be looked at.
            let mut found = found.skip(from);
            let items = found.by_ref().take(limit).map(|item| view(item)).collect();
            return Ok(ProductPage { items, next: found.next().map(|_| from.saturating_add(limit)) });
        }
        let found: Vec<_> = found.collect();
        let next = from.checked_add(limit).filter(|next| *next < found.len());
        let page = page_by(found, from, limit, |a, b| in_order(filter.sort, a, b));
        Ok(ProductPage { items: page.into_iter().map(|item| view(item)).collect(), next })
    }

    pub(super) async fn product_row(&self, id: ProductId) -> Result<Product, Refusal> {
        self.rows.get::<Product>(vec![id.to_value()]).await?.ok_or_else(|| absent("product"))
    }

    /// The product, when it is the caller's, or the caller is an admin.
    pub(crate) async fn own_product(&self, id: ProductId, by: UserId, is_admin: bool) -> Result<Product, Refusal> {
        let row = self.product_row(id).await?;
        if row.seller == by || is_admin {
            return Ok(row);
        }
        // To others a withdrawn one does not exist.
        if !row.is_active {
            return Err(absent("product"));
        }
        Err(Refusal::new(RefusalCode::Forbidden, "this is another seller's"))
    }

    /// The product with this id; a withdrawn one is for its seller only.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn product(&self, id: ProductId, asked_by: Option<UserId>) -> Result<ProductView, Refusal> {
        let row = self.product_row(id).await?;
        if row.is_active || asked_by == Some(row.seller) { Ok(row.into()) } else { Err(absent("product")) }
    }

    /// Offers something. The caller has checked that `seller` may sell.
    ///
    /// # Errors
    /// `invalid` naming the member, `limitReached`, `unavailable`.
    pub async fn offer(&self, new: NewProduct, seller: UserId, id: Option<ProductId>) -> Result<ProductView, Refusal> {
        let now = self.clock.wall();
        let mut row = Product {
            product_id: id.unwrap_or_else(|| ProductId(self.clock.new_id())),
            seller,
            title: String::new(),
            description: None,
            category: None,
            price: -1,
            currency: String::new(),
            images: None,
            is_active: true,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        self.apply(&mut row, &new.product)?;
        if !(0..=1_000_000_000).contains(&new.quantity) {
            return Err(invalid("quantity", "must be 0 to 1000000000"));
        }
        if self.shelf.list().await?.len() >= self.config.products {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("at most {} products", self.config.products)));
        }
        // The stock first: a product that can be found can be ordered.
        let stock = Stock { product_id: row.product_id, on_hand: new.quantity, holds: bytes::Bytes::new(), version: 1 };
        drop(self.rows.insert(&stock).await?);
        match self.rows.insert(&row).await? {
            // The same offer again.
            Err(Some(stands)) if stands.seller == seller => Ok(stands.into()),
            Err(_) => Err(contended()),
            Ok(()) => {
                self.shelf.put(&row);
                Ok(row.into())
            }
        }
    }

    /// Changes a product; `expected` is the version that the caller has seen, where that matters. Orders keep the price they were made at.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `invalid` naming the member, `conflict` naming `version`, `unavailable`.
    pub async fn change_product(
        &self,
        id: ProductId,
        change: &ProductChange,
        expected: Option<i64>,
        by: UserId,
        is_admin: bool,
    ) -> Result<ProductView, Refusal> {
        for _ in 0..ATTEMPTS {
            let row = self.own_product(id, by, is_admin).await?;
            if expected.is_some_and(|expected| expected != row.version) {
                return Err(Refusal::field(RefusalCode::Conflict, "version", "it was changed since"));
            }
            let version = row.version;
            let mut new = Product { updated_at: self.clock.wall(), version: version + 1, ..row };
            self.apply(&mut new, change)?;
            if self.rows.swap(&new, version).await?.is_ok() {
                self.shelf.put(&new);
                return Ok(new.into());
            }
        }
        Err(contended())
    }

    /// Withdraws a product: nobody finds or orders it any more. Orders that were made stay.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `unavailable`.
    pub async fn withdraw(&self, id: ProductId, by: UserId, is_admin: bool) -> Result<(), Refusal> {
        let change = ProductChange { is_active: Some(false), ..ProductChange::default() };
        self.change_product(id, &change, None, by, is_admin).await.map(drop)
    }
}

fn in_order(sort: Sort, a: &Item<Product>, b: &Item<Product>) -> Ordering {
    let newest = || a.row.place().cmp(&b.row.place());
    match sort {
        Sort::Newest => newest(),
        Sort::Cheapest => a.row.price.cmp(&b.row.price).then_with(newest),
        Sort::Dearest => b.row.price.cmp(&a.row.price).then_with(newest),
        Sort::Title => title(a).cmp(title(b)).then_with(newest),
    }
}

/// In lower case.
fn title(item: &Item<Product>) -> &str {
    item.text().split('\n').next().unwrap_or_default()
}
