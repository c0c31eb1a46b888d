//! What a session has that began with polling: the request that waits, its place in the registry, the WebSocket that probes.

use super::asks::{Answered, Ask};
use super::dismiss::dismiss;
use super::framing;
use super::registry::{Place, Seat};
use super::session::SocketIoSession;
use crate::native::link::{Link, Room};
use crate::native::{READS_A_TURN, with_scratch};
use actix::{AsyncContext, Context, Recipient};
use bytes::BytesMut;
use plenum_actors::hub::{Shut, Socket};
use plenum_socketio::engine::packet::PROBE;
use plenum_socketio::engine::session::{CloseStep, PollAnswer, ProbeAnswer, ProbeStep};
use plenum_socketio::engine::{Packet, Refusal, Transport};
use plenum_websocket::transport::AnyTransport;
use plenum_websocket::{Decoder, Incoming};
use std::io::IoSlice;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A packet that answers a poll and says nothing.
const NOOP: &[u8] = b"6";
/// A packet that ends the session.
const CLOSE: &[u8] = b"1";

/// See the module.
#[derive(Default)]
pub(super) struct Polling {
    poll: Option<oneshot::Sender<Answered>>,
    /// Given up some time after an upgrade, when no request that was sent before can still be on its way.
    place: Option<Place>,
    /// Given back as soon as it polls no more.
    seat: Option<Seat>,
    probe: Option<Probe>,
}

/// A WebSocket that may take over.
struct Probe {
    link: Rc<Link>,
    decoder: Decoder,
    /// What came behind its handshake.
    first: BytesMut,
}

/// What came of reading a probing WebSocket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Probed {
    GoesOn,
    Upgraded,
    Over,
}

impl Polling {
    /// At this place of the registry, on this seat.
    pub(super) fn at(place: Place, seat: Seat) -> Self {
        Self { place: Some(place), seat: Some(seat), ..Self::default() }
    }

    fn wait(&self, waits: bool) {
        if let Some(place) = &self.place {
            place.wait(waits);
        }
    }
}

impl SocketIoSession {
    /// A poll has come.
    pub(super) fn poll(&mut self, answer: oneshot::Sender<Answered>) {
        self.heard();
        let outcome = match self.engine.poll(self.line.is_ready()) {
            PollAnswer::Wait => {
                if let Some(polling) = &mut self.polling {
                    polling.poll = Some(answer);
                }
                return;
            }
            PollAnswer::Output => Answered::Payload(self.payload(NOOP)),
            PollAnswer::Noop => Answered::Payload(NOOP.to_vec()),
            PollAnswer::Last => {
                let last = Answered::Payload(self.last_payload());
                self.finish(framing::leaving(), Shut::Now);
                last
            }
            PollAnswer::Overlap => {
                self.end_poll();
                self.finish(framing::leaving(), Shut::Now);
                Answered::Refused(Refusal::BadRequest)
            }
            PollAnswer::Refused(refusal) => Answered::Refused(refusal),
        };
        // Whoever asked may have gone.
        let _gone = answer.send(outcome);
    }

    /// What waits, or `nothing`.
    fn payload(&self, nothing: &[u8]) -> Vec<u8> {
        let config = &self.worker.edge.socket_io.config;
        let (payload, has_room) = self.line.take_payload(config.poll_bytes, config.poll_records);
        if has_room {
            self.worker.shared.hub.writable(self.key());
        }
        payload.unwrap_or_else(|| nothing.to_vec())
    }

    /// Everything that waits, because no further poll will be answered; the close packet when nothing does. (Not both: clients drop what comes
    /// in one payload with it.)
    fn last_payload(&self) -> Vec<u8> {
        let (payload, _) = self.line.take_payload(usize::MAX, usize::MAX);
        payload.unwrap_or_else(|| CLOSE.to_vec())
    }

