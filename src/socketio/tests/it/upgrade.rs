//! A model of the upgrade: server messages, polls, posts and a probing WebSocket in random order. Nothing is lost, doubled or
//! out of order, in either direction, whenever the client upgrades, and also when a probe fails.

use plenum_socketio::engine::packet::{PROBE, Packet};
use plenum_socketio::engine::polling::PollingBuffer;
use plenum_socketio::engine::session::{PollAnswer, ProbeAnswer, ProbeStep, Step};
use plenum_socketio::engine::{Session, Transport, payload};
use plenum_websocket::Opcode;
use plenum_websocket::client::read_frame;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::io::IoSlice;

/// A number as a message.
fn message(number: u32) -> Packet<'static> {
    if number.is_multiple_of(3) {
        return Packet::Binary(number.to_be_bytes().to_vec().into());
    }
    Packet::Text(number.to_string().into())
}

fn number(packet: &Packet<'_>) -> Option<u32> {
    match packet {
        Packet::Text(text) => text.parse().ok(),
        Packet::Binary(bytes) => Some(u32::from_be_bytes(bytes.as_ref().try_into().unwrap())),
        _ => None,
    }
}

/// The server's side, as a server with queues of its own builds it.
struct Server {
    session: Session,
    buffer: PollingBuffer,
    /// On its way to the client.
    websocket: VecDeque<u8>,
    /// The answer to the waiting poll, on its way.
    poll_answer: Option<String>,
    sent: u32,
    received: Vec<u32>,
}

impl Server {
    fn new() -> Self {
        Self {
            session: Session::new(Transport::Polling),
            buffer: PollingBuffer::new(usize::MAX),
            websocket: VecDeque::new(),
            poll_answer: None,
            sent: 0,
            received: Vec::new(),
        }
    }

    fn emit(&mut self) {
        let frame = message(self.sent).frame();
        self.sent += 1;
        match self.session.transport() {
            Transport::WebSocket => self.websocket.extend(frame),
            Transport::Polling => {
                assert_eq!(self.buffer.write(&[IoSlice::new(&frame)]), frame.len());
                if self.session.output() {
                    self.answer_with_output();
                }
            }
        }
    }

    fn answer_with_output(&mut self) {
        let payload = self.buffer.take_payload(64, 16).expect("there is output");
        self.poll_answer = Some(String::from_utf8(payload).unwrap());
    }

    fn poll(&mut self) {
        match self.session.poll(self.buffer.is_ready()) {
            PollAnswer::Output => self.answer_with_output(),
            PollAnswer::Noop => self.poll_answer = Some("6".into()),
            PollAnswer::Wait => {}
            other => panic!("a client that keeps the rules is answered {other:?}"),
        }
    }

    fn post(&mut self, body: &str) {
        self.session.post(false).expect("one post at a time");
        for packet in payload::decode(body.as_bytes(), 1_000).unwrap() {
            self.take(packet.unwrap());
        }
        self.session.post_ended();
    }

    fn take(&mut self, packet: Packet<'_>) {
        match self.session.packet(packet) {
            Step::Text(text) => self.received.extend(number(&Packet::Text(text))),
            Step::Binary(bytes) => self.received.extend(number(&Packet::Binary(bytes))),
            other => panic!("a message is no {other:?}"),
        }
    }

    /// A packet on the WebSocket. Answers whether it stays open.
    fn websocket_packet(&mut self, packet: Packet<'_>) -> bool {
        if self.session.transport() == Transport::WebSocket {
            self.take(packet);
            return true;
        }
        match self.session.probe_packet(Some(&packet)) {
            ProbeStep::Pong { noop } => {
                self.websocket.extend(Packet::Pong(PROBE.into()).frame());
                self.noop(noop);
            }
            ProbeStep::Upgraded { noop } => {
                self.noop(noop);
                self.websocket.extend(self.buffer.take_frames());
            }
            ProbeStep::Drop => return false,
        }
        true
    }

    fn noop(&mut self, wanted: bool) {
        if wanted {
            self.poll_answer = Some("6".into());
        }
    }
}

/// Where the client stands with its second transport.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Second {
    None,
    Probing,
    /// Probed: no new polls and posts; when those on their way are over, it upgrades.
    Pausing,
    Upgraded,
}

/// The client, as the reference implementation behaves.
struct Client {
    polling: bool,
    post: Option<String>,
    post_done: bool,
    second: Second,
    /// Its WebSocket packets on their way to the server.
    websocket: VecDeque<Packet<'static>>,
    queue: VecDeque<u32>,
    next: u32,
    received: Vec<u32>,
}

