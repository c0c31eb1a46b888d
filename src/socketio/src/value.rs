//! Any value of JSON or MessagePack, with binary data and the order of keys kept.

use bytes::Bytes;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Most elements that are reserved room for before they have been read.
const MAX_RESERVED: usize = 64;

/// A value. Objects keep the order of their keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond [`i64::MAX`].
    UInt(u64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// Binary data.
    Binary(Bytes),
    /// A list.
    List(Vec<Value>),
    /// An object.
    Object(Vec<(String, Value)>),
}

/// Where an attachment stands in the JSON of a packet: `{"_placeholder":true,"num":0}`. Use it as the type of a field that is
/// binary, and take the bytes from [`crate::Args::attachments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Attachment {
    /// Always true.
    #[serde(rename = "_placeholder")]
    pub placeholder: bool,
    /// Which attachment, from 0.
    pub num: usize,
}

impl Value {
    /// A member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// How many binary values are in it.
    #[must_use]
    pub fn binaries(&self) -> usize {
        match self {
            Self::Binary(_) => 1,
            Self::List(items) => items.iter().map(Self::binaries).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.binaries()).sum(),
            _ => 0,
        }
    }

    /// Which attachment the object stands for, if it is a placeholder: `Err` for one whose number is none.
    fn placeholder(&self) -> Result<Option<usize>, ()> {
        if self.get("_placeholder") != Some(&Self::Bool(true)) {
            return Ok(None);
        }
        match self.get("num") {
            Some(Self::Int(num)) => usize::try_from(*num).map(Some).map_err(|_| ()),
            _ => Err(()),
        }
    }

    /// Puts attachments where their placeholders are; `None` when one names no attachment.
    #[must_use]
    pub fn fill(self, attachments: &[Bytes]) -> Option<Self> {
        if let Some(num) = self.placeholder().ok()? {
            return attachments.get(num).cloned().map(Self::Binary);
        }
        Some(match self {
            Self::List(items) => {
                Self::List(items.into_iter().map(|item| item.fill(attachments)).collect::<Option<_>>()?)
            }
            Self::Object(members) => {
                let fill = |(key, value): (String, Self)| Some((key, value.fill(attachments)?));
                Self::Object(members.into_iter().map(fill).collect::<Option<_>>()?)
            }
            other => other,
        })
    }

    /// Whether every placeholder in it names one of `count` attachments.
    #[must_use]
    pub fn placeholders_fit(&self, count: usize) -> bool {
        match (self.placeholder(), self) {
            (Err(()), _) => false,
            (Ok(Some(num)), _) => num < count,
            (Ok(None), Self::List(items)) => items.iter().all(|item| item.placeholders_fit(count)),
            (Ok(None), Self::Object(members)) => members.iter().all(|(_, value)| value.placeholders_fit(count)),
            (Ok(None), _) => true,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::UInt(value), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary(Bytes::copy_from_slice(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(MAX_RESERVED));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(0).min(MAX_RESERVED));
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}
