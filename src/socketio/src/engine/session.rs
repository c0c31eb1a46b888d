//! One session: which transport is in use, polls and posts, the upgrade, and its end.
//!
//! Sans I/O: each method is told what happened and answers what to do; the queue of outgoing packets, the timers and the map
//! of sessions are the caller's. The rules about order are kept here:
//!
//! * Output goes out on the transport in use, or waits. While a client probes, polling is still in use: what a poll is
//!   answered before the upgrade packet comes first, what waits after it goes to the WebSocket, in one order.
//! * While a client probes no poll is left waiting, so that the client can finish the one it has and upgrade.
//! * A second poll or a second post beside the first is a broken client, and ends the session.

use super::packet::{PROBE, Packet};
use super::request::{Asked, Refusal};
use std::borrow::Cow;
use std::fmt;

/// How a session's packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

impl Transport {
    /// The name in `transport=`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// Why a session ended, in the words of the reference implementation ([`fmt::Display`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed it, or its connection ended.
    TransportClose,
    /// The connection broke, or the client broke a rule of the transport.
    TransportError,
    /// A ping was not answered.
    PingTimeout,
    /// Something that is no packet came.
    ParseError,
    /// The server closed it.
    ForcedClose,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
        })
    }
}

/// What a poll is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollAnswer {
    /// With what waits, now.
    Output,
    /// With a [`Packet::Noop`], now: the client is upgrading.
    Noop,
    /// With what waits and a [`Packet::Close`]; the session is over.
    Last,
    /// Not yet: keep the request, until [`Session::output`] or another method says so.
    Wait,
    /// With [`Refusal::BadRequest`]. The session is over ([`CloseReason::TransportError`]); the poll that was waiting is
    /// answered with a [`Packet::Close`].
    Overlap,
    /// With this.
    Refused(Refusal),
}

/// A post that is not taken. The session is over ([`CloseReason::TransportError`]) if `closes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostRefused {
    /// What to answer; `None`: [`Refusal::BadRequest`].
    pub refusal: Option<Refusal>,
    /// Whether it ends the session.
    pub closes: bool,
}

/// What a packet of the transport in use means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Nothing to do.
    Nothing,
    /// A pong: tell the [`super::Heartbeat`].
    Pong,
    /// A text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// The session is over. A waiting poll is answered with a [`Packet::Noop`] ([`Session::take_poll`]).
    Close(CloseReason),
}

/// Whether a second transport may probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeAnswer {
    /// Yes; its packets go to [`Session::probe_packet`] until it has upgraded.
    Probe,
    /// No: complete the handshake and close the WebSocket, as the reference does. The session goes on.
    Close,
}

/// What a packet of a probing transport means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeStep {
    /// Send `3probe` on it; if `noop`, answer the waiting poll with a [`Packet::Noop`].
    Pong {
        /// A poll was waiting.
        noop: bool,
    },
    /// It is the transport in use from now on: what waits goes out on it, in order, before anything new. If `noop`, a poll
    /// was left waiting and is answered with a [`Packet::Noop`].
    Upgraded {
        /// A poll was waiting.
        noop: bool,
    },
    /// Close it; the session goes on with polling.
    Drop,
}

/// What is to be done to close a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseStep {
    /// The session is over: close the WebSocket, or answer the waiting poll with what waits and a [`Packet::Close`].
    Now,
    /// The next poll will be answered [`PollAnswer::Last`]; give up after [`super::EngineConfig::close_timeout_ms`].
    AtNextPoll,
    /// It is closing or closed already.
    Already,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closing,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probing {
    No,
    /// The second transport is open until then, and has (or has not) said `2probe`.
    Until(u64, bool),
}

/// The state of one session. See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    transport: Transport,
    state: State,
    polling: bool,
    posting: bool,
    probing: Probing,
}

impl Session {
    /// A session that begins on this transport.
    #[must_use]
    pub const fn new(transport: Transport) -> Self {
        Self { transport, state: State::Open, polling: false, posting: false, probing: Probing::No }
    }

