//! Packets of a server as prepared WebSocket frames.
//!
//! Frames of a server are unmasked, so a broadcast is encoded once for each parser and its `Bytes` go to every receiver as they
//! are. A packet with attachments is one piece: the frame of its text and the frames of the attachments, so nothing can come
//! between them.

use crate::args::Args;
use crate::parser::Parser;
use crate::value::Value;
use crate::{json, msgpack};
use bytes::{BufMut, Bytes, BytesMut};
use plenum_websocket::encode::{MAX_SERVER_HEAD, put_frame};
use plenum_websocket::{FrameBuilder, Opcode};
use serde::Serialize;

/// Room that most packets fit in.
const USUAL_PAYLOAD: usize = 256;

/// The arguments of an event or acknowledgement of the server. Cheap to encode for either parser; kept as given until then.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
enum Item {
    /// Compact JSON without binary data.
    Json(String),
    Value(Value),
    Binary(Bytes),
    /// Arguments of a client, passed on as they came.
    Forwarded(Args<'static>),
}

/// A value that cannot be written as JSON: a map with keys that are no text, or a type that says so itself.
#[derive(Debug, thiserror::Error)]
#[error("the argument cannot be encoded: {0}")]
pub struct EncodeError(#[from] serde_json::Error);

impl Arguments {
    /// No arguments.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// One argument.
    ///
    /// # Errors
    /// [`EncodeError`] for a value that is no JSON.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, EncodeError> {
        Self::new().with(value)
    }

    /// And one more. Byte buffers in it are written as lists of numbers: give binary data to [`Arguments::with_binary`] or
    /// [`Arguments::with_value`].
    ///
    /// # Errors
    /// [`EncodeError`] for a value that is no JSON.
    pub fn with(mut self, value: &(impl Serialize + ?Sized)) -> Result<Self, EncodeError> {
        self.items.push(Item::Json(serde_json::to_string(value)?));
        Ok(self)
    }

    /// And one more, which is binary data.
    #[must_use]
    pub fn with_binary(mut self, bytes: Bytes) -> Self {
        self.items.push(Item::Binary(bytes));
        self
    }

    /// And one more, which may have binary data in it.
    #[must_use]
    pub fn with_value(mut self, value: Value) -> Self {
        self.items.push(Item::Value(value));
        self
    }

    /// And all arguments that a client has sent, as they came.
    #[must_use]
    pub fn with_args(mut self, args: &Args<'_>) -> Self {
        self.items.push(Item::Forwarded(args.clone().into_owned()));
        self
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.iter().map(Item::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends them as JSON, a comma before each (before the first only if `comma`).
    fn put_json(&self, out: &mut Vec<u8>, attachments: &mut Vec<Bytes>, mut comma: bool) {
        let mut separate = |out: &mut Vec<u8>| {
            if std::mem::replace(&mut comma, true) {
                out.push(b',');
            }
        };
        for item in &self.items {
            match item {
                Item::Json(text) => {
                    separate(out);
                    out.extend_from_slice(text.as_bytes());
                }
                Item::Value(value) => {
                    separate(out);
                    json::put_value(out, value, attachments);
                }
                Item::Binary(bytes) => {
                    separate(out);
                    json::put_placeholder(out, bytes.clone(), attachments);
                }
                Item::Forwarded(args) => {
                    // The numbers of its placeholders hold only if its attachments come first.
                    let as_it_is =
                        args.parser() == Parser::Json && (args.attachments().is_empty() || attachments.is_empty());
                    if as_it_is {
                        attachments.extend_from_slice(args.attachments());
                    }
                    for index in 0..args.len() {
                        separate(out);
                        match (as_it_is, args.raw(index), args.value(index)) {
                            (true, Some(raw), _) => out.extend_from_slice(raw),
                            (_, _, Some(value)) => json::put_value(out, &value, attachments),
                            _ => out.extend_from_slice(b"null"),
                        }
                    }
                }
            }
        }
    }

    fn put_msgpack(&self, out: &mut Vec<u8>) {
        for item in &self.items {
            match item {
                Item::Json(text) => msgpack::put_value(out, &serde_json::from_str(text).unwrap_or(Value::Null)),
                Item::Value(value) => msgpack::put_value(out, value),
                Item::Binary(bytes) => msgpack::put_binary(out, bytes),
                Item::Forwarded(args) => {
                    for index in 0..args.len() {
                        match (args.parser(), args.raw(index)) {
                            (Parser::MessagePack, Some(raw)) => out.extend_from_slice(raw),
                            _ => msgpack::put_value(out, &args.value(index).unwrap_or(Value::Null)),
                        }
                    }
                }
            }
        }
    }
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::Forwarded(args) => args.len(),
            _ => 1,
        }
    }
}

/// An event. `id`: the acknowledgement it wants.
#[must_use]
pub fn event(parser: Parser, namespace: &str, id: Option<u64>, name: &str, args: &Arguments) -> Bytes {
    list(parser, (2, 5), namespace, id, Some(name), args)
}

/// The acknowledgement of a client's event.
#[must_use]
pub fn ack(parser: Parser, namespace: &str, id: u64, args: &Arguments) -> Bytes {
    list(parser, (3, 6), namespace, Some(id), None, args)
}

/// The answer to CONNECT: the client is in the namespace as `sid`. `pid`: the private id by which it can recover its state.
#[must_use]
pub fn connect(parser: Parser, namespace: &str, sid: &str, pid: Option<&str>) -> Bytes {
    let member = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    let mut members = vec![member("sid", sid)];
    members.extend(pid.map(|pid| member("pid", pid)));
    object(parser, 0, namespace, Some(&Value::Object(members)))
}

/// The refusal of a CONNECT: `{"message":…}`, with `data` if given.
#[must_use]
pub fn connect_error(parser: Parser, namespace: &str, message: &str, data: Option<&Value>) -> Bytes {
    let mut members = vec![("message".to_owned(), Value::from(message))];
    members.extend(data.map(|data| ("data".to_owned(), data.clone())));
    object(parser, 4, namespace, Some(&Value::Object(members)))
}

/// The server ends the client's stay in the namespace.
#[must_use]
pub fn disconnect(parser: Parser, namespace: &str) -> Bytes {
    object(parser, 1, namespace, None)
}

fn object(parser: Parser, kind: u8, namespace: &str, data: Option<&Value>) -> Bytes {
    match parser {
        Parser::Json => {
            let mut builder = FrameBuilder::with_capacity(USUAL_PAYLOAD);
            let out = builder.payload_mut();
            put_json_head(out, kind, 0, namespace, None);
            if let Some(data) = data {
                // Data of these packets has no attachments; binary values would be lost, and the types above have none.
                json::put_value(out, data, &mut Vec::new());
            }
            builder.finish(Opcode::Text)
        }
        Parser::MessagePack => {
            let mut builder = FrameBuilder::with_capacity(USUAL_PAYLOAD);
            let out = builder.payload_mut();
            put_msgpack_head(out, kind, namespace, None, data.is_some());
            if let Some(data) = data {
                msgpack::put_value(out, data);
            }
            builder.finish(Opcode::Binary)
        }
    }
}

/// `kinds`: the packet's type without and with attachments.
fn list(
    parser: Parser,
    kinds: (u8, u8),
    namespace: &str,
    id: Option<u64>,
    name: Option<&str>,
    args: &Arguments,
) -> Bytes {
    let mut builder = FrameBuilder::with_capacity(USUAL_PAYLOAD);
    if parser == Parser::MessagePack {
        let out = builder.payload_mut();
        put_msgpack_head(out, kinds.0, namespace, id, true);
        msgpack::put_list(out, args.len().saturating_add(usize::from(name.is_some())));
        if let Some(name) = name {
            msgpack::put_text(out, name);
        }
        args.put_msgpack(out);
        return builder.finish(Opcode::Binary);
    }
    let (mut body, mut attachments) = (Vec::with_capacity(USUAL_PAYLOAD), Vec::new());
    body.push(b'[');
    if let Some(name) = name {
        json::put_string(&mut body, name);
    }
    args.put_json(&mut body, &mut attachments, name.is_some());
    body.push(b']');
    let kind = if attachments.is_empty() { kinds.0 } else { kinds.1 };
    let out = builder.payload_mut();
    put_json_head(out, kind, attachments.len(), namespace, id);
    out.extend_from_slice(&body);
    let text = builder.finish(Opcode::Text);
    if attachments.is_empty() { text } else { with_attachments(&text, &attachments) }
}

fn with_attachments(text: &Bytes, attachments: &[Bytes]) -> Bytes {
    let size: usize = attachments.iter().map(|bytes| bytes.len().saturating_add(MAX_SERVER_HEAD)).sum();
    let mut out = BytesMut::with_capacity(text.len().saturating_add(size));
    out.put_slice(text);
    for attachment in attachments {
        put_frame(&mut out, Opcode::Binary, attachment);
    }
    out.freeze()
}

/// `4` for a message of Engine.IO, then the packet up to its payload.
fn put_json_head(out: &mut Vec<u8>, kind: u8, attachments: usize, namespace: &str, id: Option<u64>) {
    out.push(b'4');
    out.push(b'0'.saturating_add(kind));
    if attachments > 0 {
        json::put_display(out, &attachments);
        out.push(b'-');
    }
    if namespace != "/" {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b',');
    }
    if let Some(id) = id {
        json::put_display(out, &id);
    }
}

fn put_msgpack_head(out: &mut Vec<u8>, kind: u8, namespace: &str, id: Option<u64>, data: bool) {
    msgpack::put_map(out, 2_usize.saturating_add(usize::from(id.is_some())).saturating_add(usize::from(data)));
    msgpack::put_text(out, "type");
    msgpack::put_int(out, kind.into());
    msgpack::put_text(out, "nsp");
    msgpack::put_text(out, namespace);
    if let Some(id) = id {
        msgpack::put_text(out, "id");
        msgpack::put_int(out, id);
    }
    if data {
        msgpack::put_text(out, "data");
    }
}

#[cfg(test)]
mod tests;
