//! RFC 6455, rule by rule, then by random and hostile input.

mod close;
mod corpus;
mod encoding;
mod framing;
mod handshake;
mod heads;
mod memory;
mod model;
mod origin;
mod properties;
mod support;
mod utf8;