    /// The transport in use.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether packets are taken and sent.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether the server has closed it and the client has not learned of it yet.
    #[must_use]
    pub const fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing)
    }

    /// Whether a poll waits for an answer.
    #[must_use]
    pub const fn has_poll(&self) -> bool {
        self.polling
    }

    /// Whether a request for this session comes by the transport that is in use.
    ///
    /// # Errors
    /// [`Refusal::SessionUnknown`] when the session is over, [`Refusal::BadRequest`] for polls and posts of a session that
    /// uses WebSocket.
    pub fn check(&self, asked: &Asked) -> Result<(), Refusal> {
        let polls = matches!(asked, Asked::Poll(_) | Asked::Post(_));
        match (self.state, self.transport) {
            (State::Closed, _) => Err(Refusal::SessionUnknown),
            (_, Transport::WebSocket) if polls => Err(Refusal::BadRequest),
            _ => Ok(()),
        }
    }

    /// A poll has come. `waits`: whether there is output for it.
    pub fn poll(&mut self, waits: bool) -> PollAnswer {
        if let Err(refusal) = self.check(&Asked::Poll(String::new())) {
            return PollAnswer::Refused(refusal);
        }
        if self.polling {
            self.state = State::Closed;
            return PollAnswer::Overlap;
        }
        if self.state == State::Closing {
            self.state = State::Closed;
            return PollAnswer::Last;
        }
        if waits {
            return PollAnswer::Output;
        }
        if matches!(self.probing, Probing::Until(_, true)) {
            return PollAnswer::Noop;
        }
        self.polling = true;
        PollAnswer::Wait
    }

    /// There is output. Answers whether the waiting poll is to be answered with it now.
    pub const fn output(&mut self) -> bool {
        self.take_poll()
    }

    /// Whether a poll was waiting. The caller answers it now; it does not wait any more.
    pub const fn take_poll(&mut self) -> bool {
        std::mem::replace(&mut self.polling, false)
    }

    /// The connection of the waiting poll has gone. Answers whether that ends the session
    /// ([`CloseReason::TransportError`]).
    pub fn poll_gone(&mut self) -> bool {
        if !self.take_poll() || self.transport != Transport::Polling || self.is_closed() {
            return false;
        }
        self.state = State::Closed;
        true
    }

    /// A post begins: its body may be read. [`Session::post_ended`] follows it. `binary`: its content type is
    /// `application/octet-stream`, which revision 3 had.
    ///
    /// # Errors
    /// [`PostRefused`] with what to answer.
    pub fn post(&mut self, binary: bool) -> Result<(), PostRefused> {
        let refused = |refusal| PostRefused { refusal: Some(refusal), closes: false };
        self.check(&Asked::Post(String::new())).map_err(refused)?;
        if self.posting || binary {
            self.state = State::Closed;
            return Err(PostRefused { refusal: None, closes: true });
        }
        self.posting = true;
        Ok(())
    }

    /// The body has been read and its packets have been handled, or the request has failed.
    pub const fn post_ended(&mut self) {
        self.posting = false;
    }

    /// The body of the post has broken off, or has not come in time. Answers whether that ends the session
    /// ([`CloseReason::TransportError`]): packets are lost. What still came by polling after an upgrade is nobody's any more.
    pub fn post_gone(&mut self) -> bool {
        let was_posting = std::mem::replace(&mut self.posting, false);
        if !was_posting || self.transport != Transport::Polling || self.is_closed() {
            return false;
        }
        self.state = State::Closed;
        true
    }

    /// A packet of the transport in use, or of the body of a post that began before an upgrade.
    pub fn packet<'a>(&mut self, packet: Packet<'a>) -> Step<'a> {
        if !self.is_open() {
            return Step::Nothing;
        }
        match packet {
            Packet::Text(text) => Step::Text(text),
            Packet::Binary(bytes) => Step::Binary(bytes),
            Packet::Pong(_) => Step::Pong,
            Packet::Noop | Packet::Upgrade => Step::Nothing,
            Packet::Close => self.end(CloseReason::TransportClose),
            // Revision 4 turned the heart-beat around; only servers open.
            Packet::Ping(_) | Packet::Open(_) => self.end(CloseReason::TransportError),
        }
    }

    /// What came is no packet.
    pub fn malformed(&mut self) -> Step<'static> {
        if self.is_open() { self.end(CloseReason::ParseError) } else { Step::Nothing }
    }

    /// A WebSocket for this session has been opened. `allowed`: [`super::EngineConfig::allow_upgrades`].
    pub fn probe(&mut self, allowed: bool, until: u64) -> ProbeAnswer {
        let free = self.probing == Probing::No && self.transport == Transport::Polling && !self.is_closed();
        if !(free && allowed) {
            return ProbeAnswer::Close;
        }
        self.probing = Probing::Until(until, false);
        ProbeAnswer::Probe
    }

    /// A packet of the probing transport; `None`: something that is no text packet.
    pub fn probe_packet(&mut self, packet: Option<&Packet<'_>>) -> ProbeStep {
        let Probing::Until(until, _) = self.probing else { return ProbeStep::Drop };
        match packet {
            Some(Packet::Ping(content)) if content == PROBE => {
                self.probing = Probing::Until(until, true);
                ProbeStep::Pong { noop: self.take_poll() }
            }
            Some(Packet::Upgrade) if !self.is_closed() => {
                self.probing = Probing::No;
                self.transport = Transport::WebSocket;
                ProbeStep::Upgraded { noop: self.take_poll() }
            }
            _ => {
                self.probing = Probing::No;
                ProbeStep::Drop
            }
        }
    }

    /// The probing transport has gone, or its time is over: polling goes on.
    pub const fn probe_ended(&mut self) {
        self.probing = Probing::No;
    }

    /// Until when the probing transport has to upgrade.
    #[must_use]
    pub const fn probe_deadline(&self) -> Option<u64> {
        match self.probing {
            Probing::Until(until, _) => Some(until),
            Probing::No => None,
        }
    }

    /// The server closes the session.
    pub fn close(&mut self) -> CloseStep {
        match (self.state, self.transport) {
            (State::Closing | State::Closed, _) => CloseStep::Already,
            (State::Open, Transport::Polling) if !self.polling => {
                self.state = State::Closing;
                CloseStep::AtNextPoll
            }
            (State::Open, _) => {
                self.state = State::Closed;
                CloseStep::Now
            }
        }
    }

    /// The session is over for a reason that lies outside (time-outs, a broken connection).
    pub const fn closed(&mut self) {
        self.state = State::Closed;
    }

    fn end(&mut self, reason: CloseReason) -> Step<'static> {
        self.state = State::Closed;
        Step::Close(reason)
    }
}

/// The content of the open packet: exactly the fields of revision 4.
#[must_use]
pub fn open_packet(sid: &str, transport: Transport, config: &super::EngineConfig) -> Packet<'static> {
    let upgrades = if transport == Transport::Polling && config.allow_upgrades && config.websocket {
        r#"["websocket"]"#
    } else {
        "[]"
    };
    Packet::Open(Cow::Owned(format!(
        r#"{{"sid":"{sid}","upgrades":{upgrades},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
        config.ping_interval_ms, config.ping_timeout_ms, config.max_payload_bytes
    )))
}

#[cfg(test)]
mod tests;
