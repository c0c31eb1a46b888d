//! Images that people have uploaded.

use crate::entity;
use crate::{ImageId, UserId};
use bytes::Bytes;

entity! {
    /// An image that was uploaded and made anew from its pixels. Its bytes are in the depot under its id; without this row nobody gets them.
    pub struct Image in "images" {
        partition { /// Which.
            image_id: ImageId }
        clustering { }
        columns {
            /// Who uploaded it.
            owner: UserId,
            /// What it is for: `avatar`, `product`, `event` or `question`.
            purpose: String,
            /// Id of the person, product, event or conference that it is for.
            subject: String,
            /// Its media type.
            kind: String,
            /// Length of its bytes.
            length: i64,
            /// Pixels from left to right.
            width: i64,
            /// Pixels from top to bottom.
            height: i64,
            /// SHA-256 of its bytes.
            digest: Bytes,
            /// What addresses of limited life are signed with. Another one ends all that were given out.
            secret: Bytes,
            /// Milliseconds since 1970.
            created_at: i64
        }
    }
}

entity! {
    /// An image in the list of who uploaded it. Written before the image is stored and removed after it is gone, so that nothing of it
    /// stays behind when a process dies in between.
    pub struct ImageOf in "images_of" {
        partition { /// Whose list.
            user_id: UserId }
        clustering { /// Which.
            image_id: ImageId }
        columns {
            /// What it takes up, bytes.
            length: i64,
            /// Milliseconds since 1970.
            at: i64
        }
    }
}
