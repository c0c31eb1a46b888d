//! The default parser: `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`.

use super::check_placeholders;
use crate::Parser;
use crate::args::{Args, Data, json_items};
use crate::json::{compact, deeper_than};
use crate::packet::{Body, MAX_ACK_ID, MAX_DEPTH, Packet, PacketError, PacketLimits, RESERVED_EVENTS};
use std::borrow::Cow;
use std::ops::Range;

/// Reads the text of a packet; answers how many attachments follow it.
pub(super) fn decode<'a>(text: &'a str, limits: &PacketLimits) -> Result<(Packet<'a>, usize), PacketError> {
    let kind = text.bytes().next().ok_or(PacketError::UnknownType)?;
    let rest = text.get(1..).ok_or(PacketError::UnknownType)?;
    let (attachments, rest) = match kind {
        b'5' | b'6' => attachments(rest, limits)?,
        b'0'..=b'4' => (0, rest),
        _ => return Err(PacketError::UnknownType),
    };
    let (namespace, rest) = namespace(rest, limits)?;
    let (id, payload) = ack_id(rest)?;
    let deepest = limits.depth.min(MAX_DEPTH);
    if deeper_than(payload, deepest) {
        return Err(PacketError::Depth(deepest));
    }
    let body = match kind {
        b'0' => Body::Connect(object(payload)?),
        b'1' if payload.is_empty() => Body::Disconnect,
        b'1' => return Err(PacketError::Payload),
        b'2' | b'5' => event(id, payload, attachments, limits)?,
        b'3' | b'6' => ack(id, payload, attachments, limits)?,
        _ => Body::ConnectError(connect_error(payload)?),
    };
    if id.is_some() && !matches!(body, Body::Event { .. } | Body::Ack { .. }) {
        return Err(PacketError::AckId);
    }
    Ok((Packet { namespace, body }, attachments))
}

fn attachments<'a>(text: &'a str, limits: &PacketLimits) -> Result<(usize, &'a str), PacketError> {
    let (count, rest) = text.split_once('-').ok_or(PacketError::AttachmentCount)?;
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PacketError::AttachmentCount);
    }
    // A number that does not fit is beyond every limit.
    match count.parse::<usize>() {
        Ok(0) => Err(PacketError::AttachmentCount),
        Ok(count) if count <= limits.attachments => Ok((count, rest)),
        _ => Err(PacketError::TooManyAttachments(limits.attachments)),
    }
}

/// A namespace starts with `/` and ends at a comma or at the end of the text.
fn namespace<'a>(text: &'a str, limits: &PacketLimits) -> Result<(Cow<'a, str>, &'a str), PacketError> {
    if !text.starts_with('/') {
        return Ok((Cow::Borrowed("/"), text));
    }
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    if name.len() > limits.namespace_bytes {
        return Err(PacketError::NamespaceBytes(limits.namespace_bytes));
    }
    Ok((Cow::Borrowed(name), rest))
}

fn ack_id(text: &str) -> Result<(Option<u64>, &str), PacketError> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(len).ok_or(PacketError::AckId)?;
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let id = digits.parse().ok().filter(|id| *id <= MAX_ACK_ID).ok_or(PacketError::AckId)?;
    Ok((Some(id), rest))
}

fn object(payload: &str) -> Result<Option<Data<'_>>, PacketError> {
    if payload.is_empty() {
        return Ok(None);
    }
    data(payload, |first| first == b'{').map(Some)
}

fn connect_error(payload: &str) -> Result<Option<Data<'_>>, PacketError> {
    if payload.is_empty() {
        return Ok(None);
    }
    data(payload, |first| matches!(first, b'{' | b'"')).map(Some)
}

fn data(payload: &str, fits: impl Fn(u8) -> bool) -> Result<Data<'_>, PacketError> {
    let text = valid(payload)?;
    if !text.bytes().next().is_some_and(fits) {
        return Err(PacketError::Payload);
    }
    Ok(Data::new(Parser::Json, bytes_of(text)))
}

fn event<'a>(
    id: Option<u64>,
    payload: &'a str,
    attachments: usize,
    limits: &PacketLimits,
) -> Result<Body<'a>, PacketError> {
    let (text, mut items) = list(payload, attachments, limits)?;
    if items.is_empty() {
        return Err(PacketError::EventName);
    }
    let name = event_name(text.get(items.remove(0)).unwrap_or_default())?;
    Ok(Body::Event { id, name, args: Args::new(Parser::Json, bytes_of(text), items) })
}

/// The name of an event: a string that is not reserved, or a number.
fn event_name<'a>(json: &str) -> Result<Cow<'a, str>, PacketError> {
    if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Ok(Cow::Owned(json.to_owned()));
    }
    let name: String = serde_json::from_str(json).map_err(|_| PacketError::EventName)?;
    if RESERVED_EVENTS.contains(&name.as_str()) { Err(PacketError::EventName) } else { Ok(Cow::Owned(name)) }
}

fn ack<'a>(
    id: Option<u64>,
    payload: &'a str,
    attachments: usize,
    limits: &PacketLimits,
) -> Result<Body<'a>, PacketError> {
    let (text, items) = list(payload, attachments, limits)?;
    let id = id.ok_or(PacketError::AckId)?;
    Ok(Body::Ack { id, args: Args::new(Parser::Json, bytes_of(text), items) })
}

/// A JSON list, compact, with the places of its elements.
fn list<'a>(
    payload: &'a str,
    attachments: usize,
    limits: &PacketLimits,
) -> Result<(Cow<'a, str>, Vec<Range<usize>>), PacketError> {
    if !payload.trim_ascii_start().starts_with('[') {
        return Err(PacketError::Payload);
    }
    let text = valid(payload)?;
    let items = json_items(&text).ok_or(PacketError::Malformed)?;
    if items.len() > limits.arguments.saturating_add(1) {
        return Err(PacketError::TooManyArguments(limits.arguments));
    }
    if attachments > 0 {
        check_placeholders(&text, attachments)?;
    }
    Ok((text, items))
}

/// The payload without white space, if it is JSON. It is looked at before white space goes, which may keep two tokens apart.
fn valid(payload: &str) -> Result<Cow<'_, str>, PacketError> {
    serde_json::from_str::<serde::de::IgnoredAny>(payload).map_err(|_| PacketError::Malformed)?;
    Ok(compact(payload))
}

fn bytes_of(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
