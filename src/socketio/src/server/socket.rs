//! A client in a namespace, and what handlers get of it.

use super::connection::Peer;
use super::io::Client;
use super::namespace::{Broadcast, Namespace};
use crate::args::Args;
use crate::encode::{self, Arguments};
use crate::engine::{CloseReason, Transport};
use bytes::Bytes;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use tokio::sync::oneshot;

/// The client is not in the namespace any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is not connected")]
pub struct Gone;

/// Why no acknowledgement came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// Not in time.
    #[error("the client did not acknowledge in time")]
    Timeout,
    /// The client left the namespace, or the connection ended.
    #[error("the client has gone")]
    Gone,
    /// More than [`crate::session::SessionConfig::pending_acks`] are waited for.
    #[error("too many acknowledgements are waited for")]
    TooMany,
}

/// Why a client left a namespace, in the words of the reference implementation ([`fmt::Display`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    Client,
    /// The server ended its stay.
    Server,
    /// The connection ended.
    Transport(CloseReason),
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client => out.write_str("client namespace disconnect"),
            Self::Server => out.write_str("server namespace disconnect"),
            Self::Transport(reason) => reason.fmt(out),
        }
    }
}

/// A client in a namespace. A handle: clones are the same client.
#[derive(Clone)]
pub struct Socket(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub id: String,
    pub pid: Option<String>,
    pub recovered: bool,
    pub number: u64,
    pub namespace: Namespace,
    pub client: Rc<Client>,
    pub connected: Cell<bool>,
    /// The rooms it is in, with its place in each.
    pub rooms: RefCell<Vec<(Rc<str>, usize)>>,
    pub data: RefCell<Option<Rc<dyn Any>>>,
}

impl Socket {
    /// Its id, which other clients may know. It is a room of its own.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The private id by which it can come back, where the namespace recovers state.
    #[must_use]
    pub fn pid(&self) -> Option<&str> {
        self.0.pid.as_deref()
    }

    /// Whether it came back and was given what it had missed.
    #[must_use]
    pub fn recovered(&self) -> bool {
        self.0.recovered
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// Who connected.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        self.0.client.connection.peer()
    }

