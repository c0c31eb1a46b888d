//! What packets carry: the arguments of events and acknowledgements, and the data of CONNECT.
//!
//! Arguments stay as they came. They can be passed on without being parsed again, or deserialized into any serde type.

use crate::msgpack;
use crate::parser::Parser;
use crate::value::Value;
use bytes::Bytes;
use serde::de::{self, DeserializeOwned, DeserializeSeed, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// The arguments of an event (without its name) or acknowledgement.
#[derive(Clone, Debug, PartialEq)]
pub struct Args<'a> {
    parser: Parser,
    bytes: Cow<'a, [u8]>,
    items: Vec<Range<usize>>,
    attachments: Vec<Bytes>,
}

/// Arguments that are not what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ArgsError(pub String);

impl de::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl From<serde_json::Error> for ArgsError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

impl<'a> Args<'a> {
    pub(crate) fn new(parser: Parser, bytes: Cow<'a, [u8]>, items: Vec<Range<usize>>) -> Self {
        Self { parser, bytes, items, attachments: Vec::new() }
    }

    pub(crate) fn attach(&mut self, attachments: Vec<Bytes>) {
        self.attachments = attachments;
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The parser they came by.
    #[must_use]
    pub fn parser(&self) -> Parser {
        self.parser
    }

    /// The attachments, in order. Empty with [`Parser::MessagePack`], where binary data stands in its place.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// The bytes of one argument as they came: compact JSON (with placeholders for attachments), or MessagePack.
    #[must_use]
    pub fn raw(&self, index: usize) -> Option<&[u8]> {
        self.items.get(index).and_then(|range| self.bytes.get(range.clone()))
    }

    /// One argument with its binary data in place.
    #[must_use]
    pub fn value(&self, index: usize) -> Option<Value> {
        let raw = self.raw(index)?;
        match self.parser {
            Parser::Json => {
                let value: Value = serde_json::from_slice(raw).ok()?;
                Some(if self.attachments.is_empty() { value } else { value.fill(&self.attachments)? })
            }
            Parser::MessagePack => msgpack::value(raw),
        }
    }

    /// Deserializes one argument. Attachments of the JSON parser appear as [`crate::value::Attachment`].
    ///
    /// # Errors
    /// [`ArgsError`] when it is missing or something else.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, ArgsError> {
        let raw = self.raw(index).ok_or_else(|| ArgsError(format!("argument {index} is missing")))?;
        deserialize(self.parser, raw, PhantomData)
    }

    /// Deserializes all arguments into a tuple, list or tuple struct.
    ///
    /// # Errors
    /// [`ArgsError`] when there are too few or they are something else.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        T::deserialize(Elements { args: self, at: 0, end: self.items.len() })
    }

    /// The same without borrowing from the message.
    #[must_use]
    pub fn into_owned(self) -> Args<'static> {
        Args {
            parser: self.parser,
            bytes: Cow::Owned(self.bytes.into_owned()),
            items: self.items,
            attachments: self.attachments,
        }
    }
}

/// The arguments as a serde sequence.
struct Elements<'s, 'a> {
    args: &'s Args<'a>,
    at: usize,
    end: usize,
}

impl<'s> SeqAccess<'s> for Elements<'s, '_> {
    type Error = ArgsError;

    fn next_element_seed<S: DeserializeSeed<'s>>(&mut self, seed: S) -> Result<Option<S::Value>, ArgsError> {
        if self.at >= self.end {
            return Ok(None);
        }
        let Some(raw) = self.args.raw(self.at) else { return Ok(None) };
        self.at += 1;
        deserialize(self.args.parser, raw, seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.end.saturating_sub(self.at))
    }
}

impl<'de> de::Deserializer<'de> for Elements<'de, '_> {
    type Error = ArgsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_seq(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

fn deserialize<'r, S: DeserializeSeed<'r>>(parser: Parser, raw: &'r [u8], seed: S) -> Result<S::Value, ArgsError> {
    match parser {
        Parser::Json => {
            let mut deserializer = serde_json::Deserializer::from_slice(raw);
            seed.deserialize(&mut deserializer).map_err(ArgsError::from)
        }
        Parser::MessagePack => {
            let mut deserializer = rmp_serde::Deserializer::from_read_ref(raw);
            seed.deserialize(&mut deserializer).map_err(|error| ArgsError(error.to_string()))
        }
    }
}

/// The data of a CONNECT or CONNECT_ERROR packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Data<'a> {
    parser: Parser,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Data<'a> {
    pub(crate) fn new(parser: Parser, bytes: Cow<'a, [u8]>) -> Self {
        Self { parser, bytes }
    }

    /// The bytes as they came: compact JSON or MessagePack.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.bytes
    }

    /// The parser it came by.
    #[must_use]
    pub fn parser(&self) -> Parser {
        self.parser
    }

    /// Deserializes it.
    ///
    /// # Errors
    /// [`ArgsError`] when it is something else.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        deserialize(self.parser, &self.bytes, PhantomData)
    }

    /// It as one argument of an event.
    #[must_use]
    pub fn as_args(&self) -> Args<'_> {
        Args::new(self.parser, Cow::Borrowed(&self.bytes), std::iter::once(0..self.bytes.len()).collect())
    }

    /// The same without borrowing from the message.
    #[must_use]
    pub fn into_owned(self) -> Data<'static> {
        Data { parser: self.parser, bytes: Cow::Owned(self.bytes.into_owned()) }
    }
}

/// The ranges of the elements of a compact JSON list in its text.
pub(crate) fn json_items(list: &str) -> Option<Vec<Range<usize>>> {
    let items: Vec<&RawValue> = serde_json::from_str(list).ok()?;
    let base = list.as_ptr() as usize;
    let range = |item: &RawValue| {
        let start = (item.get().as_ptr() as usize).checked_sub(base)?;
        Some(start..start.checked_add(item.get().len())?)
    };
    items.into_iter().map(range).collect()
}
