//! The yardstick: a bare fan-out server, so that every report shows our figure beside what this kernel allows.
//!
//! Handshake, then the payload a client sends goes unchanged to every member of its room. No protocol, no disk, no
//! identity, no limits. One thread, one epoll set, direct non-blocking writes, TCP_NODELAY.
//!
//! With `coalesce`, a turn of the loop first reads everything that is ready, joins what arrived for a room into one
//! buffer, and then writes that buffer once to each member: under load one `send` carries several frames, in quiet one.
//! Without it every message is written to every member as it is read. What a socket does not take waits in a buffer of
//! its own and goes out when it is writable.

use crate::frame;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

/// Path of a member: sends and receives.
pub const MEMBER_PATH: &str = "/member/";
/// Path of a sender who receives nothing.
pub const SENDER_PATH: &str = "/sender/";

const LISTENER: Token = Token(usize::MAX);
const SCRATCH_BYTES: usize = 256 * 1024;
const MAX_FRAME_BYTES: usize = 128 * 1024;
/// What waits for one socket before it is given up.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;

struct Peer {
    stream: TcpStream,
    /// Room and the place in its member list; `None` before the handshake.
    room: Option<u32>,
    place: Option<usize>,
    rest: Vec<u8>,
    waiting: Vec<u8>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    joined: Vec<u8>,
}

/// The whole server.
pub struct Yardstick {
    poll: Poll,
    listener: TcpListener,
    peers: Vec<Option<Peer>>,
    free: Vec<usize>,
    rooms: HashMap<u32, Room>,
    dirty: Vec<u32>,
    scratch: Vec<u8>,
    coalesce: bool,
}

