//! MessagePack: walking over values without building them, and values from and to bytes.
//!
//! Written for what `notepack.io` writes and reads: maps with text keys, dates as time stamps (extension −1).

use crate::value::Value;
use bytes::Bytes;
use rmp::{Marker, encode};

/// Reads forward; every length is checked against what is there before it is believed.
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
    is_too_deep: bool,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(&'a str),
    Binary(&'a [u8]),
    /// This many values follow.
    List(usize),
    /// This many keys with their values follow.
    Map(usize),
    Extension(i8, &'a [u8]),
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0, is_too_deep: false }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Whether [`Self::skip`] has met a value that was nested too deep.
    pub(crate) const fn is_too_deep(&self) -> bool {
        self.is_too_deep
    }

    fn below(&mut self, depth: usize) -> Option<usize> {
        let below = depth.checked_sub(1);
        self.is_too_deep |= below.is_none();
        below
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at >= self.all.len()
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let bytes = self.all.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    /// A big-endian number of `len` bytes.
    fn number(&mut self, len: usize) -> Option<u64> {
        Some(self.take(len)?.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    fn length(&mut self, len: usize) -> Option<usize> {
        usize::try_from(self.number(len)?).ok()
    }

    fn text(&mut self, len: usize) -> Option<Token<'a>> {
        std::str::from_utf8(self.take(len)?).ok().map(Token::Text)
    }

    fn extension(&mut self, len: usize) -> Option<Token<'a>> {
        let kind = self.take(1)?.first()?.cast_signed();
        Some(Token::Extension(kind, self.take(len)?))
    }

    /// The next token; `None` for bytes that are none.
    pub(crate) fn token(&mut self) -> Option<Token<'a>> {
        let marker = Marker::from_u8(*self.take(1)?.first()?);
        Some(match marker {
            Marker::Null => Token::Nil,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(value) => Token::Int(value.into()),
            Marker::FixNeg(value) => Token::Int(value.into()),
            Marker::U8 => Token::UInt(self.number(1)?),
            Marker::U16 => Token::UInt(self.number(2)?),
            Marker::U32 => Token::UInt(self.number(4)?),
            Marker::U64 => Token::UInt(self.number(8)?),
            Marker::I8 => Token::Int((self.number(1)? as u8).cast_signed().into()),
            Marker::I16 => Token::Int((self.number(2)? as u16).cast_signed().into()),
            Marker::I32 => Token::Int((self.number(4)? as u32).cast_signed().into()),
            Marker::I64 => Token::Int(self.number(8)?.cast_signed()),
            Marker::F32 => Token::Float(f32::from_bits(self.number(4)? as u32).into()),
            Marker::F64 => Token::Float(f64::from_bits(self.number(8)?)),
            Marker::FixStr(len) => self.text(len.into())?,
            Marker::Str8 => self.length(1).and_then(|len| self.text(len))?,
            Marker::Str16 => self.length(2).and_then(|len| self.text(len))?,
            Marker::Str32 => self.length(4).and_then(|len| self.text(len))?,
            Marker::Bin8 => self.length(1).and_then(|len| self.take(len)).map(Token::Binary)?,
            Marker::Bin16 => self.length(2).and_then(|len| self.take(len)).map(Token::Binary)?,
            Marker::Bin32 => self.length(4).and_then(|len| self.take(len)).map(Token::Binary)?,
            Marker::FixArray(len) => Token::List(len.into()),
            Marker::Array16 => Token::List(self.length(2)?),
            Marker::Array32 => Token::List(self.length(4)?),
            Marker::FixMap(len) => Token::Map(len.into()),
            Marker::Map16 => Token::Map(self.length(2)?),
            Marker::Map32 => Token::Map(self.length(4)?),
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.length(1).and_then(|len| self.extension(len))?,
            Marker::Ext16 => self.length(2).and_then(|len| self.extension(len))?,
            Marker::Ext32 => self.length(4).and_then(|len| self.extension(len))?,
            Marker::Reserved => return None,
        })
    }

    /// Passes over one value with at most `depth` levels below it. Keys of maps must be text.
    pub(crate) fn skip(&mut self, depth: usize) -> Option<()> {
        match self.token()? {
            Token::List(len) => {
                let below = self.below(depth)?;
                (0..len).try_for_each(|_| self.skip(below))
            }
            Token::Map(len) => {
                let below = self.below(depth)?;
                (0..len).try_for_each(|_| {
                    matches!(self.token()?, Token::Text(_)).then_some(())?;
                    self.skip(below)
                })
            }
            _ => Some(()),
        }
    }

    /// One value. The caller has passed over it with a bounded depth before.
    fn value(&mut self) -> Option<Value> {
        Some(match self.token()? {
            Token::Nil => Value::Null,
            Token::Bool(value) => Value::Bool(value),
            Token::Int(value) => Value::Int(value),
            Token::UInt(value) => i64::try_from(value).map_or(Value::UInt(value), Value::Int),
            Token::Float(value) => Value::Float(value),
            Token::Text(text) => Value::Text(text.to_owned()),
            Token::Binary(bytes) => Value::Binary(Bytes::copy_from_slice(bytes)),
            Token::List(len) => Value::List((0..len).map(|_| self.value()).collect::<Option<_>>()?),
            Token::Map(len) => {
                let member = |_| match self.token()? {
                    Token::Text(key) => Some((key.to_owned(), self.value()?)),
                    _ => None,
                };
                Value::Object((0..len).map(member).collect::<Option<_>>()?)
            }
            Token::Extension(kind, bytes) => extension(kind, bytes),
        })
    }
}

/// A date is its milliseconds, as `Date.valueOf()`; the notepack extension 0 is binary data or `undefined`; others stay bytes.
fn extension(kind: i8, bytes: &[u8]) -> Value {
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    match (kind, bytes.len()) {
        (-1, 4) => Value::Int(number(bytes).cast_signed().saturating_mul(1_000)),
        (-1, 8) => {
            let (seconds, nanos) = (number(bytes) & 0x3_ffff_ffff, number(bytes) >> 34);
            Value::Int(seconds.cast_signed().saturating_mul(1_000).saturating_add((nanos / 1_000_000).cast_signed()))
        }
        (0, 1) => Value::Null,
        _ => Value::Binary(Bytes::copy_from_slice(bytes)),
    }
}

/// The value of bytes that have been passed over by [`Reader::skip`] before.
pub(crate) fn value(bytes: &[u8]) -> Option<Value> {
    Reader::new(bytes).value()
}

/// Appends text.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    // Writing to memory does not fail.
    let _written = encode::write_str(out, text);
}

