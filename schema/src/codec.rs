//! Reading and writing wire and stored values, strictly: one value, nothing behind it, no extension types, bounded depth.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod msgpack_scan;
mod strict;

pub use strict::Strict;

/// How deep arrays and maps may nest in anything read from outside.
pub const MAX_DEPTH: usize = 16;

/// The two codecs of the native protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Codec {
    /// JSON text (RFC 8259).
    Json,
    /// MessagePack maps with the same member names.
    MessagePack,
}

/// Bytes that are not one well-formed value of the wanted type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not a value of the codec, or not of the wanted shape; the text says where.
    #[error("{0}")]
    Shape(String),
    /// Deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Something follows the value.
    #[error("bytes follow the value")]
    Trailing,
    /// A MessagePack extension type.
    #[error("extension types are not accepted")]
    Extension,
    /// A declared length is larger than what follows.
    #[error("the value ends early")]
    Truncated,
}

/// Room that most frames and stored events fit in, so that encoding seldom grows its buffer.
const USUAL_BYTES: usize = 640;

/// Encodes a value that our own types make; they cannot fail to encode.
///
/// # Errors
/// When a value cannot be represented (a map with non-text keys in JSON): a bug, reported rather than panicked.
pub fn encode<T: Serialize>(codec: Codec, value: &T) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    encode_into(codec, value, &mut out)?;
    Ok(out)
}

/// Appends the encoded value to `out`.
///
/// # Errors
/// As [`encode`].
pub fn encode_into<T: Serialize>(codec: Codec, value: &T, out: &mut Vec<u8>) -> Result<(), DecodeError> {
    match codec {
        Codec::Json => serde_json::to_writer(out, value).map_err(|error| DecodeError::Shape(error.to_string())),
        Codec::MessagePack => {
            let mut serializer = rmp_serde::Serializer::new(out).with_struct_map().with_human_readable();
            value.serialize(&mut serializer).map_err(|error| DecodeError::Shape(error.to_string()))
        }
    }
}

/// Decodes exactly one value.
///
/// # Errors
/// [`DecodeError`] when the bytes are not one value of type `T`; never a panic and never an allocation larger than the input.
pub fn decode<T: DeserializeOwned>(codec: Codec, bytes: &[u8]) -> Result<T, DecodeError> {
    match codec {
        Codec::Json => decode_json(bytes),
        Codec::MessagePack => decode_msgpack(bytes),
    }
}

fn decode_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    check_json_depth(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = T::deserialize(Strict(&mut deserializer)).map_err(|error| DecodeError::Shape(error.to_string()))?;
    deserializer.end().map_err(|_| DecodeError::Trailing)?;
    Ok(value)
}

/// Counts brackets outside strings; cheap, and before any recursion happens.
fn check_json_depth(bytes: &[u8]) -> Result<(), DecodeError> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooDeep);
        }
    }
    Ok(())
}

fn decode_msgpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    msgpack_scan::check(bytes)?;
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes).with_human_readable();
    T::deserialize(Strict(&mut deserializer)).map_err(|error| DecodeError::Shape(error.to_string()))
}

/// The stored form of log payloads and snapshots: one format byte, then a MessagePack map.
///
/// # Errors
/// As [`encode`].
pub fn store<T: Serialize>(format: u8, value: &T) -> Result<Bytes, DecodeError> {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    out.push(format);
    let mut serializer = rmp_serde::Serializer::new(&mut out).with_struct_map();
    value.serialize(&mut serializer).map_err(|error| DecodeError::Shape(error.to_string()))?;
    Ok(out.into())
}

/// Reads what [`store`] wrote under one of the `known` formats (all readable by the same type).
///
/// # Errors
/// When the format is unknown or the bytes are damaged.
pub fn restore<T: DeserializeOwned>(known: &[u8], bytes: &[u8]) -> Result<T, DecodeError> {
    match bytes.split_first() {
        Some((format, rest)) if known.contains(format) => {
            rmp_serde::from_slice(rest).map_err(|error| DecodeError::Shape(error.to_string()))
        }
        Some((format, _)) => Err(DecodeError::Shape(format!("unknown stored format {format}"))),
        None => Err(DecodeError::Truncated),
    }
}
