//! Images that people upload: proved, made anew from their pixels, kept in the depot, shown, and removed when nothing shows them.
//!
//! What a client sends is never kept. An image is a row and bytes in the depot, and one place (an account, a product, an event) whose
//! row carries its address. The order of writing leaves nothing behind that is not found again:
//!
//! | step | after a crash behind it |
//! |---|---|
//! | the list of its owner says that there may be an image | the sweep forgets it |
//! | its bytes are in the depot | the sweep removes them |
//! | its row, which makes that it is shown to who knows its address | the sweep removes it: nothing carries its address |
//! | the account, product or event carries its address | it is done; the sweep removes the one before |
//!
//! Removing goes the other way: the row, the bytes, the list. The clock decides only when something is looked at.

mod address;
mod anew;
mod config;
mod kind;
mod metrics;
mod place;
mod pool;
mod sweep;

pub use address::Ticket;
pub(crate) use address::without_ticket;
pub use config::ImagesConfig;
pub use kind::{ImageKind, TELLING_BYTES, WrongKind};
pub use metrics::ImagesMetrics;
pub use place::{Kept, Places};
pub use sweep::run_images;

use crate::depot::{Depot, DepotError};
use crate::rows::Rows;
use anew::Shape;
use bytes::Bytes;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::{Direction, SharedStore};
use plenum_schema::entities::{Image, ImageOf};
use plenum_schema::table::FieldValue;
use plenum_schema::{ImageId, Refusal, RefusalCode, UserId};
use pool::Pool;
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Rows of a person's list read at a time: all there may be.
const LISTED: usize = 1_000;
/// When to come back after the depot could not answer, milliseconds.
const RETRY_MS: u64 = 1_000;
/// Bytes of what addresses are signed with.
const SECRET: usize = 32;

/// What an image is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To show a person.
    Avatar,
    /// To show something that is offered.
    Product,
    /// To show an event.
    Event,
    /// To show what a question of a conference, or one of its options, is about.
    Question,
}

impl Purpose {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Product => "product",
            Self::Event => "event",
            Self::Question => "question",
        }
    }
}

/// A file that was uploaded and proved to be an image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    /// What it is.
    pub kind: ImageKind,
    /// All of it.
    pub file: Bytes,
}

struct Inner {
    rows: Rows,
    depot: Arc<dyn Depot>,
    clock: SharedClock,
    config: ImagesConfig,
    pool: Pool,
    /// Uploads that are on their way in.
    coming: Arc<Semaphore>,
}

/// Images. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Images(Arc<Inner>);

impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images").field("config", &self.0.config).finish_non_exhaustive()
    }
}

fn absent() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such image")
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn failed(error: DepotError) -> Refusal {
    tracing::warn!(%error, "the depot did not answer");
    Refusal::new(RefusalCode::Unavailable, "images cannot be read or kept now").retry_after(RETRY_MS)
}

