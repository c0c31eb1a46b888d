//! What a polling client has instead of a socket: prepared WebSocket frames wait here, and become the records of the next
//! payload, or the first bytes of the WebSocket after an upgrade.

use super::payload::PayloadBuilder;
use plenum_websocket::client::read_frame;
use plenum_websocket::{Opcode, close};
use std::collections::VecDeque;
use std::io::IoSlice;

use super::Packet;
use bytes::Bytes;

/// A bounded buffer of server frames, given as bytes that may be cut anywhere.
#[derive(Debug)]
pub struct PollingBuffer {
    /// Whole frames and, at the end, perhaps the beginning of one.
    bytes: VecDeque<u8>,
    limit: usize,
    /// Frames whose last byte has come, and which a poll can have.
    ready: usize,
    /// How many bytes of the frame at the end are still to come; 0 between frames.
    missing: usize,
    /// The head of the frame at the end, as far as it has come.
    head: Head,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    bytes: [u8; 10],
    len: usize,
}

impl Head {
    /// The length of the payload, once the head is complete.
    fn payload_len(&self) -> Option<usize> {
        let at = |index: usize| self.bytes.get(index).copied().unwrap_or_default();
        let wide = |from: usize, to: usize| (from..to).fold(0_u64, |sum, index| (sum << 8) | u64::from(at(index)));
        let (needed, len) = match at(1) & 0x7f {
            126 => (4, wide(2, 4)),
            127 => (10, wide(2, 10)),
            short => (2, u64::from(short)),
        };
        (self.len >= needed).then(|| usize::try_from(len).unwrap_or(usize::MAX))
    }
}

impl PollingBuffer {
    /// An empty buffer that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { bytes: VecDeque::new(), limit, ready: 0, missing: 0, head: Head::default() }
    }

    /// Takes what there is room for; returns how many bytes. 0 for something means that the buffer is full.
    pub fn write(&mut self, pieces: &[IoSlice<'_>]) -> usize {
        let mut taken = 0_usize;
        for piece in pieces {
            let room = self.limit.saturating_sub(self.bytes.len()).min(piece.len());
            let part = piece.get(..room).unwrap_or_default();
            self.bytes.extend(part);
            self.follow(part);
            taken = taken.saturating_add(room);
            if room < piece.len() {
                break;
            }
        }
        taken
    }

    /// Whether a poll would get anything.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready > 0
    }

    /// Bytes that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The payload for a poll: whole frames, the oldest first, until it has `soft_limit` bytes or so many records; `None` when
    /// there are none. A close frame becomes a close packet, alone in its payload: clients act on it before they have told
    /// their user what stands before it. Transport-level pings and pongs mean nothing here.
    pub fn take_payload(&mut self, soft_limit: usize, records: usize) -> Option<Vec<u8>> {
        let mut payload = PayloadBuilder::default();
        let mut used = 0;
        let bytes = &*self.bytes.make_contiguous();
        while payload.len() < soft_limit
            && payload.records() < records
            && let Some((frame, len)) = read_frame(bytes.get(used..).unwrap_or_default())
        {
            if frame.opcode == Opcode::Close && !payload.is_empty() {
                break;
            }
            used += len;
            match frame.opcode {
                Opcode::Text => payload.push_text(frame.payload),
                Opcode::Binary => payload.push_binary(frame.payload),
                Opcode::Close => payload.push(&Packet::Close),
                Opcode::Ping | Opcode::Pong | Opcode::Continuation => {}
            }
        }
        self.bytes.drain(..used);
        self.ready = self.ready.saturating_sub(payload.records());
        self.give_back();
        (!payload.is_empty()).then(|| payload.finish())
    }

    /// Everything that waits, for the WebSocket that takes over; what is written next continues it.
    pub fn take_frames(&mut self) -> Bytes {
        self.ready = 0;
        Bytes::from(Vec::from(std::mem::take(&mut self.bytes)))
    }

    /// Memory is given back when nothing waits.
    fn give_back(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = VecDeque::new();
        }
    }

    /// Counts the frames whose end is in `part`.
    fn follow(&mut self, mut part: &[u8]) {
        while let Some((&first, rest)) = part.split_first() {
            if self.missing == 0 {
                if let Some(byte) = self.head.bytes.get_mut(self.head.len) {
                    *byte = first;
                }
                self.head.len += 1;
                part = rest;
                // The length is asked for when at least its first byte is there.
                let Some(len) = (self.head.len > 1).then(|| self.head.payload_len()).flatten() else { continue };
                self.missing = len;
            } else {
                let step = self.missing.min(part.len());
                self.missing -= step;
                part = part.get(step..).unwrap_or_default();
            }
            if self.missing == 0 {
                self.ready += usize::from(self.head.is_data());
                self.head = Head::default();
            }
        }
    }
}

