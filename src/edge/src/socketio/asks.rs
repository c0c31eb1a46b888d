//! What requests ask of a session, whichever thread they landed on.

use actix::{Message, Recipient};
use bytes::{Bytes, BytesMut};
use plenum_actors::connection::{Following, Hall, Outcome};
use plenum_schema::{Offset, Topic};
use plenum_socketio::engine::Refusal;
use plenum_websocket::transport::AnyTransport;
use std::fmt;
use tokio::sync::oneshot;

/// The answer to an HTTP request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// A payload.
    Payload(Vec<u8>),
    /// The post has been taken.
    Taken,
    /// As the reference refuses.
    Refused(Refusal),
    /// More packets than this many.
    TooMany(usize),
}

/// A request for a session.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Ask {
    /// What waits.
    Poll(oneshot::Sender<Answered>),
    /// A body.
    Post {
        /// The payload.
        body: Bytes,
        /// Takes the answer.
        answer: oneshot::Sender<Answered>,
    },
    /// A request broke a rule of the transport, or broke off: the session is over.
    End,
    /// A WebSocket whose handshake is done, and what came behind it.
    Probe(AnyTransport, BytesMut),
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Poll(_) => "Poll",
            Self::Post { .. } => "Post",
            Self::End => "End",
            Self::Probe(..) => "Probe",
        })
    }
}

/// Where a message stands that an event named by its id.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Located(pub u32, pub Outcome<(Topic, Offset)>);

impl Located {
    #[expect(clippy::disallowed_methods, reason = "bounded by the commands in flight of the connection")]
    pub(super) fn tell(self, to: &Recipient<Self>) {
        to.do_send(self);
    }
}

/// How a conference stands that the client has joined.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Stands(pub u32, pub Outcome<Hall>);

impl Stands {
    #[expect(
        clippy::disallowed_methods,
        reason = "one for each conference that the client has asked to join and hears"
    )]
    pub(super) fn tell(self, to: &Recipient<Self>) {
        to.do_send(self);
    }
}

/// It is time to try again what has this number.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Again(pub u32);

impl Again {
    #[expect(clippy::disallowed_methods, reason = "one for each topic that the client is to follow")]
    pub(super) fn tell(self, to: &Recipient<Self>) {
        to.do_send(self);
    }
}

/// The conversations of whoever connects.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Listed(pub Outcome<Following>);
