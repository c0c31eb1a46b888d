//! Addresses of images, and those of limited life for images that not everybody may see.

use super::{Images, absent};
use hmac::{Hmac, Mac};
use plenum_schema::entities::Image;
use plenum_schema::{ImageId, Refusal, RefusalCode, UserId};
use sha2::Sha256;

/// The path below which images are shown.
const PATH: &str = "/api/media/";

/// What an address of limited life says besides the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// For whom it was made.
    pub user: UserId,
    /// Until when it is good, seconds since 1970.
    pub expires: u64,
    /// Hexadecimal digits of the HMAC over method, path, person and end.
    pub signature: String,
}

/// The image that an address leads to, where it is one of ours, wherever it is shown.
pub(crate) fn image_of(address: &str) -> Option<ImageId> {
    let (_, rest) = address.split_once(PATH)?;
    rest.split(['?', '#']).next()?.parse().ok()
}

/// An address without the ticket in it: what is written into rows.
pub(crate) fn without_ticket(address: &str) -> &str {
    let bare = address.split('?').next().unwrap_or(address);
    if image_of(address).is_some() { bare } else { address }
}

fn mac(image: &Image, user: UserId, expires: u64) -> Hmac<Sha256> {
    // HMAC takes keys of every length, so the fallback is never used.
    let mut mac = Hmac::<Sha256>::new_from_slice(&image.secret)
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    mac.update(format!("GET\n/media/{}\n{user}\n{expires}", image.image_id).as_bytes());
    mac
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (digits.len() == 64).then(|| (0..64).step_by(2).map(pair).collect()).flatten()
}

impl Images {
    /// Where an image is shown to everybody.
    pub(super) fn address(&self, id: ImageId) -> String {
        format!("{}{PATH}{id}", self.0.config.public_url)
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.0.clock.wall() / 1_000).unwrap_or(0)
    }

    /// An address of limited life for `user`, where `address` leads to an image of ours; else the address as it is.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn signed(&self, address: &str, user: UserId) -> Result<String, Refusal> {
        let image = match image_of(address) {
            Some(id) => self.row(id).await?,
            None => None,
        };
        let Some(image) = image else { return Ok(address.to_owned()) };
        let expires = self.now_s().saturating_add(self.0.config.signed_s);
        let digits =
            mac(&image, user, expires).finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect::<String>();
        Ok(format!("{}?user={user}&expires={expires}&signature={digits}", self.address(image.image_id)))
    }

    /// Whether a ticket opens this image, now.
    pub(super) fn check(&self, image: &Image, ticket: &Ticket) -> Result<(), Refusal> {
        let signature = bytes_of(&ticket.signature).ok_or_else(absent)?;
        let is_ours = mac(image, ticket.user, ticket.expires).verify_slice(&signature).is_ok();
        if is_ours && self.now_s() < ticket.expires {
            return Ok(());
        }
        Err(Refusal::new(RefusalCode::Forbidden, "this address of the image is not valid, or not any more"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a0b0-0000-7000-8000-000000000001";

    #[test]
    fn an_image_is_known_by_its_address_with_and_without_a_ticket() {
        let id: ImageId = ID.parse().unwrap();
        for address in
            [format!("/api/media/{ID}"), format!("https://images.example.org/api/media/{ID}?user=x&expires=1")]
        {
            assert_eq!(image_of(&address), Some(id), "{address}");
        }
        for other in ["/api/media/x", "https://example.org/a.png", "", "/api/media/"] {
            assert_eq!(image_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_ticket_is_taken_off_our_addresses_only() {
        assert_eq!(without_ticket(&format!("/api/media/{ID}?user=x")), format!("/api/media/{ID}"));
        assert_eq!(without_ticket("https://example.org/a.png?size=2"), "https://example.org/a.png?size=2");
    }

    #[test]
    fn digits_that_are_none_are_no_signature() {
        assert_eq!(bytes_of(&"0f".repeat(32)), Some(vec![15; 32]));
        for wrong in ["", "0f", &"zz".repeat(32), &"é".repeat(32), &"+f".repeat(31)] {
            assert_eq!(bytes_of(wrong), None, "{wrong}");
        }
    }
}