impl Head {
    /// Whether the frame becomes a record.
    fn is_data(&self) -> bool {
        matches!(self.bytes.first().map(|byte| byte & 0x0f), Some(1 | 2 | 8))
    }
}

/// A close frame that ends a polling session as a close packet: the code travels only on a WebSocket.
#[must_use]
pub fn close_frame() -> Bytes {
    plenum_websocket::encode::close_frame(close::code::NORMAL, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_websocket::encode::{binary_frame, ping_frame, text_frame};

    fn write(buffer: &mut PollingBuffer, bytes: &[u8]) -> usize {
        buffer.write(&[IoSlice::new(bytes)])
    }

    #[test]
    fn frames_become_records_in_order_however_they_are_cut() {
        let mut all = Vec::new();
        for frame in [text_frame(b"4hello"), binary_frame(&[1, 2, 3, 4]), ping_frame(b""), text_frame(&[b'4'; 70_000])]
        {
            all.extend_from_slice(&frame);
        }
        for size in [1, 3, 7, 64, all.len()] {
            let mut buffer = PollingBuffer::new(usize::MAX);
            for part in all.chunks(size) {
                assert_eq!(write(&mut buffer, part), part.len());
            }
            assert!(buffer.is_ready());
            let payload = buffer.take_payload(usize::MAX, usize::MAX).unwrap();
            assert!(payload.starts_with(b"4hello\x1ebAQIDBA==\x1e4444"), "cut to {size}");
            assert_eq!(payload.len(), 6 + 1 + 9 + 1 + 70_000);
            assert!(buffer.is_empty() && !buffer.is_ready());
        }
    }

    #[test]
    fn half_a_frame_is_no_output_and_is_kept() {
        let frame = text_frame(b"4hello");
        let mut buffer = PollingBuffer::new(100);
        write(&mut buffer, &frame[..4]);
        assert!(!buffer.is_ready());
        assert_eq!(buffer.take_payload(100, 16), None);
        write(&mut buffer, &frame[4..]);
        assert_eq!(buffer.take_payload(100, 16).as_deref(), Some(&b"4hello"[..]));
    }

    #[test]
    fn a_full_buffer_takes_what_fits_and_no_more() {
        let mut buffer = PollingBuffer::new(10);
        assert_eq!(write(&mut buffer, &text_frame(b"4hello")), 8);
        assert_eq!(write(&mut buffer, &text_frame(b"4hello")), 2);
        assert_eq!(write(&mut buffer, b"x"), 0);
        assert_eq!(buffer.len(), 10);
    }

    #[test]
    fn a_payload_ends_after_its_soft_limit_and_the_rest_follows() {
        let mut buffer = PollingBuffer::new(100);
        for text in [&b"4one"[..], b"4two", b"4three"] {
            write(&mut buffer, &text_frame(text));
        }
        assert_eq!(buffer.take_payload(5, 16).as_deref(), Some(&b"4one\x1e4two"[..]));
        assert!(buffer.is_ready());
        assert_eq!(buffer.take_payload(5, 16).as_deref(), Some(&b"4three"[..]));
    }

    #[test]
    fn an_upgrade_takes_the_frames_as_they_are() {
        let mut buffer = PollingBuffer::new(100);
        let frame = text_frame(b"4hello");
        write(&mut buffer, &frame);
        assert_eq!(buffer.take_frames(), frame);
        assert!(buffer.is_empty() && !buffer.is_ready());
    }

    #[test]
    fn a_close_frame_is_a_close_packet() {
        let mut buffer = PollingBuffer::new(100);
        write(&mut buffer, &close_frame());
        assert_eq!(buffer.take_payload(100, 16).as_deref(), Some(&b"1"[..]));
    }

    #[test]
    fn a_close_packet_is_alone_in_its_payload() {
        let mut buffer = PollingBuffer::new(100);
        write(&mut buffer, &text_frame(b"4last words"));
        write(&mut buffer, &close_frame());
        assert_eq!(buffer.take_payload(100, 16).as_deref(), Some(&b"4last words"[..]));
        assert!(buffer.is_ready());
        assert_eq!(buffer.take_payload(100, 16).as_deref(), Some(&b"1"[..]));
        assert!(buffer.is_empty() && !buffer.is_ready());
    }

    #[test]
    fn a_payload_has_no_more_records_than_it_may_have() {
        let mut buffer = PollingBuffer::new(1_000);
        (0..=16).for_each(|_| assert_eq!(write(&mut buffer, &text_frame(b"4x")), 4));
        let count = |payload: Vec<u8>| payload.split(|&byte| byte == 0x1e).count();
        assert_eq!(buffer.take_payload(1_000, 16).map(count), Some(16));
        assert_eq!(buffer.take_payload(1_000, 16).map(count), Some(1));
    }
}