fn whole(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn stored(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Images {
    /// Starts the service with its threads.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn start(
        store: SharedStore,
        depot: Arc<dyn Depot>,
        clock: SharedClock,
        config: ImagesConfig,
        metrics: ImagesMetrics,
    ) -> std::io::Result<Self> {
        let pool = Pool::start(&config, clock.clone(), metrics)?;
        let coming = Arc::new(Semaphore::new(config.at_once));
        Ok(Self(Arc::new(Inner { rows: Rows(store), depot, clock, config, pool, coming })))
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ImagesConfig {
        &self.0.config
    }

    /// A place among the uploads that are taken in at once: to be kept until the image is kept.
    ///
    /// # Errors
    /// `busy` when there is none.
    pub fn admit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let busy = |_| {
            let message = "too many images are uploaded right now";
            Refusal::new(RefusalCode::Busy, message).retry_after(self.0.config.busy_retry_ms)
        };
        Arc::clone(&self.0.coming).try_acquire_owned().map_err(busy)
    }

    fn shape(&self, purpose: Purpose) -> Shape {
        let config = &self.0.config;
        let side = if purpose == Purpose::Avatar { config.avatar_side } else { config.image_side };
        Shape { side, pixels: config.pixels, memory_bytes: config.memory_bytes }
    }

    async fn list(&self, owner: UserId) -> Result<Vec<ImageOf>, Refusal> {
        self.0.rows.scan(vec![owner.to_value()], None, Direction::Forward, LISTED).await
    }

    /// How many images somebody has uploaded that are still there.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn count(&self, owner: UserId) -> Result<usize, Refusal> {
        Ok(self.list(owner).await?.len())
    }

    /// Whether there is room for one more, which may be as large as its file.
    async fn check_room(&self, owner: UserId, length: usize) -> Result<(), Refusal> {
        let (list, config) = (self.list(owner).await?, &self.0.config);
        let bytes = list.iter().map(|one| whole(one.length)).sum::<u64>() + whole(stored(length));
        if list.len() >= config.files || bytes > config.person_bytes {
            let message = "your images take all the room there is for you: remove some";
            return Err(Refusal::new(RefusalCode::LimitReached, message));
        }
        Ok(())
    }

    /// Makes an image anew and keeps it. Nothing carries its address yet.
    async fn add(&self, owner: UserId, purpose: Purpose, subject: String, upload: Upload) -> Result<Image, Refusal> {
        self.check_room(owner, upload.file.len()).await?;
        let made = self.0.pool.make(upload.file, upload.kind, self.shape(purpose), purpose.field()).await?;
        let (image_id, at) = (ImageId(self.0.clock.new_id()), self.0.clock.wall());
        let mut secret = vec![0; SECRET];
        rand::rng().fill_bytes(&mut secret);
        let length = stored(made.bytes.len());
        self.0.rows.put(&ImageOf { user_id: owner, image_id, length, at }).await?;
        let image = Image {
            image_id,
            owner,
            purpose: purpose.as_str().to_owned(),
            subject,
            kind: made.kind.media_type().to_owned(),
            length,
            width: i64::from(made.width),
            height: i64::from(made.height),
            digest: Bytes::from(Sha256::digest(&made.bytes).to_vec()),
            secret: secret.into(),
            created_at: at,
        };
        self.0.depot.put(image_id.into(), made.bytes).await.map_err(failed)?;
        self.0.rows.put(&image).await?;
        Ok(image)
    }

    async fn row(&self, id: ImageId) -> Result<Option<Image>, Refusal> {
        self.0.rows.get::<Image>(vec![id.to_value()]).await
    }

    /// Removes an image of this person. Can be repeated.
    async fn remove(&self, owner: UserId, id: ImageId) -> Result<(), Refusal> {
        self.0.rows.delete::<Image>(vec![vec![id.to_value()]]).await?;
        self.0.depot.delete(id.into()).await.map_err(failed)?;
        self.0.rows.delete::<ImageOf>(vec![vec![owner.to_value(), id.to_value()]]).await
    }

    /// Removes an image now that nothing shows it; what fails is left to the sweep.
    async fn discard(&self, owner: UserId, id: ImageId) {
        if let Err(refusal) = self.remove(owner, id).await {
            tracing::warn!(%refusal, "an image that nothing shows is removed later");
        }
    }

    /// The image with this id, for who may see it.
    ///
    /// # Errors
    /// `notFound`, `forbidden` when the ticket is not valid any more or never was, `unavailable`.
    pub async fn image(&self, id: ImageId, ticket: Option<&Ticket>) -> Result<Shown, Refusal> {
        let image = self.row(id).await?.ok_or_else(absent)?;
        let is_public = self.is_public(&image).await?;
        match ticket {
            _ if is_public => {}
            None => return Err(absent()),
            Some(ticket) => self.check(&image, ticket)?,
        }
        Ok(Shown { image, is_public })
    }

    /// Some of its bytes; the range lies within them.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn bytes(&self, shown: &Shown, range: Range<u64>) -> Result<Bytes, Refusal> {
        match self.0.depot.get(shown.image.image_id.into(), range).await {
            Err(DepotError::Absent) => Err(absent()),
            other => other.map_err(failed),
        }
    }

    /// Removes what somebody has uploaded whose account is deleted. Images of events and questions stay with these. Can be repeated.
    ///
    /// # Errors
    /// `unavailable`: what is left is done by the next call.
    pub(crate) async fn forget(&self, user: UserId) -> Result<(), Refusal> {
        for one in self.list(user).await? {
            let image = self.row(one.image_id).await?;
            let stays = match &image {
                Some(image)
                    if [Purpose::Event.as_str(), Purpose::Question.as_str()].contains(&image.purpose.as_str()) =>
                {
                    self.is_carried(image).await?
                }
                _ => false,
            };
            if !stays {
                self.remove(user, one.image_id).await?;
            }
        }
        Ok(())
    }
}

/// An image that may be shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Shown {
    image: Image,
    /// Whether everybody may see it who knows its address.
    pub is_public: bool,
}

impl Shown {
    /// Its media type.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.image.kind
    }

    /// Length of its bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        whole(self.image.length)
    }

    /// Names its bytes: hexadecimal digits.
    #[must_use]
    pub fn tag(&self) -> String {
        self.image.digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