    /// The transport its connection uses now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.0.client.connection.transport()
    }

    /// Whether it is in the namespace.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.connected.get()
    }

    /// Remembers something of the application's with the client.
    pub fn set_data<T: 'static>(&self, data: T) {
        *self.0.data.borrow_mut() = Some(Rc::new(data));
    }

    /// What was remembered, if it is of this type.
    #[must_use]
    pub fn data<T: 'static>(&self) -> Option<Rc<T>> {
        self.0.data.borrow().clone()?.downcast().ok()
    }

    /// Sends an event.
    ///
    /// # Errors
    /// [`Gone`] when the client has left.
    pub fn emit(&self, name: &str, args: &Arguments) -> Result<(), Gone> {
        self.send(|parser, namespace| encode::event(parser, namespace, None, name, args))
    }

    /// Sends an event if it can go out at once, and drops it otherwise. Answers whether it was sent.
    pub fn emit_volatile(&self, name: &str, args: &Arguments) -> bool {
        self.0.client.connection.is_writable() && self.emit(name, args).is_ok()
    }

    /// Sends an event and waits for its acknowledgement, at most `timeout_ms`.
    pub fn emit_with_ack(
        &self,
        name: &str,
        args: &Arguments,
        timeout_ms: u64,
    ) -> impl Future<Output = Result<Args<'static>, AckError>> + use<> {
        let (sender, receiver) = oneshot::channel();
        let sent = self.ask(name, args, timeout_ms, sender);
        async move {
            sent?;
            receiver.await.unwrap_or(Err(AckError::Gone))
        }
    }

    fn ask(&self, name: &str, args: &Arguments, timeout_ms: u64, waiter: Waiter) -> Result<(), AckError> {
        if !self.is_connected() {
            return Err(AckError::Gone);
        }
        let client = &self.0.client;
        let deadline = client.connection.now().saturating_add(timeout_ms);
        let waiting = Waiting { socket: self.0.number, waiter };
        let id = client.acks.borrow_mut().wait(deadline, waiting).map_err(|_| AckError::TooMany)?;
        client.connection.rearm();
        self.send(|parser, namespace| encode::event(parser, namespace, Some(id), name, args))
            .map_err(|_| AckError::Gone)
    }

    pub(super) fn send(&self, encode: impl FnOnce(crate::Parser, &str) -> Bytes) -> Result<(), Gone> {
        if !self.is_connected() {
            return Err(Gone);
        }
        let client = &self.0.client;
        let parser = client.session.borrow().parser();
        client.connection.send(encode(parser, self.0.namespace.name()));
        Ok(())
    }

    /// Joins a room; once is enough.
    pub fn join(&self, room: &str) {
        if self.is_connected() && !self.is_in(room) {
            let place = self.0.namespace.enter(room, self);
            self.0.rooms.borrow_mut().push(place);
        }
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        let mut rooms = self.0.rooms.borrow_mut();
        if let Some(index) = rooms.iter().position(|(name, _)| **name == *room) {
            let (name, place) = rooms.swap_remove(index);
            self.0.namespace.depart(&name, place);
        }
    }

    /// Whether it is in a room.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.0.rooms.borrow().iter().any(|(name, _)| **name == *room)
    }

    /// The rooms it is in.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.0.rooms.borrow().iter().map(|(name, _)| name.to_string()).collect()
    }

    /// A broadcast to a room, without this client.
    pub fn to(&self, room: &str) -> Broadcast {
        self.0.namespace.to(room).without(self)
    }

    /// A broadcast to everyone in the namespace, without this client.
    pub fn broadcast(&self) -> Broadcast {
        self.0.namespace.everyone().without(self)
    }

    /// Ends its stay in the namespace. The connection and its other namespaces stay.
    pub fn disconnect(&self) {
        if self.is_connected() {
            let _gone = self.send(encode::disconnect);
            self.0.client.session.borrow_mut().end(self.0.namespace.name());
            self.0.client.left(self, DisconnectReason::Server);
        }
    }

    /// Ends its stay in all namespaces and closes the connection.
    pub fn close(&self) {
        self.0.client.close();
    }
}

type Waiter = oneshot::Sender<Result<Args<'static>, AckError>>;

/// Who waits for an acknowledgement.
pub(super) struct Waiting {
    pub socket: u64,
    pub waiter: Waiter,
}

impl Waiting {
    pub(super) fn answer(self, with: Result<Args<'static>, AckError>) {
        // Nobody may listen any more.
        let _nobody = self.waiter.send(with);
    }
}

/// An event of a client.
pub struct Event<'e> {
    pub(super) name: &'e str,
    pub(super) args: &'e Args<'e>,
    pub(super) reply: Option<Reply>,
}

impl<'e> Event<'e> {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'e str {
        self.name
    }

    /// Its arguments, as they came.
    #[must_use]
    pub fn args(&self) -> &'e Args<'e> {
        self.args
    }

    /// Whether the client wants an acknowledgement.
    #[must_use]
    pub fn wants_reply(&self) -> bool {
        self.reply.is_some()
    }

    /// Acknowledges it, if that is wanted; once is all.
    pub fn reply(&mut self, args: &Arguments) {
        if let Some(reply) = self.reply.take() {
            reply.send(args);
        }
    }

    /// Takes the acknowledgement out, to answer it later.
    pub fn take_reply(&mut self) -> Option<Reply> {
        self.reply.take()
    }
}

/// The acknowledgement that a client waits for.
pub struct Reply {
    pub(super) socket: Socket,
    pub(super) id: u64,
}

impl Reply {
    /// Answers.
    pub fn send(self, args: &Arguments) {
        // A client that has gone does not hear it.
        let _gone = self.socket.send(|parser, namespace| encode::ack(parser, namespace, self.id, args));
    }
}
