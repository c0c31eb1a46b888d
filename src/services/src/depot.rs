//! The port behind which the bytes of uploaded files lie: a directory, or S3. Its real clients are in `plenum-providers`.

use bytes::Bytes;
use plenum_schema::ImageId;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

/// A pending answer of the depot.
pub type DepotFuture<T> = Pin<Box<dyn Future<Output = Result<T, DepotError>> + Send>>;

/// What something in the depot is called: made of an id, never of what a client says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ObjectName(String);

impl ObjectName {
    /// Parts with slashes between, all of them letters, digits and hyphens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ImageId> for ObjectName {
    fn from(id: ImageId) -> Self {
        // The last byte of an id is random: folders fill evenly.
        Self(format!("images/{:02x}/{}", id.0.as_bytes()[15], id.0.simple()))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why the depot did not do it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DepotError {
    /// There is nothing of this name, or less than was kept.
    #[error("there is nothing of this name")]
    Absent,
    /// It is down, slow, full, or refuses us.
    #[error("the depot did not do it: {0}")]
    Failed(String),
}

/// Keeps bytes under names. Implementations bound their time and how much is under way at once.
pub trait Depot: Send + Sync + 'static {
    /// Keeps these bytes, whatever was there before. When it has answered they survive a crash.
    fn put(&self, name: ObjectName, bytes: Bytes) -> DepotFuture<()>;

    /// Some of the bytes; the range lies within them.
    fn get(&self, name: ObjectName, range: Range<u64>) -> DepotFuture<Bytes>;

    /// Removes it. Nothing there is fine.
    fn delete(&self, name: ObjectName) -> DepotFuture<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_letters_digits_and_hyphens() {
        let name = ObjectName::from(ImageId(uuid::Uuid::from_u128(0xAB)));
        assert_eq!(name.as_str(), "images/ab/000000000000000000000000000000ab");
    }
}
