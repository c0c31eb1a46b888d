//! Feeding a decoder and writing down what it says.

use std::ops::ControlFlow;

use plenum_websocket::{Decoder, Incoming, Limits, Opcode, Violation, client};

pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// An owned copy of [`Incoming`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl From<Incoming<'_>> for Event {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Text(text.to_owned()),
            Incoming::Binary(bytes) => Self::Binary(bytes.to_vec()),
            Incoming::Ping(bytes) => Self::Ping(bytes.to_vec()),
            Incoming::Pong(bytes) => Self::Pong(bytes.to_vec()),
            Incoming::Close(body) => Self::Close(body.map(|(code, reason)| (code, reason.to_owned()))),
        }
    }
}

pub fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

/// Everything that was said, and the violation that ended it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub events: Vec<Event>,
    pub violation: Option<Violation>,
}

/// A stream of reads into one decoder; checks after each that the memory held is in proportion to what came.
pub struct Listener {
    pub decoder: Decoder,
    pub limits: Limits,
    pub heard: Heard,
    received: usize,
}

impl Listener {
    pub fn new(limits: Limits) -> Self {
        Self { decoder: Decoder::new(), limits, heard: Heard::default(), received: 0 }
    }

    /// One read.
    pub fn read(&mut self, bytes: &[u8]) -> &mut Self {
        let Self { decoder, limits, heard, received } = self;
        if heard.violation.is_some() {
            return self;
        }
        let decoded = decoder.decode(limits, &mut bytes.to_vec(), &mut |incoming| {
            heard.events.push(incoming.into());
            ControlFlow::Continue(())
        });
        match decoded {
            Ok(used) => assert_eq!(used, bytes.len(), "without a break everything is taken"),
            Err(violation) => heard.violation = Some(violation),
        }
        *received += bytes.len();
        assert!(decoder.heap_bytes() <= 2 * *received + 512, "holds {} of {received} bytes", decoder.heap_bytes());
        self
    }

    /// As many reads of `size` bytes as it takes.
    pub fn read_in(&mut self, size: usize, bytes: &[u8]) {
        for read in bytes.chunks(size) {
            self.read(read);
        }
    }
}

pub fn hear(limits: Limits, reads: &[&[u8]]) -> Heard {
    let mut listener = Listener::new(limits);
    for bytes in reads {
        listener.read(bytes);
    }
    listener.heard
}

/// The whole input in one read.
pub fn hear_all(bytes: &[u8]) -> Heard {
    hear(Limits::default(), &[bytes])
}

/// The input in reads of `size` bytes.
pub fn hear_chunks(limits: Limits, bytes: &[u8], size: usize) -> Heard {
    hear(limits, &bytes.chunks(size).collect::<Vec<_>>())
}

/// The whole input, with a handler that breaks after every event, so that the rest is given again.
pub fn hear_with_breaks(limits: Limits, bytes: &[u8]) -> Heard {
    let (mut decoder, mut heard, mut rest) = (Decoder::new(), Heard::default(), bytes.to_vec());
    while !rest.is_empty() {
        let decoded = decoder.decode(&limits, &mut rest, &mut |incoming| {
            heard.events.push(incoming.into());
            ControlFlow::Break(())
        });
        match decoded {
            Ok(used) => drop(rest.drain(..used)),
            Err(violation) => {
                heard.violation = Some(violation);
                break;
            }
        }
    }
    heard
}

/// A client frame.
pub fn frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    client::put_frame(&mut out, fin, opcode, KEY, payload);
    out
}

/// A message with one frame for each part.
pub fn fragments(opcode: Opcode, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let opcode = if index == 0 { opcode } else { Opcode::Continuation };
        client::put_frame(&mut out, index + 1 == parts.len(), opcode, KEY, part);
    }
    out
}
