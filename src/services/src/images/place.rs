//! Where images are shown: the rows that carry their addresses.

use super::address::image_of;
use super::{Images, Purpose, Upload};
use crate::accounts::{Accounts, Profile, ProfileUpdate};
use crate::events::{EventChange, EventView, Events};
use crate::market::{Market, ProductChange, ProductView};
use plenum_actors::identity::Identity;
use plenum_actors::store::Direction;
use plenum_schema::entities::{Account, EventRow, Image, Product, QuestionRow};
use plenum_schema::table::FieldValue;
use plenum_schema::{ConferenceId, EventId, ProductId, Refusal, RefusalCode, UserId};
use std::fmt;

/// How often a product that changes meanwhile is looked at again.
const ATTEMPTS: usize = 8;

/// Questions read at a time.
const QUESTIONS: usize = 200;

/// An image that nothing shows yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its address.
    pub url: String,
    /// Pixels from left to right.
    pub width: i64,
    /// Pixels from top to bottom.
    pub height: i64,
}

/// The services whose things show images.
#[derive(Clone)]
pub struct Places {
    /// Images.
    pub images: Images,
    /// Accounts.
    pub accounts: Accounts,
    /// The marketplace.
    pub market: Market,
    /// Events.
    pub events: Events,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").finish_non_exhaustive()
    }
}

impl Purpose {
    /// The member of a request that carries it.
    #[must_use]
    pub fn field(self) -> &'static str {
        if self == Self::Avatar { "avatar" } else { "image" }
    }
}

impl Images {
    /// Whether everybody may see it: not so what is not offered (any more, or yet).
    pub(super) async fn is_public(&self, image: &Image) -> Result<bool, Refusal> {
        if image.purpose != Purpose::Product.as_str() {
            return Ok(true);
        }
        Ok(self.product_of(image).await?.is_some_and(|product| product.is_active))
    }

    async fn product_of(&self, image: &Image) -> Result<Option<Product>, Refusal> {
        match image.subject.parse::<ProductId>() {
            Ok(id) => self.0.rows.get::<Product>(vec![id.to_value()]).await,
            Err(_) => Ok(None),
        }
    }

    /// Whether what it is for still carries its address.
    pub(super) async fn is_carried(&self, image: &Image) -> Result<bool, Refusal> {
        let has = |address: Option<&str>| address.and_then(image_of) == Some(image.image_id);
        if image.purpose == Purpose::Avatar.as_str() {
            let account = self.0.rows.get::<Account>(vec![image.owner.to_value()]).await?;
            return Ok(account.is_some_and(|a| has(a.avatar.as_deref()) || has(a.cover_photo.as_deref())));
        }
        if image.purpose == Purpose::Product.as_str() {
            let product = self.product_of(image).await?.map(ProductView::from);
            return Ok(product.is_some_and(|product| product.images.iter().any(|one| has(Some(one)))));
        }
        if image.purpose == Purpose::Question.as_str() {
            return self.is_in_a_question(image).await;
        }
        if image.purpose != Purpose::Event.as_str() {
            // Of a later version, whose nodes know what it is for.
            return Ok(true);
        }
        let Ok(id) = image.subject.parse::<EventId>() else { return Ok(false) };
        let event = self.0.rows.get::<EventRow>(vec![id.to_value()]).await?;
        Ok(event.is_some_and(|event| has(event.image.as_deref())))
    }
}

impl Images {
    /// Whether a question of its conference, or one of the options, shows it.
    async fn is_in_a_question(&self, image: &Image) -> Result<bool, Refusal> {
        let Ok(id) = image.subject.parse::<ConferenceId>() else { return Ok(false) };
        let (address, mut after) = (image.image_id.to_string(), None);
        loop {
            let rows: Vec<QuestionRow> =
                self.0.rows.scan(vec![id.to_value()], after, Direction::Forward, QUESTIONS).await?;
            // The id is in no other text than an address of this image, or in one that somebody wrote to keep it.
            if rows.iter().any(|row| row.definition.contains(&address)) {
                return Ok(true);
            }
            match rows.last() {
                Some(last) if rows.len() == QUESTIONS => after = Some(vec![last.question_id.to_value()]),
                _ => return Ok(false),
            }
        }
    }
}

impl Places {
    /// Keeps an upload for the questions of a conference; answers with its address. A question that names it must be saved within
    /// `images.grace_s`, else it goes again.
    ///
    /// # Errors
    /// `invalid` naming `image`, `limitReached`, `busy`, `unavailable`.
    pub async fn add_to_conference(&self, id: ConferenceId, by: UserId, upload: Upload) -> Result<Kept, Refusal> {
        let image = self.images.add(by, Purpose::Question, id.to_string(), upload).await?;
        Ok(Kept { url: self.images.address(image.image_id), width: image.width, height: image.height })
    }

