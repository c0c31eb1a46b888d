//! Socket.IO on the sessions of an endpoint.

use super::connection::{Connection, Handler};
use super::mount::{Mount, MountStats, Protocol, new_id};
use super::namespace::{ConnectError, Handshake, Namespace, Recovered};
use super::socket::{AckError, DisconnectReason, Event, Inner, Reply, Socket, Waiting};
use crate::acks::Acks;
use crate::args::{Args, Data};
use crate::encode;
use crate::engine::CloseReason;
use crate::session::{Incoming, Session, SessionConfig, Violation};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// A Socket.IO server on one path. A handle: clones are the same server.
#[derive(Clone)]
pub struct Io(Rc<IoInner>);

/// Counts of a Socket.IO server since the host began.
#[derive(Debug, Default)]
pub struct IoStats {
    /// Events of clients.
    pub events: Cell<u64>,
    /// Connections that were closed for something a client may not send.
    pub violations: Cell<u64>,
}

pub(super) struct IoInner {
    config: SessionConfig,
    namespaces: RefCell<HashMap<String, Namespace>>,
    stats: IoStats,
    sessions: RefCell<Option<Rc<MountStats>>>,
    next: Cell<u64>,
}

impl Io {
    /// A server at a path of a host. It has no namespace yet.
    #[must_use]
    pub fn new(mount: &Mount, path: &str, config: SessionConfig) -> Self {
        let inner = IoInner {
            config,
            namespaces: RefCell::default(),
            stats: IoStats::default(),
            sessions: RefCell::new(None),
            next: Cell::new(0),
        };
        let io = Self(Rc::new(inner));
        let sessions = mount.serve(path, Rc::new(io.clone()));
        *io.0.sessions.borrow_mut() = Some(sessions);
        io
    }

    /// The namespace of this name, which clients may ask for from now on.
    #[must_use]
    pub fn of(&self, name: &str) -> Namespace {
        let mut namespaces = self.0.namespaces.borrow_mut();
        namespaces.entry(name.to_owned()).or_insert_with(|| Namespace::new(name)).clone()
    }

    /// Counts of packets.
    #[must_use]
    pub fn stats(&self) -> &IoStats {
        &self.0.stats
    }

    /// Counts of sessions.
    #[must_use]
    pub fn sessions(&self) -> Option<Rc<MountStats>> {
        self.0.sessions.borrow().clone()
    }
}

impl Protocol for Io {
    fn open(&self, connection: &Rc<Connection>) -> Rc<dyn Handler> {
        let config = &self.0.config;
        Rc::new_cyclic(|me| Client {
            me: me.clone(),
            io: self.0.clone(),
            connection: connection.clone(),
            session: RefCell::new(Session::new(config, connection.now())),
            sockets: RefCell::default(),
            acks: RefCell::new(Acks::new(config.pending_acks)),
        })
    }
}

/// One connection with its namespaces.
pub(super) struct Client {
    me: std::rc::Weak<Client>,
    io: Rc<IoInner>,
    pub connection: Rc<Connection>,
    pub session: RefCell<Session>,
    /// Those that are in, with their places in their namespaces.
    sockets: RefCell<Vec<(Socket, usize)>>,
    pub acks: RefCell<Acks<Waiting>>,
}

impl Client {
    fn incoming(&self, incoming: Result<Incoming<'_>, Violation>) {
        match incoming {
            Ok(Incoming::Nothing) => {}
            Ok(Incoming::Connect { namespace, auth }) => self.connect(&namespace, auth),
            Ok(Incoming::TooMany { namespace }) => self.refuse(&namespace, "Too many namespaces", None),
            Ok(Incoming::Event { namespace, id, name, args }) => self.event(&namespace, id, &name, &args),
            Ok(Incoming::Ack { id, args, .. }) => self.acknowledged(id, args),
            Ok(Incoming::Disconnect { namespace }) => {
                if let Some(socket) = self.socket(&namespace) {
                    self.left(&socket, DisconnectReason::Client);
                }
            }
            Err(_violation) => {
                self.io.stats.violations.set(self.io.stats.violations.get().saturating_add(1));
                self.connection.close();
            }
        }
    }

    fn connect(&self, name: &str, auth: Option<Data<'_>>) {
        let namespace = self.io.namespaces.borrow().get(name).cloned();
        let Some(namespace) = namespace else { return self.refuse(name, "Invalid namespace", None) };
        let middleware = namespace.middleware();
        if middleware.is_empty() {
            return self.enter(&namespace, auth.as_ref());
        }
        let Some(client) = self.me.upgrade() else { return };
        let auth = auth.map(Data::into_owned);
        actix_rt::spawn(async move {
            let handshake = Handshake { peer: client.connection.peer().clone(), auth: auth.clone() };
            for ask in middleware {
                if let Err(ConnectError { message, data }) = ask(handshake.clone()).await {
                    return client.refuse(namespace.name(), &message, data.as_ref());
                }
            }
            client.enter(&namespace, auth.as_ref());
        });
    }

