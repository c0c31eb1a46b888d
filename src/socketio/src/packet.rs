//! Packets of Socket.IO protocol revision 5, as a server receives them.

use crate::args::{Args, Data};
use serde::Deserialize;
use std::borrow::Cow;

/// Names of events that clients must not use: they mean something else to one of the two sides.
pub const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The largest acknowledgement id: the largest whole number that JavaScript counts exactly (ECMA-262, `Number.MAX_SAFE_INTEGER`). No
/// setting: the id has to survive a client that keeps it as a number.
pub const MAX_ACK_ID: u64 = (1 << 53) - 1;

/// The deepest nesting that can be allowed: `serde_json` gives up at 128 levels, and the text is wrapped in up to two of our own.
pub const MAX_DEPTH: usize = 100;

/// Limits of packets, beside the size of the message that carries them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PacketLimits {
    /// Most binary attachments of a packet. Default 10, as in the reference implementation.
    pub attachments: usize,
    /// Most bytes of all attachments of a packet together. Default 1,000,000.
    pub attachment_bytes: usize,
    /// Deepest nesting of lists and objects in arguments. Default 64, and never more than [`MAX_DEPTH`].
    pub depth: usize,
    /// Longest name of a namespace in bytes. Default 256.
    pub namespace_bytes: usize,
    /// Most arguments of an event or acknowledgement. Default 64.
    pub arguments: usize,
}

impl Default for PacketLimits {
    fn default() -> Self {
        Self { attachments: 10, attachment_bytes: 1_000_000, depth: 64, namespace_bytes: 256, arguments: 64 }
    }
}

/// One packet, whole: with its attachments.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet<'a> {
    /// The namespace it is for; `/` is the main one.
    pub namespace: Cow<'a, str>,
    /// What it says.
    pub body: Body<'a>,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body<'a> {
    /// CONNECT: asks for the namespace, perhaps with an `auth` object.
    Connect(Option<Data<'a>>),
    /// DISCONNECT: leaves the namespace.
    Disconnect,
    /// EVENT or BINARY_EVENT.
    Event {
        /// The acknowledgement it wants.
        id: Option<u64>,
        /// Its name; the digits of a number, if the first element was one.
        name: Cow<'a, str>,
        /// What follows the name.
        args: Args<'a>,
    },
    /// ACK or BINARY_ACK.
    Ack {
        /// Which event of ours it answers.
        id: u64,
        /// With what.
        args: Args<'a>,
    },
    /// CONNECT_ERROR: only servers send it.
    ConnectError(Option<Data<'a>>),
}

impl Packet<'_> {
    /// The same without borrowing from the message.
    #[must_use]
    pub fn into_owned(self) -> Packet<'static> {
        let body = match self.body {
            Body::Connect(data) => Body::Connect(data.map(Data::into_owned)),
            Body::Disconnect => Body::Disconnect,
            Body::Event { id, name, args } => {
                Body::Event { id, name: Cow::Owned(name.into_owned()), args: args.into_owned() }
            }
            Body::Ack { id, args } => Body::Ack { id, args: args.into_owned() },
            Body::ConnectError(data) => Body::ConnectError(data.map(Data::into_owned)),
        };
        Packet { namespace: Cow::Owned(self.namespace.into_owned()), body }
    }
}

/// A message that is no packet. The reference implementation closes the connection for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Empty, or a first character that names no type.
    #[error("unknown packet type")]
    UnknownType,
    /// The number of attachments is missing, 0 or no number.
    #[error("illegal number of attachments")]
    AttachmentCount,
    /// More than [`PacketLimits::attachments`].
    #[error("a packet has at most {0} attachments")]
    TooManyAttachments(usize),
    /// More than [`PacketLimits::attachment_bytes`].
    #[error("the attachments of a packet have at most {0} bytes together")]
    AttachmentBytes(usize),
    /// A placeholder names no attachment of its packet.
    #[error("a placeholder names no attachment")]
    Placeholder,
    /// A text message where an attachment must come.
    #[error("a text message came before all attachments")]
    AttachmentsMissing,
    /// A binary message that belongs to no packet.
    #[error("an attachment without a packet")]
    UnexpectedAttachment,
    /// The namespace does not start with `/`.
    #[error("illegal namespace")]
    Namespace,
    /// The namespace is longer than [`PacketLimits::namespace_bytes`].
    #[error("the name of a namespace has at most {0} bytes")]
    NamespaceBytes(usize),
    /// The acknowledgement id is missing where it must be, too large or no number.
    #[error("illegal acknowledgement id")]
    AckId,
    /// The payload is no JSON and no MessagePack.
    #[error("the payload cannot be read")]
    Malformed,
    /// The payload is nested deeper than [`PacketLimits::depth`].
    #[error("lists and objects are nested at most {0} deep")]
    Depth(usize),
    /// A payload of the wrong shape for the type: no list of arguments, no object for CONNECT.
    #[error("the payload is of the wrong shape")]
    Payload,
    /// More arguments than [`PacketLimits::arguments`].
    #[error("an event has at most {0} arguments")]
    TooManyArguments(usize),
    /// The event has no name or a reserved one.
    #[error("illegal event name")]
    EventName,
}

impl PacketError {
    /// The member of [`PacketLimits`] that the packet went beyond; `None` when it is wrong in another way.
    #[must_use]
    pub const fn limit(self) -> Option<&'static str> {
        match self {
            Self::TooManyAttachments(_) => Some("attachments"),
            Self::AttachmentBytes(_) => Some("attachment_bytes"),
            Self::NamespaceBytes(_) => Some("namespace_bytes"),
            Self::Depth(_) => Some("depth"),
            Self::TooManyArguments(_) => Some("arguments"),
            Self::UnknownType
            | Self::AttachmentCount
            | Self::Placeholder
            | Self::AttachmentsMissing
            | Self::UnexpectedAttachment
            | Self::Namespace
            | Self::AckId
            | Self::Malformed
            | Self::Payload
            | Self::EventName => None,
        }
    }
}
