//! What waits for one connection.

use super::connection::Socket;
use bytes::{Buf, Bytes};
use plenum_schema::Offset;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

/// How many pieces one write joins.
const PIECES: usize = 32;
/// Up to this much is copied into one buffer rather than gathered.
const COPIED_BYTES: usize = 2 * 1024;

/// What a piece takes beside its bytes. Twice, because the queue grows by doubling.
pub(super) const OVERHEAD: usize = 2 * size_of::<Piece>();

/// Why a piece is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A topic has something for all who follow it.
    Topic,
    /// For this connection alone: answers, above all.
    Own,
    /// The answer to the newest ping.
    Pong,
}

/// A piece of output: whole frames, and which event of which topic it begins with.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    /// Topic index and first offset inside, so that dropping the piece tells where to resume.
    first: Option<(u32, Offset)>,
    kind: Kind,
}

impl Piece {
    /// What a topic has for everybody.
    pub(super) fn of_topic(bytes: Bytes, first: Option<(u32, Offset)>) -> Self {
        Self { bytes, first, kind: Kind::Topic }
    }

    /// For one connection alone.
    pub(super) fn own(bytes: Bytes) -> Self {
        Self { bytes, first: None, kind: Kind::Own }
    }

    /// The answer to a ping.
    pub(super) fn pong(bytes: Bytes) -> Self {
        Self { bytes, first: None, kind: Kind::Pong }
    }

    /// What it takes while it waits.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

/// How a write went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Written {
    /// Nothing waits any more.
    All,
    /// The socket takes no more now; it will say when.
    Blocked,
    /// The socket is broken.
    Failed,
}

/// The queue of one connection. Empty and without memory of its own while the peer keeps up.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// What those pieces take that are for this connection alone.
    own: usize,
    /// The front piece has been written in part: it must be finished, or the stream is broken.
    partial: bool,
}

impl Outbox {
    /// What everything that waits takes: its bytes, and what each piece takes beside them.
    pub(super) fn cost(&self) -> usize {
        self.bytes + self.pieces.len() * OVERHEAD
    }

    /// The same of answers.
    pub(super) fn own_cost(&self) -> usize {
        self.own
    }

    /// Whether the answer to a ping waits.
    pub(super) fn has_pong(&self) -> bool {
        self.pieces.iter().any(|piece| piece.kind == Kind::Pong)
    }