    fn refuse(&self, name: &str, message: &str, data: Option<&crate::Value>) {
        let parser = {
            let mut session = self.session.borrow_mut();
            session.refuse(name);
            session.parser()
        };
        self.connection.send(encode::connect_error(parser, name, message, data));
    }

    /// Lets the client in: its place first, then the answer, what it missed, and the application.
    fn enter(&self, namespace: &Namespace, auth: Option<&Data<'_>>) {
        let Some(client) = self.me.upgrade() else { return };
        if !self.connection.is_open() || !self.session.borrow_mut().accept(namespace.name()) {
            return;
        }
        let (recovers, recovered) = namespace.recovered(auth, self.io.config.recovery_bytes);
        let Recovered { sid, pid, rooms, missed } = recovered.clone().unwrap_or_default();
        let number = self.io.next.get();
        self.io.next.set(number.wrapping_add(1));
        let or_new = |id: String| if id.is_empty() { new_id() } else { id };
        let socket = Socket(Rc::new(Inner {
            id: or_new(sid),
            pid: recovers.then(|| or_new(pid)),
            recovered: recovered.is_some(),
            number,
            namespace: namespace.clone(),
            client,
            connected: Cell::new(true),
            rooms: RefCell::default(),
            data: RefCell::default(),
        }));
        let place = namespace.add(&socket);
        self.sockets.borrow_mut().push((socket.clone(), place));
        socket.join(socket.id());
        rooms.iter().for_each(|room| socket.join(room));
        let _gone = socket.send(|parser, name| encode::connect(parser, name, socket.id(), socket.pid()));
        for (event, args) in &missed {
            let _gone = socket.emit(event, args);
        }
        namespace.connected(&socket, auth);
    }

    fn event(&self, namespace: &str, id: Option<u64>, name: &str, args: &Args<'_>) {
        let Some(socket) = self.socket(namespace) else { return };
        self.io.stats.events.set(self.io.stats.events.get().saturating_add(1));
        let reply = id.map(|id| Reply { socket: socket.clone(), id });
        socket.namespace().event(&socket, &mut Event { name, args, reply });
    }

    fn acknowledged(&self, id: u64, args: Args<'_>) {
        let waiting = self.acks.borrow_mut().take(id);
        if let Some(waiting) = waiting {
            waiting.answer(Ok(args.into_owned()));
        }
    }

    fn socket(&self, namespace: &str) -> Option<Socket> {
        let sockets = self.sockets.borrow();
        sockets.iter().find(|(socket, _)| socket.namespace().name() == namespace).map(|(socket, _)| socket.clone())
    }

    /// The client is not in the namespace any more: out of its rooms, its acknowledgements given up, the application told.
    pub(super) fn left(&self, socket: &Socket, reason: DisconnectReason) {
        if !socket.0.connected.replace(false) {
            return;
        }
        let namespace = socket.namespace();
        for (room, place) in socket.0.rooms.take() {
            namespace.depart(&room, place);
        }
        let mut sockets = self.sockets.borrow_mut();
        if let Some(index) = sockets.iter().position(|(other, _)| other.0.number == socket.0.number) {
            let (_, place) = sockets.swap_remove(index);
            namespace.remove(place);
        }
        drop(sockets);
        let given_up = self.acks.borrow_mut().take_if(|waiting| waiting.socket == socket.0.number);
        given_up.into_iter().for_each(|waiting| waiting.answer(Err(AckError::Gone)));
        namespace.disconnected(socket, reason);
    }

    fn leave_all(&self, reason: DisconnectReason) {
        let sockets: Vec<Socket> = self.sockets.borrow().iter().map(|(socket, _)| socket.clone()).collect();
        sockets.iter().for_each(|socket| self.left(socket, reason));
    }

    /// The server closes the connection: each namespace is told first.
    pub(super) fn close(&self) {
        let sockets: Vec<Socket> = self.sockets.borrow().iter().map(|(socket, _)| socket.clone()).collect();
        sockets.iter().for_each(Socket::disconnect);
        self.connection.close();
    }
}

impl Handler for Client {
    fn text(&self, text: &str) {
        let incoming = self.session.borrow_mut().text(text, &self.io.config);
        self.incoming(incoming);
    }

    fn binary(&self, bytes: &[u8]) {
        let incoming = self.session.borrow_mut().binary(bytes, &self.io.config);
        self.incoming(incoming);
    }

    fn closed(&self, reason: CloseReason) {
        self.leave_all(DisconnectReason::Transport(reason));
        let waiting = self.acks.borrow_mut().drain();
        waiting.into_iter().for_each(|waiting| waiting.answer(Err(AckError::Gone)));
    }

    fn deadline(&self) -> Option<u64> {
        let (session, acks) = (self.session.borrow().deadline(), self.acks.borrow().deadline());
        session.into_iter().chain(acks).min()
    }

    fn tick(&self, now: u64) {
        let expired = self.acks.borrow_mut().expire(now);
        expired.into_iter().for_each(|waiting| waiting.answer(Err(AckError::Timeout)));
        let late = self.session.borrow().deadline().is_some_and(|deadline| now >= deadline);
        if late {
            self.connection.close();
        }
    }
}
