//! The namespaces of one connection: who is in, what may come, and when to give up waiting.
//!
//! Sans I/O: messages of Engine.IO in, their meaning out. What is written (by [`crate::encode`]) and where it waits is the
//! caller's.

use crate::args::{Args, Data};
use crate::packet::{Body, Packet, PacketError, PacketLimits};
use crate::parser::{Decoder, Parser};
use serde::Deserialize;
use std::borrow::Cow;

/// Limits and times of Socket.IO connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// How long a connection may take to join its first namespace, in milliseconds. Default 45,000.
    pub connect_timeout_ms: u64,
    /// Most namespaces of one connection. Default 16.
    pub namespaces: usize,
    /// Longest `pid` or `offset` of a client that comes back that is looked at, bytes. Default 256.
    pub recovery_bytes: usize,
    /// Most acknowledgements that the server waits for on one connection. Default 1,024.
    pub pending_acks: usize,
    /// Limits of packets.
    pub packet: PacketLimits,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            connect_timeout_ms: 45_000,
            namespaces: 16,
            recovery_bytes: 256,
            pending_acks: 1_024,
            packet: PacketLimits::default(),
        }
    }
}

/// What a message means.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming<'a> {
    /// Nothing yet (attachments are to come), or nothing any more (the server has ended the namespace).
    Nothing,
    /// The client asks for a namespace. Answer with [`crate::encode::connect`] and [`Session::accept`], or with
    /// [`crate::encode::connect_error`] and [`Session::refuse`]; it may take time.
    Connect {
        /// Which.
        namespace: Cow<'a, str>,
        /// The `auth` object.
        auth: Option<Data<'a>>,
    },
    /// The client asks for more namespaces than [`SessionConfig::namespaces`]: answer with [`crate::encode::connect_error`].
    TooMany {
        /// Which.
        namespace: Cow<'a, str>,
    },
    /// An event.
    Event {
        /// Where.
        namespace: Cow<'a, str>,
        /// The acknowledgement it wants.
        id: Option<u64>,
        /// Its name.
        name: Cow<'a, str>,
        /// Its arguments.
        args: Args<'a>,
    },
    /// The answer to an event of ours.
    Ack {
        /// Where.
        namespace: Cow<'a, str>,
        /// To which.
        id: u64,
        /// With what.
        args: Args<'a>,
    },
    /// The client has left the namespace ("client namespace disconnect"). The connection stays.
    Disconnect {
        /// Which.
        namespace: Cow<'a, str>,
    },
}

/// Why the connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A message that is no packet.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// A packet that may not come now: for a namespace the client is not in, a second CONNECT, a packet of servers.
    #[error("this packet may not come now")]
    State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    /// Asked for, not answered.
    Asking,
    In,
    /// Ended by us: what was under way before the client learned of it is passed over.
    Ended,
}

/// The state of one connection. See the module.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    namespaces: Vec<(Box<str>, Stay)>,
    deadline: Option<u64>,
}

/// What a client says when it comes back to go on where it was (`auth` of its CONNECT).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Recovery {
    /// The private id it was given.
    pub pid: String,
    /// The last offset it has: the last argument of the last event, where the server appends one.
    pub offset: String,
}

impl Recovery {
    /// Reads `pid` and `offset` of an `auth` object, if both are there and no longer than [`SessionConfig::recovery_bytes`].
    #[must_use]
    pub fn of(auth: &Data<'_>, most_bytes: usize) -> Option<Self> {
        let recovery: Self = auth.parse().ok()?;
        (recovery.pid.len() <= most_bytes && recovery.offset.len() <= most_bytes).then_some(recovery)
    }
}

impl Session {
    /// A connection that begins now, in no namespace.
    #[must_use]
    pub const fn new(config: &SessionConfig, now: u64) -> Self {
        let deadline = Some(now.saturating_add(config.connect_timeout_ms));
        Self { decoder: Decoder::new(), namespaces: Vec::new(), deadline }
    }

    /// How packets for this client are written; [`Parser::Json`] until it has said something.
    #[must_use]
    pub fn parser(&self) -> Parser {
        self.decoder.parser().unwrap_or(Parser::Json)
    }