    fn answer_poll(&mut self, payload: Vec<u8>) {
        if let Some(poll) = self.polling.as_mut().and_then(|polling| polling.poll.take()) {
            // A client that has gone finds it again with its offset.
            let _gone = poll.send(Answered::Payload(payload));
        }
    }

    /// The session is over for what the client did: the poll that waits is told no more than that.
    pub(super) fn end_poll(&mut self) {
        if self.engine.take_poll() {
            self.answer_poll(CLOSE.to_vec());
        }
    }

    /// The session is over: whoever waits is told.
    pub(super) fn answer_last_poll(&mut self) {
        if self.engine.take_poll() {
            let last = if self.line.is_ready() { self.last_payload() } else { NOOP.to_vec() };
            self.answer_poll(last);
        }
    }

    /// One turn of a client that polls; answers whether the session lives on.
    pub(super) fn polling_turn(&mut self, _me: &Recipient<Ask>, cx: &mut TaskContext<'_>) -> bool {
        match self.line.shut_how() {
            Some(Shut::Now) => return false,
            // Whoever polls is told at the next poll, if one comes in time.
            Some(Shut::AwaitPeer | Shut::Linger) if self.engine.is_open() => match self.engine.close() {
                CloseStep::Now => {
                    let last = self.last_payload();
                    self.answer_poll(last);
                    return false;
                }
                CloseStep::AtNextPoll | CloseStep::Already => {}
            },
            Some(Shut::AwaitPeer | Shut::Linger) | None => {}
        }
        if self.poll_has_gone(cx) {
            return false;
        }
        if self.line.is_ready() && self.engine.output() {
            let payload = self.payload(NOOP);
            self.answer_poll(payload);
        }
        match with_scratch(|scratch| self.probe_turn(cx, scratch)) {
            Probed::GoesOn => true,
            Probed::Over => {
                self.drop_probe();
                true
            }
            Probed::Upgraded => {
                // The WebSocket is the session's from here on: its turn comes at once.
                cx.waker().wake_by_ref();
                self.worker.shared.hub.writable(self.key());
                true
            }
        }
    }

    fn poll_has_gone(&mut self, cx: &mut TaskContext<'_>) -> bool {
        let Some(polling) = &mut self.polling else { return false };
        let gone = polling.poll.as_mut().is_some_and(|poll| poll.poll_closed(cx).is_ready());
        if gone {
            polling.poll = None;
        }
        gone && self.engine.poll_gone()
    }

    /// A WebSocket for this session has been opened, perhaps on another worker's thread.
    pub(super) fn probe(&mut self, transport: AnyTransport, first: BytesMut, ctx: &mut Context<Self>) {
        let timeout = self.worker.edge.socket_io.engine.upgrade_timeout_ms;
        let until = self.worker.edge.clock.mono().saturating_add(timeout);
        let Ok(transport) = at_home(transport) else { return };
        let link = Link::new(transport);
        if self.polling.is_none() || self.engine.probe(true, until) == ProbeAnswer::Close {
            return dismiss(link, self.worker.edge.socket_io.close_within());
        }
        if let Some(polling) = &mut self.polling {
            polling.probe = Some(Probe { link, decoder: Decoder::new(), first });
            polling.wait(false);
        }
        ctx.run_later(Duration::from_millis(timeout), move |session, _| {
            // Another one may be probing by now, with a time of its own.
            if session.engine.probe_deadline() == Some(until) {
                session.drop_probe();
            }
            if session.engine.transport() == Transport::WebSocket {
                session.polling = None;
            }
        });
    }

    /// The probe is over; polling goes on.
    pub(super) fn drop_probe(&mut self) {
        if let Some(probe) = self.polling.as_mut().and_then(|polling| polling.probe.take()) {
            self.engine.probe_ended();
            if let Some(polling) = &self.polling {
                polling.wait(true);
            }
            dismiss(probe.link, self.worker.edge.socket_io.close_within());
        }
    }

