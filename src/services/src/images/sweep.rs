//! Removing what nothing shows: images whose upload was cut off, that were replaced, or whose product or event is gone.

use super::Images;
use plenum_schema::entities::ImageOf;
use plenum_schema::table::FieldValue;
use plenum_schema::{ImageId, Refusal, UserId};
use std::time::Duration;

/// Rows read at a time.
const SCAN: usize = 500;

impl Images {
    /// Removes images that are old enough and that nothing shows; answers how many.
    ///
    /// # Errors
    /// `unavailable`: what was not reached is done the next time.
    pub async fn sweep(&self) -> Result<usize, Refusal> {
        let grace_ms = i64::try_from(self.0.config.grace_s * 1_000).unwrap_or(i64::MAX);
        let (mut done, mut after): (usize, Option<(UserId, ImageId)>) = (0, None);
        loop {
            let key = after.map(|(user, image)| vec![user.to_value(), image.to_value()]);
            let rows: Vec<ImageOf> = self.0.rows.sweep(key, SCAN).await?;
            after = rows.last().map(|row| (row.user_id, row.image_id));
            for one in rows.iter().filter(|row| self.0.clock.wall() >= row.at.saturating_add(grace_ms)) {
                let is_shown = match self.row(one.image_id).await? {
                    Some(image) => self.is_carried(&image).await?,
                    None => false,
                };
                if !is_shown {
                    self.remove(one.user_id, one.image_id).await?;
                    done += 1;
                }
            }
            if rows.len() < SCAN {
                return Ok(done);
            }
        }
    }
}

/// Removes what nothing shows, for ever.
pub async fn run_images(images: Images) {
    let every = Duration::from_secs(images.0.config.sweep_every_s);
    loop {
        tokio::time::sleep(every).await;
        match images.sweep().await {
            Ok(0) => {}
            Ok(done) => tracing::info!(done, "images that nothing showed were removed"),
            Err(refusal) => tracing::warn!(%refusal, "images that nothing shows are removed later"),
        }
    }
}
