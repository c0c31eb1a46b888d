//! Namespaces: who may come in, what happens to events, and rooms.

use super::socket::{DisconnectReason, Event, Socket};
use crate::Parser;
use crate::args::Data;
use crate::encode::{self, Arguments};
use crate::session::Recovery;
use crate::value::Value;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use slab::Slab;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A namespace. A handle: clones are the same namespace.
#[derive(Clone)]
pub struct Namespace(Rc<Inner>);

type Middleware = Rc<dyn Fn(Handshake) -> Pin<Box<dyn Future<Output = Result<(), ConnectError>>>>>;
type OnConnection = Rc<dyn Fn(&Socket, Option<&Data<'_>>)>;
type OnEvent = Rc<dyn Fn(&Socket, &mut Event<'_>)>;
type OnDisconnect = Rc<dyn Fn(&Socket, DisconnectReason)>;
type Recover = Rc<dyn Fn(&Recovery) -> Option<Recovered>>;

struct Inner {
    name: String,
    middleware: RefCell<Vec<Middleware>>,
    on_connection: RefCell<Option<OnConnection>>,
    on_event: RefCell<HashMap<String, OnEvent>>,
    on_any: RefCell<Option<OnEvent>>,
    on_disconnect: RefCell<Option<OnDisconnect>>,
    recover: RefCell<Option<Recover>>,
    everyone: RefCell<Slab<Socket>>,
    rooms: RefCell<HashMap<Rc<str>, Slab<Socket>>>,
}

/// What middleware knows of a client that asks to come in.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// Who connected.
    pub peer: super::connection::Peer,
    /// The `auth` object of its CONNECT.
    pub auth: Option<Data<'static>>,
}

impl Handshake {
    /// The `auth` object as a type; `None` when there is none or it is something else.
    #[must_use]
    pub fn auth<T: DeserializeOwned>(&self) -> Option<T> {
        self.auth.as_ref()?.parse().ok()
    }
}

/// Why a client is not let in: its `connect_error`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectError {
    /// `message`.
    pub message: String,
    /// `data`.
    pub data: Option<Value>,
}

/// What a client that comes back gets.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// The id it had.
    pub sid: String,
    /// The private id it had.
    pub pid: String,
    /// The rooms it was in.
    pub rooms: Vec<String>,
    /// What it missed, in order.
    pub missed: Vec<(String, Arguments)>,
}

impl Namespace {
    pub(super) fn new(name: &str) -> Self {
        Self(Rc::new(Inner {
            name: name.to_owned(),
            middleware: RefCell::default(),
            on_connection: RefCell::default(),
            on_event: RefCell::default(),
            on_any: RefCell::default(),
            on_disconnect: RefCell::default(),
            recover: RefCell::default(),
            everyone: RefCell::default(),
            rooms: RefCell::default(),
        }))
    }