    /// Reads the probing WebSocket, if there is one.
    fn probe_turn(&mut self, cx: &mut TaskContext<'_>, scratch: &mut [u8]) -> Probed {
        let Some(mut probe) = self.polling.as_mut().and_then(|polling| polling.probe.take()) else {
            return Probed::GoesOn;
        };
        probe.link.attend(cx);
        let mut probed = Probed::GoesOn;
        if !probe.first.is_empty() {
            let mut first = std::mem::take(&mut probe.first);
            probed = self.probe_feed(&mut probe, &mut first);
        }
        if probe.link.poll_room(cx) == Room::Broken {
            probed = Probed::Over;
        }
        for _ in 0..READS_A_TURN {
            if probed != Probed::GoesOn {
                break;
            }
            probed = match probe.link.poll_read(cx, scratch) {
                Poll::Pending => break,
                Poll::Ready(Err(_) | Ok(0)) => Probed::Over,
                Poll::Ready(Ok(count)) => self.probe_feed(&mut probe, scratch.get_mut(..count).unwrap_or_default()),
            };
        }
        // The one that is over is dismissed by its caller.
        if let (Probed::GoesOn | Probed::Over, Some(polling)) = (probed, &mut self.polling) {
            polling.probe = Some(probe);
        }
        probed
    }

    fn probe_feed(&mut self, probe: &mut Probe, bytes: &mut [u8]) -> Probed {
        let limits = self.worker.edge.socket_io.limits;
        let Probe { link, decoder, .. } = probe;
        let mut probed = Probed::GoesOn;
        let result = decoder.decode(&limits, bytes, &mut |incoming| {
            match probed {
                Probed::GoesOn => probed = self.probe_message(link, &incoming),
                // Behind the upgrade packet: the session's already.
                Probed::Upgraded => self.incoming(incoming),
                Probed::Over => {}
            }
            ControlFlow::Continue(())
        });
        match (result, probed) {
            (Ok(_), Probed::Upgraded) => self.decoder = std::mem::replace(decoder, Decoder::new()),
            (Err(violation), Probed::Upgraded) => self.fail(violation),
            (Err(_), _) => probed = Probed::Over,
            (Ok(_), _) => {}
        }
        probed
    }

    fn probe_message(&mut self, link: &Rc<Link>, incoming: &Incoming<'_>) -> Probed {
        let packet = match incoming {
            Incoming::Text(text) => Packet::decode(text).ok(),
            Incoming::Ping(_) | Incoming::Pong(_) => return Probed::GoesOn,
            Incoming::Binary(_) | Incoming::Close(_) => None,
        };
        match self.engine.probe_packet(packet.as_ref()) {
            ProbeStep::Pong { noop } => {
                let pong = Packet::Pong(PROBE.into()).frame();
                let is_written = matches!(link.try_write(&[IoSlice::new(&pong)]), Ok(count) if count == pong.len());
                if noop {
                    self.answer_poll(NOOP.to_vec());
                }
                if is_written { Probed::GoesOn } else { Probed::Over }
            }
            ProbeStep::Upgraded { noop } => {
                if noop {
                    self.answer_poll(NOOP.to_vec());
                }
                self.line.take_over(link.clone());
                if let Some(polling) = &mut self.polling {
                    polling.seat = None;
                }
                self.worker.edge.socket_io.sessions.metrics.upgrades.inc();
                Probed::Upgraded
            }
            ProbeStep::Drop => Probed::Over,
        }
    }
}

/// Registers a plain socket with this thread, so that another one need not wake it. (A TLS session cannot be taken apart; its
/// socket works from here all the same.)
fn at_home(transport: AnyTransport) -> std::io::Result<AnyTransport> {
    match transport {
        AnyTransport::Plain(tcp) => Ok(AnyTransport::Plain(TcpStream::from_std(tcp.into_std()?)?)),
        tls @ AnyTransport::Tls(_) => Ok(tls),
    }
}
