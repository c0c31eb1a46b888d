//! From Engine.IO messages to Socket.IO packets, for both parsers.

mod json;
mod messagepack;

use crate::packet::{Body, Packet, PacketError, PacketLimits};
use crate::value::Value;
use bytes::Bytes;

/// How packets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parser {
    /// The default one: JSON in text messages, binary data as attachments behind them.
    Json,
    /// `socket.io-msgpack-parser`: one binary message in MessagePack.
    MessagePack,
}

/// Puts the packets of one connection together. The parser is known by the first message: text is JSON, binary MessagePack.
#[derive(Debug, Default)]
pub struct Decoder {
    parser: Option<Parser>,
    waiting: Option<Box<Waiting>>,
}

/// A packet whose attachments have not all come.
#[derive(Debug)]
struct Waiting {
    packet: Packet<'static>,
    missing: usize,
    bytes: usize,
    attachments: Vec<Bytes>,
}

impl Decoder {
    /// A decoder at the start of a connection.
    #[must_use]
    pub const fn new() -> Self {
        Self { parser: None, waiting: None }
    }

    /// The parser of the connection, once it has said something.
    #[must_use]
    pub const fn parser(&self) -> Option<Parser> {
        self.parser
    }

    /// Bytes that are kept for a packet whose attachments have not all come.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.bytes)
    }

    /// A text message. `None`: the packet waits for its attachments.
    ///
    /// # Errors
    /// [`PacketError`]; the connection is to be closed.
    pub fn text<'a>(&mut self, text: &'a str, limits: &PacketLimits) -> Result<Option<Packet<'a>>, PacketError> {
        if *self.parser.get_or_insert(Parser::Json) != Parser::Json {
            return Err(PacketError::Malformed);
        }
        if self.waiting.is_some() {
            return Err(PacketError::AttachmentsMissing);
        }
        let (packet, missing) = json::decode(text, limits)?;
        if missing == 0 {
            return Ok(Some(packet));
        }
        let waiting = Waiting { packet: packet.into_owned(), missing, bytes: text.len(), attachments: Vec::new() };
        self.waiting = Some(Box::new(waiting));
        Ok(None)
    }

    /// A binary message: a packet in MessagePack, or an attachment. `None`: more attachments are to come.
    ///
    /// # Errors
    /// [`PacketError`]; the connection is to be closed.
    pub fn binary<'a>(&mut self, bytes: &'a [u8], limits: &PacketLimits) -> Result<Option<Packet<'a>>, PacketError> {
        if *self.parser.get_or_insert(Parser::MessagePack) == Parser::MessagePack {
            return messagepack::decode(bytes, limits).map(Some);
        }
        let mut waiting = self.waiting.take().ok_or(PacketError::UnexpectedAttachment)?;
        waiting.bytes = waiting.bytes.saturating_add(bytes.len());
        let attached: usize = waiting.attachments.iter().map(Bytes::len).sum();
        if attached.saturating_add(bytes.len()) > limits.attachment_bytes {
            return Err(PacketError::AttachmentBytes(limits.attachment_bytes));
        }
        waiting.attachments.push(Bytes::copy_from_slice(bytes));
        if waiting.attachments.len() < waiting.missing {
            self.waiting = Some(waiting);
            return Ok(None);
        }
        let Waiting { mut packet, attachments, .. } = *waiting;
        if let Body::Event { args, .. } | Body::Ack { args, .. } = &mut packet.body {
            args.attach(attachments);
        }
        Ok(Some(packet))
    }
}

/// Whether the placeholders of a binary packet name its attachments.
fn check_placeholders(list: &str, attachments: usize) -> Result<(), PacketError> {
    let value: Value = serde_json::from_str(list).map_err(|_| PacketError::Malformed)?;
    if value.placeholders_fit(attachments) { Ok(()) } else { Err(PacketError::Placeholder) }
}

#[cfg(test)]
mod tests;