/// Appends the head of a list.
pub(crate) fn put_list(out: &mut Vec<u8>, len: usize) {
    let _written = encode::write_array_len(out, u32::try_from(len).unwrap_or(u32::MAX));
}

/// Appends the head of a map.
pub(crate) fn put_map(out: &mut Vec<u8>, len: usize) {
    let _written = encode::write_map_len(out, u32::try_from(len).unwrap_or(u32::MAX));
}

/// Appends a whole number.
pub(crate) fn put_int(out: &mut Vec<u8>, value: u64) {
    let _written = encode::write_uint(out, value);
}

/// Appends binary data.
pub(crate) fn put_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    let _written = encode::write_bin(out, bytes);
}

/// Appends a value.
pub(crate) fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(Marker::Null.to_u8()),
        Value::Bool(value) => out.push(if *value { Marker::True } else { Marker::False }.to_u8()),
        Value::Int(value) => {
            let _written = encode::write_sint(out, *value);
        }
        Value::UInt(value) => put_int(out, *value),
        Value::Float(value) => {
            let _written = encode::write_f64(out, *value);
        }
        Value::Text(text) => put_text(out, text),
        Value::Binary(bytes) => put_binary(out, bytes),
        Value::List(items) => {
            put_list(out, items.len());
            items.iter().for_each(|item| put_value(out, item));
        }
        Value::Object(members) => {
            put_map(out, members.len());
            for (key, value) in members {
                put_text(out, key);
                put_value(out, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were_written() {
        let value = Value::Object(vec![
            ("b".into(), Value::List(vec![Value::Null, Value::Bool(true), Value::Int(-5), Value::Int(70_000)])),
            ("a".into(), Value::Binary(Bytes::from_static(&[0; 300]))),
            ("f".into(), Value::Float(1.5)),
            ("u".into(), Value::UInt(u64::MAX)),
            ("t".into(), Value::Text("x".repeat(40))),
        ]);
        let mut out = Vec::new();
        put_value(&mut out, &value);
        let mut reader = Reader::new(&out);
        assert_eq!(reader.skip(2), Some(()));
        assert!(reader.is_at_end());
        assert_eq!(super::value(&out), Some(value));
    }

    #[test]
    fn a_length_that_is_not_there_is_not_believed() {
        for bytes in [&[0xdd, 0xff, 0xff, 0xff, 0xff][..], &[0xc6, 0xff, 0xff, 0xff, 0xff, 1], &[0xdf, 0x7f, 0, 0, 0]] {
            assert_eq!(Reader::new(bytes).skip(10), None);
            assert_eq!(value(bytes), None);
        }
        let deep = [0x91; 50];
        assert_eq!(Reader::new(&deep).skip(10), None);
    }

    #[test]
    fn dates_are_milliseconds() {
        assert_eq!(value(&[0xd6, 0xff, 0, 0, 0, 2]), Some(Value::Int(2_000)));
    }
}