impl Yardstick {
    /// Listens on a loopback port (0 chooses one).
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn bind(address: SocketAddr, coalesce: bool) -> io::Result<Self> {
        let mut listener = crate::net::listen(address)?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let scratch = vec![0; SCRATCH_BYTES];
        let (peers, free, dirty) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { poll, listener, peers, free, rooms: HashMap::new(), dirty, scratch, coalesce })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// When epoll itself fails.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(4_096);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(peer) => {
                        if event.is_writable() {
                            self.write(peer, &[]);
                        }
                        // A short read is the end of what is there, unless the peer has closed: then no further edge comes.
                        let ends = event.is_read_closed() || event.is_error();
                        if event.is_readable() || ends {
                            self.read(peer, ends);
                        }
                    }
                }
            }
            self.flush();
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => continue,
            };
            let _ = stream.set_nodelay(true);
            let peer = self.free.pop().unwrap_or(self.peers.len());
            self.poll.registry().register(&mut stream, Token(peer), Interest::READABLE | Interest::WRITABLE)?;
            let fresh = Some(Peer { stream, room: None, place: None, rest: Vec::new(), waiting: Vec::new() });
            match self.peers.get_mut(peer) {
                Some(slot) => *slot = fresh,
                None => self.peers.push(fresh),
            }
        }
    }

    fn read(&mut self, id: usize, ends: bool) {
        let mut scratch = std::mem::take(&mut self.scratch);
        while let Some(peer) = self.peers.get_mut(id).and_then(Option::as_mut) {
            let kept = peer.rest.len().min(scratch.len());
            scratch[..kept].copy_from_slice(&peer.rest[..kept]);
            match peer.stream.read(&mut scratch[kept..]) {
                Ok(0) => self.drop_peer(id),
                Ok(read) => {
                    let (used, open) = self.take(id, &mut scratch[..kept + read]);
                    match self.peers.get_mut(id).and_then(Option::as_mut) {
                        Some(peer) if open => peer.rest = scratch[used..kept + read].to_vec(),
                        _ => self.drop_peer(id),
                    }
                    // A short read means the socket is drained (epoll(7)): the next edge will tell.
                    if kept + read < scratch.len() && !ends {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.drop_peer(id),
            }
        }
        self.scratch = scratch;
    }

    /// Takes handshake or frames; answers how much was used and whether the peer stays.
    fn take(&mut self, id: usize, bytes: &mut [u8]) -> (usize, bool) {
        let Some(room) = self.peers.get(id).and_then(Option::as_ref).and_then(|peer| peer.room) else {
            return match frame::head_end(bytes) {
                Some(end) => (end, self.upgrade(id, &bytes[..end])),
                None => (0, bytes.len() < 8_192),
            };
        };
        let mut at = 0;
        loop {
            let found = match frame::parse(bytes, at, MAX_FRAME_BYTES) {
                Ok(Some(found)) => found,
                Ok(None) => return (at, true),
                Err(_) => return (at, false),
            };
            let payload = &mut bytes[found.start..found.end];
            frame::apply_mask(payload, found.mask.unwrap_or_default());
            match found.opcode {
                frame::CLOSE => return (found.end, false),
                frame::TEXT | frame::BINARY => self.broadcast(room, found.opcode, payload),
                _ => {}
            }
            at = found.end;
        }
    }

    fn upgrade(&mut self, id: usize, head: &[u8]) -> bool {
        let text = String::from_utf8_lossy(head);
        let path = text.split(' ').nth(1).unwrap_or_default();
        let member = path.strip_prefix(MEMBER_PATH);
        let Some(number) = member.or_else(|| path.strip_prefix(SENDER_PATH)).and_then(|text| text.parse().ok()) else {
            return false;
        };
        let key = text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
        let accept = frame::accept_of(key.trim());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        let room = self.rooms.entry(number).or_default();
        if let Some(peer) = self.peers.get_mut(id).and_then(Option::as_mut) {
            peer.room = Some(number);
            if member.is_some() {
                peer.place = Some(room.members.len());
                room.members.push(id);
            }
        }
        self.write(id, answer.as_bytes());
        true
    }

    fn broadcast(&mut self, number: u32, opcode: u8, payload: &[u8]) {
        let Some(room) = self.rooms.get_mut(&number) else { return };
        if room.joined.is_empty() {
            self.dirty.push(number);
        }
        frame::push_server(&mut room.joined, opcode, payload);
        if !self.coalesce {
            self.flush();
        }
    }

    /// Writes what waits for each room to each of its members, one write a member.
    fn flush(&mut self) {
        while let Some(number) = self.dirty.pop() {
            let Some(room) = self.rooms.get_mut(&number) else { continue };
            let (members, mut joined) = (std::mem::take(&mut room.members), std::mem::take(&mut room.joined));
            let mut gone = Vec::new();
            for &id in &members {
                if !self.write(id, &joined) {
                    gone.push(id);
                }
            }
            joined.clear();
            if let Some(room) = self.rooms.get_mut(&number) {
                (room.members, room.joined) = (members, joined);
            }
            gone.into_iter().for_each(|id| self.drop_peer(id));
        }
    }

    /// Writes `bytes` behind what waits already; false when the peer is beyond help.
    fn write(&mut self, id: usize, bytes: &[u8]) -> bool {
        let Some(peer) = self.peers.get_mut(id).and_then(Option::as_mut) else { return true };
        let mut fresh = bytes;
        if !peer.waiting.is_empty() {
            peer.waiting.extend_from_slice(bytes);
            let waiting = std::mem::take(&mut peer.waiting);
            let sent = send_some(&mut peer.stream, &waiting);
            peer.waiting = waiting.get(sent..).unwrap_or_default().to_vec();
            fresh = &[];
        }
        let sent = send_some(&mut peer.stream, fresh);
        peer.waiting.extend_from_slice(fresh.get(sent..).unwrap_or_default());
        peer.waiting.len() <= MAX_WAITING_BYTES
    }

    fn drop_peer(&mut self, id: usize) {
        let Some(mut peer) = self.peers.get_mut(id).and_then(Option::take) else { return };
        let _ = self.poll.registry().deregister(&mut peer.stream);
        self.free.push(id);
        let Some(room) = peer.room.and_then(|number| self.rooms.get_mut(&number)) else { return };
        let Some(place) = peer.place else { return };
        room.members.swap_remove(place);
        let moved = room.members.get(place).copied();
        if let Some(other) = moved.and_then(|moved| self.peers.get_mut(moved)).and_then(Option::as_mut) {
            other.place = Some(place);
        }
    }
}

/// Writes until the socket takes no more; an error counts as taken, the read side will notice it.
fn send_some(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        match stream.write(&bytes[at..]) {
            Ok(sent) => at += sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return at,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return bytes.len(),
        }
    }
    at
}
