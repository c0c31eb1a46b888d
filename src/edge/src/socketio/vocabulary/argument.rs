//! The argument of an event, read as an object of a known shape; what is wrong with it is said in the words of REST, with the member.

use plenum_actors::publication::Parser;
use plenum_schema::codec::{self, Codec, DecodeError};
use plenum_schema::{Refusal, RefusalCode};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Deserializer as Tracked, Track};
use std::borrow::Cow;

/// The first argument of an event, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'a> {
    /// How it is written.
    pub parser: Parser,
    /// One value.
    pub bytes: &'a [u8],
}

/// Between the place of an error and what is wrong there: no member of ours has it in its name.
const HERE: char = '\u{1}';

/// A value whose reading tells where it fails.
struct Located<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let mut track = Track::new();
        let read = T::deserialize(Tracked::new(value, &mut track));
        read.map(Self).map_err(|error| D::Error::custom(format!("{}{HERE}{error}", track.path())))
    }
}

impl Argument<'_> {
    /// Whether there is none, or nothing in it.
    pub(super) fn is_nothing(self) -> bool {
        matches!(self.bytes, b"null" | [0xc0])
    }

    /// Reads it as an object of a known shape. Members that the shape does not know are passed over: front ends send many.
    ///
    /// # Errors
    /// `malformed`, naming the member if it is one of them that is wrong; `invalid`, naming the one that is missing.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        let codec = match self.parser {
            Parser::Json => Codec::Json,
            Parser::MessagePack => Codec::MessagePack,
        };
        codec::decode::<Located<T>>(codec, self.bytes).map(|Located(value)| value).map_err(|error| refused(&error))
    }
}

impl Argument<'_> {
    /// The refusal of an argument that is neither an object nor the one value that may stand alone, in words that name both.
    pub(super) fn neither(self, refusal: Refusal, alone: &str) -> Refusal {
        if self.is_nothing() || refusal.message != NO_OBJECT {
            return refusal;
        }
        Refusal { message: format!("the argument must be {alone} or an object"), ..refusal }
    }
}

/// Of an argument that is none.
const NO_OBJECT: &str = "the argument must be an object";

fn refused(error: &DecodeError) -> Refusal {
    let malformed = |text: String| Refusal::new(RefusalCode::Malformed, text);
    let DecodeError::Shape(text) = error else { return malformed(error.to_string()) };
    let Some((path, what)) = text.split_once(HERE) else { return malformed("the argument cannot be read".to_owned()) };
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    let named = |prefix: &str| what.strip_prefix(prefix)?.split_once('`').map(|(name, _)| inside(name));
    if let Some(field) = named("missing field `") {
        let message = format!("{field} is required");
        return Refusal::field(RefusalCode::Invalid, field, message);
    }
    if let Some(field) = named("duplicate field `") {
        let message = format!("{field} is there twice");
        return Refusal::field(RefusalCode::Malformed, field, message);
    }
    match (path, expected(what)) {
        (".", _) => malformed(NO_OBJECT.to_owned()),
        (field, Some(expected)) => Refusal::field(RefusalCode::Malformed, field, format!("{field} must be {expected}")),
        (field, None) => Refusal::field(RefusalCode::Malformed, field, format!("{field} is not valid")),
    }
}

/// What a front end's developer may call what was expected; `None` for what only our sources have a name for.
fn expected(what: &str) -> Option<Cow<'static, str>> {
    // Of words of ours, which are what the member takes.
    if let Some((_, words)) = what.split_once("unknown variant `").and_then(|(_, rest)| rest.split_once("expected ")) {
        // The reader of JSON says where behind it.
        let words = words.split_once(" at line ").map_or(words, |(words, _)| words);
        return Some(words.replace('`', "").into());
    }
    one_expected(what).map(Cow::Borrowed)
}

fn one_expected(what: &str) -> Option<&'static str> {
    for (shape, meant) in [
        ("untagged enum UpTo", "an offset or a message's id"),
        ("untagged enum OptionNumber", "an option's number"),
        ("untagged enum Attached", "an address, or an object with its url"),
    ] {
        if what.contains(shape) {
            return Some(meant);
        }
    }
    if what.starts_with("UUID parsing failed") {
        return Some("an id");
    }
    // What MessagePack's reader says of numbers alone.
    if what.starts_with("wrong msgpack marker") || what.starts_with("numeric cast found out of range") {
        return Some("a whole number");
    }
    let (_, wanted) = what.split_once("expected ")?;
    [
        ("a string", "text"),
        ("a formatted UUID", "an id"),
        ("a UUID", "an id"),
        ("a boolean", "true or false"),
        ("u64", "a whole number"),
        ("u32", "a whole number"),
        ("u16", "a whole number"),
        ("i64", "a whole number"),
        ("a sequence", "a list"),
        ("struct ", "an object"),
    ]
    .into_iter()
    .find_map(|(theirs, ours)| wanted.starts_with(theirs).then_some(ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::ConversationId;
    use plenum_schema::codec::encode;
    use serde_json::{Value, json};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Wanted {
        conversation_id: Option<ConversationId>,
        client_ref: Option<String>,
        since: Option<u64>,
        shown: Option<bool>,
        parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it is read matters")]
    struct Part {
        url: String,
    }

    /// What both parsers say.
    fn refusal(argument: &Value) -> Refusal {
        let [json, msgpack] =
            [(Parser::Json, Codec::Json), (Parser::MessagePack, Codec::MessagePack)].map(|(parser, codec)| {
                let bytes = encode(codec, argument).unwrap();
                Argument { parser, bytes: &bytes }.read::<Wanted>().expect_err("a refusal")
            });
        assert_eq!(json, msgpack, "{argument}");
        json
    }

    #[test]
    fn a_member_that_is_wrong_is_named_in_words_that_are_not_the_librarys() {
        let cases = [
            (json!({ "clientRef": 5 }), "clientRef", "clientRef must be text"),
            (json!({ "conversationId": "x" }), "conversationId", "conversationId must be an id"),
            (json!({ "conversationId": 7 }), "conversationId", "conversationId must be an id"),
            (json!({ "since": "3" }), "since", "since must be a whole number"),
            (json!({ "since": -3 }), "since", "since must be a whole number"),
            (json!({ "shown": 1 }), "shown", "shown must be true or false"),
            (json!({ "parts": {} }), "parts", "parts must be a list"),
            (json!({ "parts": [{ "url": "a" }, { "url": 1 }] }), "parts[1].url", "parts[1].url must be text"),
        ];
        for (argument, field, message) in cases {
            let expected = Refusal::field(RefusalCode::Malformed, field, message);
            assert_eq!(refusal(&argument), expected, "{argument}");
        }
        let missing = refusal(&json!({ "parts": [{}] }));
        assert_eq!(missing, Refusal::field(RefusalCode::Invalid, "parts[0].url", "parts[0].url is required"));
    }

    #[test]
    fn what_is_no_object_is_no_argument() {
        for argument in [json!(null), json!(7), json!("text"), json!([1])] {
            let expected = Refusal::new(RefusalCode::Malformed, "the argument must be an object");
            assert_eq!(refusal(&argument), expected, "{argument}");
        }
    }

    #[test]
    fn a_member_that_is_there_twice_is_named() {
        let argument = Argument { parser: Parser::Json, bytes: br#"{"since":1,"since":2}"# };
        let refused = argument.read::<Wanted>().expect_err("a refusal");
        assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::Malformed, Some("since")));
    }
}