impl Client {
    fn receive_payload(&mut self, body: &str) {
        for packet in payload::decode(body.as_bytes(), 1_000).unwrap() {
            self.received.extend(number(&packet.unwrap()));
        }
    }

    fn flush(&mut self) {
        if self.second == Second::Upgraded {
            self.websocket.extend(self.queue.drain(..).map(message));
        } else if self.second != Second::Pausing && self.post.is_none() && !self.queue.is_empty() {
            let mut body = payload::PayloadBuilder::default();
            self.queue.drain(..).for_each(|number| body.push(&message(number)));
            self.post = Some(String::from_utf8(body.finish()).unwrap());
        }
    }
}

struct World {
    server: Server,
    client: Client,
    /// The poll has reached the server.
    poll_arrived: bool,
}

impl World {
    fn step(&mut self, choice: u32, busy: bool) {
        let Self { server, client, poll_arrived } = self;
        match choice {
            0 if busy => server.emit(),
            1 if busy => {
                client.queue.push_back(client.next);
                client.next += 1;
            }
            2 => client.flush(),
            3 if !client.polling && matches!(client.second, Second::None | Second::Probing) => client.polling = true,
            4 if client.polling && !*poll_arrived => {
                *poll_arrived = true;
                server.poll();
            }
            5 => {
                if let Some(body) = server.poll_answer.take() {
                    client.receive_payload(&body);
                    (client.polling, *poll_arrived) = (false, false);
                }
            }
            6 if !client.post_done => {
                if let Some(body) = &client.post {
                    server.post(body);
                    client.post_done = true;
                }
            }
            7 if client.post_done => (client.post, client.post_done) = (None, false),
            8 if client.second == Second::None => {
                assert_eq!(server.session.probe(true, 100), ProbeAnswer::Probe);
                client.second = Second::Probing;
                client.websocket.push_back(Packet::Ping(PROBE.into()));
            }
            9 => {
                if let Some(packet) = client.websocket.pop_front() {
                    assert!(server.websocket_packet(packet), "nothing of it is against the rules");
                }
            }
            10 => self.receive_frame(),
            11 if client.second == Second::Probing && busy => {
                // The probe breaks on its way, or its answer does; nothing else is on it.
                client.websocket.clear();
                server.websocket.clear();
                server.session.probe_ended();
                client.second = Second::None;
            }
            12 if client.second == Second::Pausing && !client.polling && client.post.is_none() => {
                client.websocket.push_back(Packet::Upgrade);
                client.second = Second::Upgraded;
            }
            _ => {}
        }
    }

    fn receive_frame(&mut self) {
        let bytes = self.server.websocket.make_contiguous();
        let Some((frame, len)) = read_frame(bytes) else { return };
        match frame.opcode {
            Opcode::Text => {
                let packet = Packet::decode(std::str::from_utf8(frame.payload).unwrap()).unwrap();
                if packet == Packet::Pong(PROBE.into()) {
                    assert_eq!(self.client.second, Second::Probing);
                    self.client.second = Second::Pausing;
                }
                self.client.received.extend(number(&packet));
            }
            Opcode::Binary => self.client.received.extend(number(&Packet::Binary(frame.payload.into()))),
            other => panic!("{other:?}"),
        }
        self.server.websocket.drain(..len);
    }
}

fn run(seed: u64) -> Second {
    let mut random = StdRng::seed_from_u64(seed);
    let client = Client {
        polling: false,
        post: None,
        post_done: false,
        second: Second::None,
        websocket: VecDeque::new(),
        queue: VecDeque::new(),
        next: 0,
        received: Vec::new(),
    };
    let mut world = World { server: Server::new(), client, poll_arrived: false };
    let upgrades = random.random_bool(0.9);
    for turn in 0..600 {
        let choice = random.random_range(0..13);
        if choice == 8 && !upgrades {
            continue;
        }
        world.step(choice, turn < 300);
    }
    // Everything on its way arrives.
    for turn in 0..2_000 {
        world.step(2 + turn % 11, false);
    }
    let World { server, client, .. } = world;
    assert_eq!(client.received, (0..server.sent).collect::<Vec<_>>(), "seed {seed}: to the client");
    assert_eq!(server.received, (0..client.next).collect::<Vec<_>>(), "seed {seed}: to the server");
    client.second
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_across_an_upgrade() {
    let upgraded = (0..3_000).filter(|seed| run(*seed) == Second::Upgraded).count();
    assert!(upgraded > 1_500, "the model is of upgrades: {upgraded}");
}