    /// Removes the image behind an address that nothing carries any more, when it was this person's and for this.
    async fn discard(&self, address: Option<&str>, owner: UserId, purpose: Purpose) {
        let Some(id) = address.and_then(image_of) else { return };
        match self.images.row(id).await {
            Ok(Some(image)) if image.owner == owner && image.purpose == purpose.as_str() => {
                self.images.discard(owner, id).await;
            }
            // Somebody else's, or gone, or the sweep finds it.
            _ => {}
        }
    }

    /// Makes an upload the picture of its person; the one before goes.
    ///
    /// # Errors
    /// `invalid` naming `avatar`, `limitReached`, `busy`, `unavailable`.
    pub async fn set_avatar(&self, by: Identity, upload: Upload) -> Result<Profile, Refusal> {
        let before = self.accounts.profile(by.user).await?.avatar;
        let image = self.images.add(by.user, Purpose::Avatar, by.user.to_string(), upload).await?;
        let avatar = Some(self.images.address(image.image_id));
        let update = ProfileUpdate { avatar, ..ProfileUpdate::default() };
        match self.accounts.update_profile(by, update, None).await {
            Ok(profile) => {
                self.discard(before.as_deref(), by.user, Purpose::Avatar).await;
                Ok(profile)
            }
            Err(refusal) => {
                self.images.discard(by.user, image.image_id).await;
                Err(refusal)
            }
        }
    }

    /// Takes the picture of a person away.
    ///
    /// # Errors
    /// `unavailable`, `busy`.
    pub async fn drop_avatar(&self, by: Identity) -> Result<Profile, Refusal> {
        let before = self.accounts.profile(by.user).await?.avatar;
        let update = ProfileUpdate { avatar: Some(String::new()), ..ProfileUpdate::default() };
        let profile = self.accounts.update_profile(by, update, None).await?;
        self.discard(before.as_deref(), by.user, Purpose::Avatar).await;
        Ok(profile)
    }

    /// Lets those pass who may add images to this product. To be asked before the upload is read.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `unavailable`.
    pub async fn may_show_product(&self, id: ProductId, by: UserId, is_admin: bool) -> Result<(), Refusal> {
        self.market.own_product(id, by, is_admin).await.map(drop)
    }

    /// Adds an upload to the images of a product.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `invalid` naming `image` or `images`, `limitReached`, `busy`, `unavailable`.
    pub async fn add_to_product(
        &self,
        id: ProductId,
        by: UserId,
        is_admin: bool,
        upload: Upload,
    ) -> Result<ProductView, Refusal> {
        self.may_show_product(id, by, is_admin).await?;
        let image = self.images.add(by, Purpose::Product, id.to_string(), upload).await?;
        let shown = self.show_product(id, by, is_admin, self.images.address(image.image_id)).await;
        if shown.is_err() {
            self.images.discard(by, image.image_id).await;
        }
        shown
    }

    async fn show_product(
        &self,
        id: ProductId,
        by: UserId,
        is_admin: bool,
        address: String,
    ) -> Result<ProductView, Refusal> {
        for _ in 0..ATTEMPTS {
            let product = ProductView::from(self.market.own_product(id, by, is_admin).await?);
            let images = product.images.into_iter().chain([address.clone()]).collect();
            let change = ProductChange { images: Some(images), ..ProductChange::default() };
            match self.market.change_product(id, &change, Some(product.version), by, is_admin).await {
                Err(refusal) if refusal.code == RefusalCode::Conflict => {}
                other => return other,
            }
        }
        Err(crate::rows::contended())
    }

    /// Lets those pass who may give this event an image. To be asked before the upload is read.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `unavailable`.
    pub async fn may_show_event(&self, id: EventId, by: UserId, is_admin: bool) -> Result<(), Refusal> {
        self.events.own(id, by, is_admin).await.map(drop)
    }

    /// Makes an upload the image of an event; the one before goes.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `invalid` naming `image`, `limitReached`, `busy`, `unavailable`.
    pub async fn set_event_image(
        &self,
        id: EventId,
        by: UserId,
        is_admin: bool,
        upload: Upload,
    ) -> Result<EventView, Refusal> {
        let before = self.events.own(id, by, is_admin).await?.image;
        let image = self.images.add(by, Purpose::Event, id.to_string(), upload).await?;
        let change = EventChange { image: Some(self.images.address(image.image_id)), ..EventChange::default() };
        match self.events.change(id, &change, None, by, is_admin).await {
            Ok(event) => {
                self.discard(before.as_deref(), by, Purpose::Event).await;
                Ok(event)
            }
            Err(refusal) => {
                self.images.discard(by, image.image_id).await;
                Err(refusal)
            }
        }
    }
}
