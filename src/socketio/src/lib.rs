//! Engine.IO v4 and Socket.IO v5 for servers: codecs and protocol cores without I/O, and a small server on top of them.
//!
//! # Layers
//!
//! | module | what it is |
//! |---|---|
//! | [`engine`] | Engine.IO v4: packets, payloads, requests, sessions with upgrade, heart-beat |
//! | [`packet`], [`args`], [`value`] | Socket.IO v5 packets and what they carry |
//! | [`parser`] | both parsers: the default one (JSON with binary attachments) and MessagePack (`socket.io-msgpack-parser`) |
//! | [`encode`] | packets of a server as prepared WebSocket frames, the same bytes for every receiver |
//! | [`session`] | the namespaces of one connection: connect, events and acknowledgements, disconnect |
//! | [`acks`] | acknowledgements the server waits for |
//! | [`server`] | a small typed server: namespaces, events, rooms, acknowledgements |
//!
//! # Building a server on the cores
//!
//! Decisions are kept apart from who owns the outgoing queue, so a server with queues of its own needs no runtime of this
//! crate:
//!
//! 1. [`engine::request::judge`] says what an HTTP request asks for; [`engine::Session`] (one for each `sid`) what may happen
//!    when. Its answers name what to write; the caller writes it.
//! 2. All output is prepared as WebSocket frames ([`encode`], [`engine::Packet::frame`]): an event is one `Bytes` with its header
//!    frame and the frames of its attachments, and goes to a WebSocket as it is. For a polling client the same bytes go
//!    into an [`engine::polling::PollingBuffer`], which makes the payload of the next poll of them. After an upgrade
//!    [`engine::polling::PollingBuffer::take_frames`] is what the WebSocket is written first: no loss, no reorder.
//! 3. Input: a WebSocket text message goes through [`engine::Packet::decode`], a POST body through [`engine::payload::decode`];
//!    each packet through [`engine::Session::packet`]; the messages among them through [`session::Session::text`] and
//!    [`session::Session::binary`], which answer what they mean.
//! 4. Time: [`engine::Heartbeat`], [`engine::Session::probe_deadline`], [`session::Session::deadline`] and
//!    [`acks::Acks::expire`] take milliseconds of a monotonic clock. A server that has heart-beats of its own sends
//!    [`engine::Packet::Ping`] and takes whatever comes as an answer.
//!
//! Everything a peer sends is bounded before it is kept: [`engine::EngineConfig`] and [`session::SessionConfig`] name the limits.

pub mod acks;
pub mod args;
pub mod encode;
pub mod engine;
mod json;
mod msgpack;
pub mod packet;
pub mod parser;
pub mod server;
pub mod session;
pub mod value;

pub use args::{Args, ArgsError, Data};
pub use encode::Arguments;
pub use packet::{Body, Packet, PacketError};
pub use parser::{Decoder, Parser};
pub use value::Value;
