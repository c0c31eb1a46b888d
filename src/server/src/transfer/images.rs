//! The bytes of images: from the depot of a data directory to the one that is configured.

use super::{PARALLEL, Patience, Sweep, TransferError};
use futures_util::{StreamExt, TryStreamExt, stream};
use plenum_actors::store::{SharedStore, StoreError};
use plenum_schema::entities::Image;
use plenum_schema::table::Entity;
use plenum_services::depot::{Depot, DepotError, ObjectName};
use sha2::{Digest, Sha256};
use std::fmt;

/// What became of the images that a store knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pictures {
    /// Whose bytes lie in the target, with their hash.
    pub whole: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whose bytes are in neither depot, or damaged: whoever looks at them finds nothing, before as after.
    pub lost: u64,
}

impl fmt::Display for Pictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} images with {} bytes", self.whole, self.bytes)?;
        if self.lost > 0 {
            write!(f, "; the bytes of {} more are missing or damaged", self.lost)?;
        }
        Ok(())
    }
}

/// Reads an image and compares it with its row. `None`: it is not there, or not as the row says.
async fn read(depot: &dyn Depot, image: &Image) -> Result<Option<bytes::Bytes>, TransferError> {
    let length = u64::try_from(image.length).unwrap_or(0);
    match depot.get(ObjectName::from(image.image_id), 0..length).await {
        Ok(bytes) => Ok((Sha256::digest(&bytes)[..] == image.digest[..]).then_some(bytes)),
        Err(DepotError::Absent) => Ok(None),
        Err(error @ DepotError::Failed(_)) => Err(StoreError::Unavailable(error.to_string()).into()),
    }
}

async fn carry(image: &Image, from: Option<&dyn Depot>, to: &dyn Depot) -> Result<bool, TransferError> {
    if read(to, image).await?.is_some() {
        return Ok(true);
    }
    let Some(from) = from else { return Ok(false) };
    let Some(bytes) = read(from, image).await? else { return Ok(false) };
    let kept = to.put(ObjectName::from(image.image_id), bytes).await;
    kept.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(read(to, image).await?.is_some())
}

/// Copies the bytes of all images that `store` knows into the depot `to`, and reads each there to compare it with its hash; without `from`
/// only compares. What is there already is not written again. A depot that does not answer is asked again for as long as `patience` lasts.
///
/// # Errors
/// See [`TransferError`]. An image that is nowhere is no error: it is counted.
pub async fn copy_images(
    store: &SharedStore,
    from: Option<&dyn Depot>,
    to: &dyn Depot,
    patience: &Patience<'_>,
) -> Result<Pictures, TransferError> {
    let mut pictures = Pictures::default();
    let mut rows = Sweep::of(Image::TABLE);
    while let Some(page) = rows.next(store, patience).await? {
        let images: Result<Vec<Image>, _> = page.into_iter().map(Image::from_row).collect();
        let images = images.map_err(|error| StoreError::Damaged(error.to_string()))?;
        let mut carried = stream::iter(&images)
            .map(|image| async move { Ok((image.length, patience.run(|| carry(image, from, to)).await?)) })
            .buffer_unordered(PARALLEL);
        while let Some((length, is_whole)) = carried.try_next().await.map_err(|error: TransferError| error)? {
            if is_whole {
                pictures.whole += 1;
                pictures.bytes += u64::try_from(length).unwrap_or(0);
            } else {
                pictures.lost += 1;
            }
        }
    }
    Ok(pictures)
}
