//! Public codes: what people read from a screen and type on a phone.

use super::Conferences;
use crate::accounts::Identity;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::identity::Scope;
use plenum_actors::store::Conditional;
use plenum_schema::entities::ConferenceCode;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConferenceId, Refusal, RefusalCode};

/// Capitals and digits that are not taken for one another: no I, L, O, 0, 1. Six of them make 887 million codes.
pub const ALPHABET: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// How many taken codes are met before it is given up.
const ATTEMPTS: usize = 32;
/// The longest text that is looked at.
const LONGEST: usize = 64;

/// A random code.
pub(super) fn random_code(chars: usize) -> String {
    // From the thread's generator, which is seeded by the system and cannot be foreseen.
    let one = |_| char::from(ALPHABET.get(rand::random_range(0..ALPHABET.len())).copied().unwrap_or(b'A'));
    (0..chars).map(one).collect()
}

/// A code as it is stored: capitals, without what people put between them. `None` for what no code is.
pub(super) fn normalised(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let code: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '\u{a0}')).map(|c| c.to_ascii_uppercase()).collect();
    let is_code = !code.is_empty() && code.bytes().all(|byte| ALPHABET.contains(&byte));
    is_code.then_some(code)
}

fn no_such_code() -> Refusal {
    Refusal::field(RefusalCode::NotFound, "code", "no conference has this code")
}

impl Conferences {
    /// Claims a code that no other conference has, on whichever node.
    pub(super) async fn claim_code(&self, id: ConferenceId) -> Result<String, Refusal> {
        for _ in 0..ATTEMPTS {
            let code = random_code(self.config.code_chars);
            let row = ConferenceCode { code: code.clone(), conference_id: id, claimed_at: self.parts.clock.wall() };
            let done = self.parts.store.insert(ConferenceCode::TABLE, row.to_row()).await.map_err(unavailable)?;
            if done == Conditional::Applied {
                return Ok(code);
            }
        }
        Err(Refusal::new(RefusalCode::Busy, "no free code was found: make codes longer").retry_after(1_000))
    }

    /// The same for somebody who is in one conference alone: they find no other.
    ///
    /// # Errors
    /// As [`Self::by_code`].
    pub async fn by_code_as(&self, by: &Identity, code: &str) -> Result<ConferenceId, Refusal> {
        let found = self.by_code(code).await?;
        match by.scope {
            Scope::Conference { conference, .. } if conference != found => Err(no_such_code()),
            _ => Ok(found),
        }
    }

    /// The conference with this code, however it is typed.
    ///
    /// # Errors
    /// `notFound`, the same for what is no code and for one that nobody has; `unavailable`.
    pub async fn by_code(&self, code: &str) -> Result<ConferenceId, Refusal> {
        let code = normalised(code).ok_or_else(no_such_code)?;
        let row = self.parts.store.get(ConferenceCode::TABLE, vec![code.to_value()]).await.map_err(unavailable)?;
        let row = row.map(ConferenceCode::from_row).transpose().map_err(|error| damaged(&error))?;
        row.map(|row| row.conference_id).ok_or_else(no_such_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        assert_eq!(normalised(" k7w-q2p "), Some("K7WQ2P".to_owned()));
        assert_eq!(normalised("k7w\u{a0}q2p").as_deref(), Some("K7WQ2P"));
        for bad in ["", " - ", "K7WQ2O", "K7WQ2É", "K7WQ2P;", &"A".repeat(65)] {
            assert_eq!(normalised(bad), None, "{bad}");
        }
    }

    #[test]
    fn codes_have_no_letters_that_are_taken_for_others() {
        let codes: String = (0..500).map(|_| random_code(6)).collect();
        assert!(codes.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()));
        assert!(!codes.contains(['I', 'L', 'O', '0', '1']));
        assert!(ALPHABET.iter().all(|c| codes.contains(char::from(*c))));
    }
}
