//! Where a list of conversations goes on: after the last one shown, by its activity and id.
//!
//! The cursor is a place in the order, not a count, so what becomes active meanwhile neither repeats nor hides anything
//! else. The active one itself moves to the top, where the next listing shows it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plenum_schema::{ConversationId, Refusal, RefusalCode};
use uuid::Uuid;

/// A place in the order "newest first".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    /// Last activity, milliseconds since 1970.
    pub at: i64,
    /// Tells conversations of one millisecond apart.
    pub id: ConversationId,
}

const FORMAT: u8 = 1;

impl Place {
    pub(super) fn encode(self) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&self.at.to_be_bytes());
        bytes.extend_from_slice(self.id.0.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Refusal> {
        Self::read(text).ok_or_else(|| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list"))
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (format, rest) = bytes.split_first()?;
        let (at, id) = rest.split_first_chunk::<8>()?;
        let id = Uuid::from_slice(id).ok()?;
        (*format == FORMAT).then(|| Self { at: i64::from_be_bytes(*at), id: ConversationId(id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_what_it_says() {
        let place = Place { at: 1_700_000_000_123, id: ConversationId(Uuid::from_u128(77)) };
        assert_eq!(Place::decode(&place.encode()), Ok(place));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "A".repeat(10_000);
        for bad in ["", "x", "AAAA", "!!!!", long.as_str()] {
            assert!(Place::decode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn broken_cursors_are_refused_or_are_the_cursor_of_another_place() {
        let whole = Place { at: 1_700_000_000_123, id: ConversationId(Uuid::from_u128(77)) }.encode();
        for place in 0..whole.len() {
            for letter in ('\0'..='\u{7f}').chain(['é', '\u{1f600}']) {
                let changed = format!("{}{letter}{}", &whole[..place], &whole[place + 1..]);
                if let Ok(read) = Place::decode(&changed) {
                    assert_eq!(read.encode(), changed, "one text for one place");
                }
                assert!(Place::decode(&format!("{}{letter}{}", &whole[..place], &whole[place..])).is_err(), "{place}");
            }
            assert!(Place::decode(&whole[..place]).is_err() && Place::decode(&whole[place + 1..]).is_err(), "{place}");
        }
    }
}