    /// Its name; `/` is the main one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Asks `middleware` before a client comes in, in the order they were given.
    pub fn with_middleware<F>(&self, middleware: impl Fn(Handshake) -> F + 'static)
    where
        F: Future<Output = Result<(), ConnectError>> + 'static,
    {
        self.0.middleware.borrow_mut().push(Rc::new(move |handshake| Box::pin(middleware(handshake))));
    }

    /// Called when a client has come in, with the `auth` object of its CONNECT.
    pub fn on_connection(&self, handler: impl Fn(&Socket, Option<&Data<'_>>) + 'static) {
        *self.0.on_connection.borrow_mut() = Some(Rc::new(handler));
    }

    /// Called for each event of this name, in their order.
    pub fn on(&self, event: &str, handler: impl Fn(&Socket, &mut Event<'_>) + 'static) {
        self.0.on_event.borrow_mut().insert(event.to_owned(), Rc::new(handler));
    }

    /// Called for each event of this name whose arguments are of a type: a tuple with as many elements as there are
    /// arguments. Others are answered by `otherwise`.
    pub fn on_typed<T: DeserializeOwned>(
        &self,
        event: &str,
        handler: impl Fn(&Socket, T, &mut Event<'_>) + 'static,
        otherwise: impl Fn(&Socket, &crate::ArgsError, &mut Event<'_>) + 'static,
    ) {
        self.on(event, move |socket, event| match event.args().parse::<T>() {
            Ok(args) => handler(socket, args, event),
            Err(error) => otherwise(socket, &error, event),
        });
    }

    /// Called for each event that no other handler is there for.
    pub fn on_any(&self, handler: impl Fn(&Socket, &mut Event<'_>) + 'static) {
        *self.0.on_any.borrow_mut() = Some(Rc::new(handler));
    }

    /// Called when a client has left.
    pub fn on_disconnect(&self, handler: impl Fn(&Socket, DisconnectReason) + 'static) {
        *self.0.on_disconnect.borrow_mut() = Some(Rc::new(handler));
    }

    /// Gives clients a private id, and asks `recover` when one comes back with it and its last offset (the last
    /// argument of the last event it got, if that is text: append it to what you send). `None`: it begins anew.
    pub fn recover(&self, recover: impl Fn(&Recovery) -> Option<Recovered> + 'static) {
        *self.0.recover.borrow_mut() = Some(Rc::new(recover));
    }

    /// Everyone in the namespace.
    pub fn everyone(&self) -> Broadcast {
        Broadcast { namespace: self.clone(), rooms: Vec::new(), except: Vec::new(), volatile: false }
    }

    /// Everyone in a room.
    pub fn to(&self, room: &str) -> Broadcast {
        self.everyone().to(room)
    }

    /// Sends an event to everyone. Answers to how many.
    pub fn emit(&self, name: &str, args: &Arguments) -> usize {
        self.everyone().emit(name, args)
    }

    /// The clients in the namespace.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.0.everyone.borrow().iter().map(|(_, socket)| socket.clone()).collect()
    }

    pub(super) fn middleware(&self) -> Vec<Middleware> {
        self.0.middleware.borrow().clone()
    }

    /// What a client that comes back gets; whether the namespace recovers state at all.
    pub(super) fn recovered(&self, auth: Option<&Data<'_>>, most_bytes: usize) -> (bool, Option<Recovered>) {
        let recover = self.0.recover.borrow().clone();
        let Some(recover) = recover else { return (false, None) };
        (true, auth.and_then(|auth| Recovery::of(auth, most_bytes)).and_then(|recovery| recover(&recovery)))
    }

    pub(super) fn connected(&self, socket: &Socket, auth: Option<&Data<'_>>) {
        let handler = self.0.on_connection.borrow().clone();
        if let Some(handler) = handler {
            handler(socket, auth);
        }
    }

    pub(super) fn event(&self, socket: &Socket, event: &mut Event<'_>) {
        let handler = self.0.on_event.borrow().get(event.name).cloned().or_else(|| self.0.on_any.borrow().clone());
        if let Some(handler) = handler {
            handler(socket, event);
        }
    }

    pub(super) fn disconnected(&self, socket: &Socket, reason: DisconnectReason) {
        let handler = self.0.on_disconnect.borrow().clone();
        if let Some(handler) = handler {
            handler(socket, reason);
        }
    }

    /// Takes a client in; answers its place.
    pub(super) fn add(&self, socket: &Socket) -> usize {
        self.0.everyone.borrow_mut().insert(socket.clone())
    }

    pub(super) fn remove(&self, place: usize) {
        let _left = self.0.everyone.borrow_mut().try_remove(place);
    }

    pub(super) fn enter(&self, room: &str, socket: &Socket) -> (Rc<str>, usize) {
        let mut rooms = self.0.rooms.borrow_mut();
        let known = rooms.get_key_value(room).map(|(name, _)| name.clone());
        if let Some(name) = known
            && let Some(roster) = rooms.get_mut(&name)
        {
            let place = roster.insert(socket.clone());
            return (name, place);
        }
        let (name, mut roster): (Rc<str>, _) = (Rc::from(room), Slab::new());
        let place = roster.insert(socket.clone());
        rooms.insert(name.clone(), roster);
        (name, place)
    }

    pub(super) fn depart(&self, room: &Rc<str>, place: usize) {
        let mut rooms = self.0.rooms.borrow_mut();
        if let Some(roster) = rooms.get_mut(room) {
            let _left = roster.try_remove(place);
            if roster.is_empty() {
                rooms.remove(room);
            }
        }
    }
}

/// An event for many: everyone, or everyone in any of some rooms, less some rooms.
#[must_use = "nothing is sent before `emit`"]
pub struct Broadcast {
    namespace: Namespace,
    rooms: Vec<String>,
    except: Vec<String>,
    volatile: bool,
}

impl Broadcast {
    /// And everyone in this room.
    pub fn to(mut self, room: &str) -> Self {
        self.rooms.push(room.to_owned());
        self
    }

    /// But nobody in this room.
    pub fn except(mut self, room: &str) -> Self {
        self.except.push(room.to_owned());
        self
    }

    /// But not this client.
    pub fn without(self, socket: &Socket) -> Self {
        self.except(socket.id())
    }

    /// Only to those it can go out to at once.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sends it. Answers to how many.
    pub fn emit(&self, name: &str, args: &Arguments) -> usize {
        let mut encoded = Encoded { namespace: self.namespace.name(), name, args, json: None, message_pack: None };
        let mut sent = 0;
        if self.rooms.is_empty() {
            for (_, socket) in self.namespace.0.everyone.borrow().iter() {
                sent += usize::from(self.send(socket, &mut encoded));
            }
            return sent;
        }
        let rooms = self.namespace.0.rooms.borrow();
        for (index, room) in self.rooms.iter().enumerate() {
            let before = self.rooms.get(..index).unwrap_or_default();
            for (_, socket) in rooms.get(room.as_str()).into_iter().flatten() {
                // Whoever is in two of the rooms gets it once.
                if !before.iter().any(|room| socket.is_in(room)) {
                    sent += usize::from(self.send(socket, &mut encoded));
                }
            }
        }
        sent
    }

    fn send(&self, socket: &Socket, encoded: &mut Encoded<'_>) -> bool {
        let client = &socket.0.client;
        if self.except.iter().any(|room| socket.is_in(room)) || (self.volatile && !client.connection.is_writable()) {
            return false;
        }
        let parser = client.session.borrow().parser();
        client.connection.send(encoded.bytes(parser));
        true
    }
}

/// The bytes of an event, made once for each parser.
struct Encoded<'e> {
    namespace: &'e str,
    name: &'e str,
    args: &'e Arguments,
    json: Option<Bytes>,
    message_pack: Option<Bytes>,
}

impl Encoded<'_> {
    fn bytes(&mut self, parser: Parser) -> Bytes {
        let place = match parser {
            Parser::Json => &mut self.json,
            Parser::MessagePack => &mut self.message_pack,
        };
        place.get_or_insert_with(|| encode::event(parser, self.namespace, None, self.name, self.args)).clone()
    }
}
