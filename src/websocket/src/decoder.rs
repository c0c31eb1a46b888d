//! From bytes as they arrive to complete messages, without a buffer per connection.

use std::{mem, ops::ControlFlow};

use super::{
    Limits, Opcode, Violation, close,
    header::{ClientHead, Expectation, MAX_CLIENT_HEAD},
    mask,
    message::{self, Message},
};

/// Something a peer said. Borrowed from the read buffer, or from the decoder if it arrived in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A complete text message.
    Text(&'a str),
    /// A complete binary message.
    Binary(&'a [u8]),
    /// A ping, at most 125 bytes; to be answered by a pong with the same bytes.
    Ping(&'a [u8]),
    /// A pong, at most 125 bytes.
    Pong(&'a [u8]),
    /// The peer closes, with a valid code and reason if it gave them. Nothing comes after it.
    Close(Option<(u16, &'a str)>),
}

/// Reads the frames of one client. 16 bytes while the stream stands between two unfragmented messages; what is kept of a
/// frame or message that has arrived in part grows with the bytes that have arrived, never with a declared length.
#[derive(Debug, Default)]
pub struct Decoder {
    partial: Option<Box<Partial>>,
    ended: bool,
}

/// Everything that outlives one call of [`Decoder::decode`].
#[derive(Debug, Default)]
struct Partial {
    head: [u8; MAX_CLIENT_HEAD],
    head_len: usize,
    payload: Option<Payload>,
    control: Vec<u8>,
    message: Option<Message>,
}

/// A frame whose head is complete and whose payload is not. `head.mask` is kept rotated to the next byte.
#[derive(Debug)]
struct Payload {
    head: ClientHead,
    missing: usize,
}

type Step = Result<(usize, ControlFlow<()>), Violation>;

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self { partial: None, ended: false }
    }

    /// Unmasks and reads `buf` in place and calls `on` for each complete message and control frame, in order.
    ///
    /// Returns how many bytes are done with. That is all of `buf`, unless `on` breaks: then everything behind the frame that
    /// was handed out last is untouched and must be given again later, before any newer bytes. After a close frame or a
    /// violation whatever follows is swallowed.
    ///
    /// # Errors
    /// The first rule or limit that was broken; messages before it have been handed out. The connection must be failed with
    /// [`Violation::close_code`].
    pub fn decode<F>(&mut self, limits: &Limits, buf: &mut [u8], on: &mut F) -> Result<usize, Violation>
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        let mut used = 0;
        while let Some(rest) = buf.get_mut(used..).filter(|rest| !rest.is_empty() && !self.ended) {
            let (taken, flow) = self.step(limits, rest, on).inspect_err(|_| self.end())?;
            used += taken;
            if flow.is_break() {
                return Ok(used);
            }
        }
        Ok(buf.len())
    }

    /// Whether a close frame or a violation has ended the stream of messages.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Heap bytes held for input that has arrived in part; 0 between messages. At most twice what has arrived of the
    /// unfinished message plus a constant of about 300 bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.partial.as_deref().map_or(0, |partial| {
            let message = partial.message.as_ref().map_or(0, Message::capacity);
            mem::size_of::<Partial>() + partial.control.capacity() + message
        })
    }

    /// One head, one whole frame, or as much of a payload as is there.
    fn step<F>(&mut self, limits: &Limits, bytes: &mut [u8], on: &mut F) -> Step
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        let step = match self.partial.as_deref_mut() {
            Some(partial) if partial.payload.is_some() => self.go_on(bytes, on),
            Some(partial) if partial.head_len > 0 => self.split_head(limits, bytes, on),
            _ => match ClientHead::parse(bytes, self.expectation(limits))? {
                Some((head, head_len)) => self.frame(head, head_len, bytes, on),
                None => Ok((self.keep_head(bytes), ControlFlow::Continue(()))),
            },
        }?;
        self.tidy();
        Ok(step)
    }

    /// Gives memory back as soon as the stream stands between two messages.
    fn tidy(&mut self) {
        if self.partial.as_deref().is_some_and(Partial::is_empty) {
            self.partial = None;
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.partial = None;
    }

    fn partial(&mut self) -> &mut Partial {
        self.partial.get_or_insert_default()
    }

    fn expectation(&self, limits: &Limits) -> Expectation {
        let message = self.partial.as_deref().and_then(|partial| partial.message.as_ref());
        Expectation {
            in_message: message.is_some(),
            room: limits.max_message_bytes.saturating_sub(message.map_or(0, Message::len)),
            fragments_left: limits.max_fragments.saturating_sub(message.map_or(0, Message::fragments)),
        }
    }

    /// Remembers a head that is cut off; returns how many bytes that took (all of them, a head never exceeds the space).
    fn keep_head(&mut self, bytes: &[u8]) -> usize {
        let partial = self.partial();
        let space = partial.head.get_mut(partial.head_len..).unwrap_or_default();
        let taken = space.len().min(bytes.len());
        space.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        partial.head_len += taken;
        taken
    }

    /// Completes a head that began in an earlier read, then treats what follows like any frame.
    fn split_head<F>(&mut self, limits: &Limits, bytes: &mut [u8], on: &mut F) -> Step
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        let expectation = self.expectation(limits);
        let before = self.partial().head_len;
        let taken = self.keep_head(bytes);
        let partial = self.partial();
        let known = partial.head.get(..partial.head_len).unwrap_or_default();
        match ClientHead::parse(known, expectation)? {
            Some((head, head_len)) => {
                partial.head_len = 0;
                self.frame(head, head_len.saturating_sub(before), bytes, on)
            }
            None => Ok((taken, ControlFlow::Continue(()))),
        }
    }

    /// A frame whose head ends at `start` of `bytes`: at once if all of it is there, else in pieces.
    fn frame<F>(&mut self, head: ClientHead, start: usize, bytes: &mut [u8], on: &mut F) -> Step
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        let end = start.saturating_add(head.payload_len);
        if let Some(payload) = bytes.get_mut(start..end) {
            mask::apply(head.mask, payload);
            return Ok((end, self.whole_frame(head, payload, on)?));
        }
        if !head.opcode.is_control() {
            self.open_message(head.opcode);
        }
        self.partial().payload = Some(Payload { head, missing: head.payload_len });
        let (taken, flow) = self.go_on(bytes.get_mut(start..).unwrap_or_default(), on)?;
        Ok((start + taken, flow))
    }

    fn whole_frame<F>(&mut self, head: ClientHead, payload: &[u8], on: &mut F) -> Result<ControlFlow<()>, Violation>
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        match head.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => self.control(head.opcode, payload, on),
            Opcode::Text | Opcode::Binary if head.fin => Ok(on(message::view(head.opcode == Opcode::Text, payload)?)),
            _ => {
                self.open_message(head.opcode).append(payload, head.fin.then_some(payload.len()))?;
                if head.fin { self.finish_message(on) } else { Ok(ControlFlow::Continue(())) }
            }
        }
    }

    /// Takes more of the payload of a frame that began in an earlier read.
    fn go_on<F>(&mut self, bytes: &mut [u8], on: &mut F) -> Step
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        let partial = self.partial();
        let Some(mut payload) = partial.payload.take() else { return Ok((0, ControlFlow::Continue(()))) };
        let taken = payload.missing.min(bytes.len());
        let piece = bytes.get_mut(..taken).unwrap_or_default();
        mask::apply(payload.head.mask, piece);
        let head = payload.head;
        if head.opcode.is_control() {
            partial.control.extend_from_slice(piece);
        } else if let Some(message) = partial.message.as_mut() {
            message.append(piece, head.fin.then_some(payload.missing))?;
        }
        payload.missing -= taken;
        if payload.missing > 0 {
            payload.head.mask = mask::rotate(head.mask, taken);
            partial.payload = Some(payload);
            return Ok((taken, ControlFlow::Continue(())));
        }
        Ok((taken, self.finish_frame(head, on)?))
    }

    fn finish_frame<F>(&mut self, head: ClientHead, on: &mut F) -> Result<ControlFlow<()>, Violation>
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        if head.opcode.is_control() {
            let payload = mem::take(&mut self.partial().control);
            self.control(head.opcode, &payload, on)
        } else if head.fin {
            self.finish_message(on)
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }

    fn control<F>(&mut self, opcode: Opcode, payload: &[u8], on: &mut F) -> Result<ControlFlow<()>, Violation>
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        Ok(match opcode {
            Opcode::Ping => on(Incoming::Ping(payload)),
            Opcode::Pong => on(Incoming::Pong(payload)),
            _ => {
                let body = close::parse(payload)?;
                self.end();
                on(Incoming::Close(body))
            }
        })
    }

    /// The message that a data frame starts or goes on with, and counts the frame.
    fn open_message(&mut self, opcode: Opcode) -> &mut Message {
        let message = self.partial().message.get_or_insert_with(|| Message::new(opcode == Opcode::Text));
        message.count_fragment();
        message
    }

    fn finish_message<F>(&mut self, on: &mut F) -> Result<ControlFlow<()>, Violation>
    where
        F: FnMut(Incoming<'_>) -> ControlFlow<()>,
    {
        match self.partial().message.take() {
            Some(message) => Ok(on(message.view()?)),
            None => Ok(ControlFlow::Continue(())),
        }
    }
}

impl Partial {
    fn is_empty(&self) -> bool {
        self.head_len == 0 && self.payload.is_none() && self.message.is_none()
    }
}