    /// When the connection is closed if it has joined no namespace; `None` once it has.
    #[must_use]
    pub const fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// A text message.
    ///
    /// # Errors
    /// [`Violation`]: close the connection.
    pub fn text<'a>(&mut self, text: &'a str, config: &SessionConfig) -> Result<Incoming<'a>, Violation> {
        match self.decoder.text(text, &config.packet)? {
            Some(packet) => self.packet(packet, config),
            None => Ok(Incoming::Nothing),
        }
    }

    /// A binary message.
    ///
    /// # Errors
    /// [`Violation`]: close the connection.
    pub fn binary<'a>(&mut self, bytes: &'a [u8], config: &SessionConfig) -> Result<Incoming<'a>, Violation> {
        match self.decoder.binary(bytes, &config.packet)? {
            Some(packet) => self.packet(packet, config),
            None => Ok(Incoming::Nothing),
        }
    }

    fn packet<'a>(&mut self, packet: Packet<'a>, config: &SessionConfig) -> Result<Incoming<'a>, Violation> {
        let Packet { namespace, body } = packet;
        let stay = self.stay(&namespace);
        match (body, stay) {
            (Body::Connect(_), Some(Stay::Asking | Stay::In)) | (Body::ConnectError(_), _) => Err(Violation::State),
            (Body::Connect(auth), _) => Ok(self.connect(namespace, auth, config)),
            (_, Some(Stay::Ended)) => Ok(Incoming::Nothing),
            (Body::Event { id, name, args }, Some(Stay::In)) => Ok(Incoming::Event { namespace, id, name, args }),
            (Body::Ack { id, args }, Some(Stay::In)) => Ok(Incoming::Ack { namespace, id, args }),
            (Body::Disconnect, Some(Stay::In)) => {
                self.forget(&namespace);
                Ok(Incoming::Disconnect { namespace })
            }
            _ => Err(Violation::State),
        }
    }

    fn connect<'a>(&mut self, namespace: Cow<'a, str>, auth: Option<Data<'a>>, config: &SessionConfig) -> Incoming<'a> {
        self.forget(&namespace);
        if self.namespaces.len() >= config.namespaces {
            // Ended stays are remembered for politeness only.
            self.namespaces.retain(|(_, stay)| *stay != Stay::Ended);
        }
        if self.namespaces.len() >= config.namespaces {
            return Incoming::TooMany { namespace };
        }
        self.namespaces.push((namespace.as_ref().into(), Stay::Asking));
        Incoming::Connect { namespace, auth }
    }

    /// The client is in. Answers whether it had asked.
    pub fn accept(&mut self, namespace: &str) -> bool {
        let asking = self.namespaces.iter_mut().find(|(name, stay)| **name == *namespace && *stay == Stay::Asking);
        let Some((_, stay)) = asking else { return false };
        *stay = Stay::In;
        self.deadline = None;
        true
    }

    /// The client is not let in. It may ask again.
    pub fn refuse(&mut self, namespace: &str) {
        if self.stay(namespace) == Some(Stay::Asking) {
            self.forget(namespace);
        }
    }

    /// The server ends the client's stay. Answers whether it was in.
    pub fn end(&mut self, namespace: &str) -> bool {
        let member = self.namespaces.iter_mut().find(|(name, stay)| **name == *namespace && *stay == Stay::In);
        let Some((_, stay)) = member else { return false };
        *stay = Stay::Ended;
        true
    }

    /// Whether the client is in.
    #[must_use]
    pub fn is_in(&self, namespace: &str) -> bool {
        self.stay(namespace) == Some(Stay::In)
    }

    /// The namespaces the client is in, in the order it asked for them.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().filter(|(_, stay)| *stay == Stay::In).map(|(name, _)| &**name)
    }

    fn stay(&self, namespace: &str) -> Option<Stay> {
        self.namespaces.iter().find(|(name, _)| **name == *namespace).map(|(_, stay)| *stay)
    }

    fn forget(&mut self, namespace: &str) {
        self.namespaces.retain(|(name, _)| **name != *namespace);
    }
}

#[cfg(test)]
mod tests;
