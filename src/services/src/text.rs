//! Names that people see: one spelling for what looks the same, and nothing that cannot be seen.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use plenum_schema::{Refusal, RefusalCode};

/// Joins or separates letters in Persian and in Indic scripts, and the parts of an emoji: means something between two
/// visible characters only.
const JOINERS: [char; 2] = ['\u{200C}', '\u{200D}'];
/// Chooses the text or the emoji form of the character before it.
const PRESENTATION: [char; 2] = ['\u{FE0E}', '\u{FE0F}'];
/// A pattern of Braille without dots: a symbol by its category, blank to the eye.
const BLANK_BRAILLE: char = '\u{2800}';

/// What a character of a name is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Something to see.
    Visible,
    /// Sits on the character before it.
    Mark,
    Space,
    Joiner,
    Forbidden(&'static str),
}

fn kind(c: char) -> Kind {
    if JOINERS.contains(&c) {
        return Kind::Joiner;
    }
    if PRESENTATION.contains(&c) {
        return Kind::Mark;
    }
    if CodePointSetData::new::<BidiControl>().contains(c) {
        return Kind::Forbidden("characters that turn the direction of writing are not allowed");
    }
    if c == BLANK_BRAILLE || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) {
        return Kind::Forbidden("invisible characters are not allowed");
    }
    match CodePointMapData::<GeneralCategory>::new().get(c) {
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => {
            Kind::Forbidden("control characters are not allowed")
        }
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate => {
            Kind::Forbidden("characters that Unicode does not define are not allowed")
        }
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark => Kind::Mark,
        GeneralCategory::SpaceSeparator => Kind::Space,
        _ => Kind::Visible,
    }
}

/// Whether a character may stand in a name at all.
pub(crate) fn is_allowed(c: char) -> bool {
    !matches!(kind(c), Kind::Forbidden(_))
}

/// A one-line name (of a person, of a group): in normalisation form C, trimmed, each kind of space a plain one. Empty when
/// there is nothing but space.
///
/// # Errors
/// `invalid` naming `field` for control, direction, invisible and undefined characters, and for marks with nothing below them.
pub(crate) fn name(field: &str, text: &str) -> Result<String, Refusal> {
    let invalid = |message: &str| Refusal::field(RefusalCode::Invalid, field, message);
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text.trim());
    let mut clean = String::with_capacity(composed.len());
    let (mut before, mut joining) = (Kind::Space, false);
    for c in composed.chars() {
        let kind = kind(c);
        match kind {
            Kind::Forbidden(why) => return Err(invalid(why)),
            Kind::Mark | Kind::Joiner if before == Kind::Space => {
                return Err(invalid("a mark needs a character that it belongs to"));
            }
            Kind::Joiner if joining => return Err(invalid("invisible characters are not allowed")),
            Kind::Space if joining => return Err(invalid("invisible characters are not allowed")),
            Kind::Space => clean.push(' '),
            Kind::Visible | Kind::Mark | Kind::Joiner => clean.push(c),
        }
        joining = kind == Kind::Joiner;
        before = kind;
    }
    if joining { Err(invalid("invisible characters are not allowed")) } else { Ok(clean) }
}

/// The form in which texts that look or mean the same are equal: compatibility composition, lower case.
pub(crate) fn folded(text: &str) -> String {
    // Lower case of a composed text may compose further, and what a compatibility character stands for may be a capital.
    compatible(&compatible(text).to_lowercase())
}

/// Compatibility composition (form KC): full-width letters become the usual ones, and so on.
pub(crate) fn compatible(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_scripts_and_emoji_are_accepted() {
        for fine in [
            "Ada Lovelace",
            "Дарья",
            "محمد",
            "می\u{200C}خواهم",
            "นฤมล",
            "क्\u{200D}ष",
            "👩\u{200D}💻 ❤\u{FE0F}",
            "O’Brien",
            "李小龍",
            "한글",
            "",
        ] {
            assert_eq!(name("fullName", fine).as_deref(), Ok(fine));
        }
    }

    #[test]
    fn names_that_look_the_same_are_spelt_the_same() {
        assert_eq!(name("fullName", "Zoe\u{308}").as_deref(), Ok("Zoë"));
        assert_eq!(name("fullName", " Ada\u{A0}Lovelace\u{3000}").as_deref(), Ok("Ada Lovelace"));
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for (text, expected) in
            [("ＡＤＡ@X.org", "ada@x.org"), ("\u{2121}", "tel"), ("STRAẞE", "straße"), ("Zoe\u{308}", "zoë")]
        {
            assert_eq!(folded(text), expected);
            assert_eq!(folded(expected), expected);
        }
    }

    #[test]
    fn what_cannot_be_seen_or_is_not_defined_is_refused_by_the_name_of_the_member() {
        for wrong in [
            "Ada\u{200B}",
            "\u{202E}adA",
            "A\u{2066}da\u{2069}",
            "Ada\u{AD}Love",
            "\u{2800}\u{2800}",
            "\u{3164}",
            "\u{200D}",
            "Ada\u{200D}",
            "A\u{200D}\u{200D}da",
            "A\u{200C} da",
            "\u{301}",
            "Ada \u{301}",
            "Ada\u{378}",
            "Ada\u{E000}",
            "Ada\u{FFFF}",
            "Ada\u{E0041}",
            "Ada\u{7}",
            "Ada\nLovelace",
            "Ada\u{2028}Lovelace",
            "Ada\u{FEFF}",
        ] {
            let refusal = name("fullName", wrong).unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Invalid, Some("fullName")), "{wrong:?}");
        }
    }
}