    /// Puts the answer to a newer ping in the place of one that has not begun to leave; gives it back when there is none.
    pub(super) fn replace_pong(&mut self, pong: Bytes) -> Result<(), Bytes> {
        let begun = usize::from(self.partial);
        match self.pieces.iter_mut().skip(begun).find(|piece| piece.kind == Kind::Pong) {
            Some(older) => {
                self.bytes = self.bytes - older.bytes.len() + pong.len();
                older.bytes = pong;
                Ok(())
            }
            None => Err(pong),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn push(&mut self, piece: Piece) {
        if piece.bytes.is_empty() {
            return;
        }
        self.bytes += piece.bytes.len();
        if piece.kind == Kind::Own {
            self.own += piece.cost();
        }
        self.pieces.push_back(piece);
    }

    /// Goes on with bytes of which the socket took some: it must say itself that it is full, or nobody waits for room.
    pub(super) fn go_on(&mut self, socket: &dyn Socket, bytes: &Bytes, written: usize, writes: &mut u64) -> Written {
        self.push(Piece::of_topic(bytes.slice(written..), None));
        self.partial = written > 0;
        self.write(socket, writes)
    }

    /// Writes `piece` straight to the socket when nothing waits, else behind what waits.
    pub(super) fn send(&mut self, socket: &dyn Socket, piece: Piece, writes: &mut u64) -> Written {
        if !self.pieces.is_empty() {
            self.push(piece);
            return self.write(socket, writes);
        }
        *writes += 1;
        match socket.try_write(&[IoSlice::new(&piece.bytes)]) {
            Ok(n) if n == piece.bytes.len() => Written::All,
            Ok(n) => {
                let mut piece = piece;
                piece.bytes.advance(n);
                self.partial = n > 0;
                self.push(piece);
                self.write(socket, writes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.push(piece);
                Written::Blocked
            }
            Err(_) => Written::Failed,
        }
    }

    /// Writes what waits, many pieces a system call.
    pub(super) fn write(&mut self, socket: &dyn Socket, writes: &mut u64) -> Written {
        while !self.pieces.is_empty() {
            *writes += 1;
            match self.write_front(socket) {
                Ok(0) => return Written::Failed,
                Ok(n) => self.advance(n),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Written::Blocked,
                Err(_) => return Written::Failed,
            }
        }
        if self.pieces.capacity() > 0 {
            // An idle connection keeps no queue.
            self.pieces = VecDeque::new();
        }
        Written::All
    }

    /// One system call. A few small pieces (an ack behind an event) are copied together: that costs less than a gathering write.
    fn write_front(&self, socket: &dyn Socket) -> io::Result<usize> {
        if self.pieces.len() > 1 && self.bytes <= COPIED_BYTES {
            let mut joined = [0; COPIED_BYTES];
            let mut length = 0;
            for piece in &self.pieces {
                if let Some(room) = joined.get_mut(length..length + piece.bytes.len()) {
                    room.copy_from_slice(&piece.bytes);
                    length += piece.bytes.len();
                }
            }
            return socket.try_write(&[IoSlice::new(joined.get(..length).unwrap_or_default())]);
        }
        let mut slices = [IoSlice::new(&[]); PIECES];
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(&piece.bytes);
            count += 1;
        }
        socket.try_write(slices.get(..count).unwrap_or_default())
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while written > 0 {
            let Some(front) = self.pieces.front_mut() else { return };
            let is_own = front.kind == Kind::Own;
            if front.bytes.len() > written {
                front.bytes.advance(written);
                self.own -= if is_own { written } else { 0 };
                self.partial = true;
                return;
            }
            written -= front.bytes.len();
            self.own -= if is_own { front.cost() } else { 0 };
            self.partial = false;
            self.pieces.pop_front();
        }
    }

    /// Drops everything not yet begun; answers the first offset dropped for each topic.
    pub(super) fn drop_waiting(&mut self) -> Vec<(u32, Offset)> {
        let keep = usize::from(self.partial);
        let mut dropped: Vec<(u32, Offset)> = Vec::new();
        for piece in self.pieces.drain(keep.min(self.pieces.len())..) {
            self.bytes -= piece.bytes.len();
            self.own -= if piece.kind == Kind::Own { piece.cost() } else { 0 };
            if let Some((topic, offset)) = piece.first
                && !dropped.iter().any(|(seen, _)| *seen == topic)
            {
                dropped.push((topic, offset));
            }
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::connection::testing::Sink;

    fn piece(text: &'static str, first: Option<(u32, Offset)>) -> Piece {
        Piece::of_topic(Bytes::from_static(text.as_bytes()), first)
    }

    #[test]
    fn a_piece_goes_straight_to_a_socket_with_room() {
        let (sink, mut outbox, mut writes) = (Sink::with_room(100), Outbox::default(), 0);
        assert_eq!(outbox.send(&sink, piece("hello", None), &mut writes), Written::All);
        assert_eq!((sink.text().as_str(), outbox.cost(), writes), ("hello", 0, 1));
    }

    #[test]
    fn what_the_socket_does_not_take_waits_and_goes_out_in_order() {
        let (sink, mut outbox, mut writes) = (Sink::with_room(3), Outbox::default(), 0);
        assert_eq!(outbox.send(&sink, piece("hello", None), &mut writes), Written::Blocked);
        assert_eq!(outbox.send(&sink, piece("world", None), &mut writes), Written::Blocked);
        assert_eq!(outbox.cost(), 7 + 2 * OVERHEAD);
        sink.make_room(100);
        assert_eq!(outbox.write(&sink, &mut writes), Written::All);
        assert_eq!((sink.text().as_str(), outbox.cost()), ("helloworld", 0));
    }

    #[test]
    fn dropping_keeps_a_begun_piece_and_tells_the_first_offset_lost_of_each_topic() {
        let (sink, mut outbox, mut writes) = (Sink::with_room(2), Outbox::default(), 0);
        outbox.send(&sink, piece("begun", Some((1, 5))), &mut writes);
        outbox.push(piece("a", Some((1, 6))));
        outbox.push(piece("b", Some((2, 9))));
        outbox.push(piece("c", Some((1, 7))));
        assert_eq!(outbox.drop_waiting(), vec![(1, 6), (2, 9)]);
        sink.make_room(100);
        assert_eq!(outbox.write(&sink, &mut writes), Written::All);
        assert_eq!(sink.text(), "begun");
    }

    #[test]
    fn what_is_for_the_connection_alone_is_counted_until_it_has_left() {
        let (sink, mut outbox, mut writes) = (Sink::with_room(0), Outbox::default(), 0);
        outbox.push(Piece::own(Bytes::from_static(b"answer")));
        outbox.push(piece("event", None));
        outbox.push(Piece::own(Bytes::from_static(b"another")));
        assert_eq!(outbox.own_cost(), 13 + 2 * OVERHEAD);
        sink.make_room(4);
        assert_eq!(outbox.write(&sink, &mut writes), Written::Blocked);
        assert_eq!(outbox.own_cost(), 9 + 2 * OVERHEAD);
        sink.make_room(8);
        assert_eq!(outbox.write(&sink, &mut writes), Written::Blocked);
        assert_eq!(outbox.own_cost(), 6 + OVERHEAD);
        outbox.drop_waiting();
        sink.make_room(100);
        assert_eq!(outbox.write(&sink, &mut writes), Written::All);
        assert_eq!((outbox.own_cost(), outbox.cost(), sink.text().as_str()), (0, 0, "answereventanother"));
    }

    #[test]
    fn a_newer_pong_takes_the_place_of_an_older_one_that_has_not_begun() {
        let (sink, mut outbox, mut writes) = (Sink::with_room(3), Outbox::default(), 0);
        assert!(outbox.replace_pong(Bytes::from_static(b"none waits")).is_err() && !outbox.has_pong());
        outbox.send(&sink, Piece::pong(Bytes::from_static(b"first")), &mut writes);
        assert!(outbox.replace_pong(Bytes::from_static(b"begun")).is_err(), "it has begun to leave");
        outbox.push(Piece::pong(Bytes::from_static(b"second")));
        for number in 0..1_000 {
            assert!(outbox.replace_pong(Bytes::from(format!("the pong {number}"))).is_ok());
        }
        assert_eq!(outbox.cost(), 2 + "the pong 999".len() + 2 * OVERHEAD);
        sink.make_room(100);
        assert_eq!(outbox.write(&sink, &mut writes), Written::All);
        assert_eq!(sink.text(), "firstthe pong 999");
    }
}
