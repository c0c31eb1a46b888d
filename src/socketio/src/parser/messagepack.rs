//! `socket.io-msgpack-parser`: a map with `type`, `nsp`, `data` and `id`; binary data stands in its place.

use crate::Parser;
use crate::args::{Args, Data};
use crate::msgpack::{Reader, Token};
use crate::packet::{Body, MAX_ACK_ID, MAX_DEPTH, Packet, PacketError, PacketLimits, RESERVED_EVENTS};
use std::borrow::Cow;
use std::ops::Range;

/// What the map says, as far as it matters.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<u64>,
    namespace: Option<&'a str>,
    data: Option<&'a [u8]>,
    id: Option<u64>,
}

/// Most keys of the map: `socket.io-msgpack-parser` writes up to five (its `encode` sends the packet object), some clients a few more. No
/// setting: the keys are the parser's, not an application's.
const MAX_KEYS: usize = 16;

pub(super) fn decode<'a>(bytes: &'a [u8], limits: &PacketLimits) -> Result<Packet<'a>, PacketError> {
    let deepest = limits.depth.min(MAX_DEPTH);
    let mut reader = Reader::new(bytes);
    let fields = match fields(&mut reader, bytes, deepest) {
        Some(fields) => fields?,
        None if reader.is_too_deep() => return Err(PacketError::Depth(deepest)),
        None => return Err(PacketError::Malformed),
    };
    let namespace = fields.namespace.ok_or(PacketError::Namespace)?;
    if !namespace.starts_with('/') {
        return Err(PacketError::Namespace);
    }
    if namespace.len() > limits.namespace_bytes {
        return Err(PacketError::NamespaceBytes(limits.namespace_bytes));
    }
    let body = match fields.kind {
        Some(0) => Body::Connect(fields.data.map(object).transpose()?),
        Some(1) if fields.data.is_none() => Body::Disconnect,
        Some(1) => return Err(PacketError::Payload),
        Some(2) => event(&fields, limits)?,
        Some(3) => ack(&fields, limits)?,
        Some(4) => Body::ConnectError(fields.data.map(connect_error).transpose()?),
        _ => return Err(PacketError::UnknownType),
    };
    Ok(Packet { namespace: Cow::Borrowed(namespace), body })
}

/// `None` for bytes that are no map of MessagePack, or go on behind it.
fn fields<'a>(reader: &mut Reader<'a>, bytes: &'a [u8], deepest: usize) -> Option<Result<Fields<'a>, PacketError>> {
    let Token::Map(keys) = reader.token()? else { return None };
    if keys > MAX_KEYS {
        return None;
    }
    let mut fields = Fields::default();
    for _ in 0..keys {
        let Token::Text(key) = reader.token()? else { return None };
        let start = reader.at();
        reader.skip(deepest)?;
        let raw = bytes.get(start..reader.at())?;
        let value = Reader::new(raw).token()?;
        match (key, value) {
            ("type", value) => fields.kind = whole(value),
            ("nsp", Token::Text(text)) => fields.namespace = Some(text),
            ("nsp", _) => return Some(Err(PacketError::Namespace)),
            ("id" | "data", Token::Nil) => {}
            ("id", value) => match whole(value).filter(|id| *id <= MAX_ACK_ID) {
                Some(id) => fields.id = Some(id),
                None => return Some(Err(PacketError::AckId)),
            },
            ("data", _) => fields.data = Some(raw),
            _ => {}
        }
    }
    reader.is_at_end().then_some(Ok(fields))
}

/// A whole number; JavaScript may write one as a float.
fn whole(token: Token<'_>) -> Option<u64> {
    match token {
        Token::Int(value) => u64::try_from(value).ok(),
        Token::UInt(value) => Some(value),
        _ => None,
    }
}

fn object(raw: &[u8]) -> Result<Data<'_>, PacketError> {
    match Reader::new(raw).token() {
        Some(Token::Map(_)) => Ok(Data::new(Parser::MessagePack, Cow::Borrowed(raw))),
        _ => Err(PacketError::Payload),
    }
}

fn connect_error(raw: &[u8]) -> Result<Data<'_>, PacketError> {
    match Reader::new(raw).token() {
        Some(Token::Map(_) | Token::Text(_)) => Ok(Data::new(Parser::MessagePack, Cow::Borrowed(raw))),
        _ => Err(PacketError::Payload),
    }
}

fn event<'a>(fields: &Fields<'a>, limits: &PacketLimits) -> Result<Body<'a>, PacketError> {
    let (raw, mut items) = list(fields, limits)?;
    if items.is_empty() {
        return Err(PacketError::EventName);
    }
    let name = match Reader::new(raw.get(items.remove(0)).unwrap_or_default()).token() {
        Some(Token::Text(name)) if RESERVED_EVENTS.contains(&name) => return Err(PacketError::EventName),
        Some(Token::Text(name)) => Cow::Borrowed(name),
        Some(Token::Int(number)) => Cow::Owned(number.to_string()),
        Some(Token::UInt(number)) => Cow::Owned(number.to_string()),
        _ => return Err(PacketError::EventName),
    };
    Ok(Body::Event { id: fields.id, name, args: Args::new(Parser::MessagePack, Cow::Borrowed(raw), items) })
}

fn ack<'a>(fields: &Fields<'a>, limits: &PacketLimits) -> Result<Body<'a>, PacketError> {
    let (raw, items) = list(fields, limits)?;
    let id = fields.id.ok_or(PacketError::AckId)?;
    Ok(Body::Ack { id, args: Args::new(Parser::MessagePack, Cow::Borrowed(raw), items) })
}

/// The data as a list with the places of its elements. Its depth has been checked already.
fn list<'a>(fields: &Fields<'a>, limits: &PacketLimits) -> Result<(&'a [u8], Vec<Range<usize>>), PacketError> {
    let raw = fields.data.ok_or(PacketError::Payload)?;
    let mut reader = Reader::new(raw);
    let Some(Token::List(len)) = reader.token() else { return Err(PacketError::Payload) };
    if len > limits.arguments.saturating_add(1) {
        return Err(PacketError::TooManyArguments(limits.arguments));
    }
    let mut items = Vec::with_capacity(len);
    for _ in 0..len {
        let start = reader.at();
        reader.skip(limits.depth.min(MAX_DEPTH)).ok_or(PacketError::Malformed)?;
        items.push(start..reader.at());
    }
    Ok((raw, items))
}
