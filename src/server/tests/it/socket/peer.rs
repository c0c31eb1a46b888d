//! A client for tests: knows the protocol's words, waits with a deadline, forgives nothing.

use super::SOON;
use super::wire::{AnyStream, narrow_tcp, tcp, upgrade};
use plenum_schema::codec::{Codec, decode, encode};
use plenum_schema::content::Content;
use plenum_schema::conversation::{ConversationEvent, Message};
use plenum_schema::wire::{
    Ack, AckResult, CaughtUp, ClientFrame, Command, Event, EventFrame, Gap, Goodbye, Heartbeat, Hello, History,
    Identified, Identify, Page, Ping, RefusalFrame, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, Send, Sent, ServerFrame,
    Signal, SignalFrame, Subscribe, Subscribed,
};
use plenum_schema::{Offset, Refusal, RefusalCode, Topic};
use plenum_websocket::Opcode;
use plenum_websocket::client::{frame, read_frame};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Both ways to speak.
pub const BOTH: [Codec; 2] = [Codec::Json, Codec::MessagePack];

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// What a peer can hear.
#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "frames are what is mostly heard, one at a time")]
pub enum Heard {
    Frame(ServerFrame),
    Ping,
    Pong(Vec<u8>),
    /// Code (1005: none was given) and reason.
    Close(u16, String),
    /// The TCP connection has ended.
    End,
}

/// What resuming is made of, in its order.
#[expect(clippy::large_enum_variant, reason = "one at a time, in tests")]
#[derive(Clone, PartialEq, Debug)]
pub enum Delivery {
    Event(EventFrame),
    Gap(Gap),
    CaughtUp(CaughtUp),
}

/// The end of a connection.
#[derive(Debug)]
pub struct Ended {
    pub code: u16,
    pub goodbye: Option<Goodbye>,
}

/// One connection.
pub struct Peer {
    stream: AnyStream,
    incoming: Vec<u8>,
    kept: VecDeque<Heard>,
    codec: Codec,
    next_id: u32,
    pub hello: Option<Hello>,
}

pub fn protocol_of(codec: Codec) -> &'static str {
    match codec {
        Codec::Json => SUBPROTOCOL_JSON,
        Codec::MessagePack => SUBPROTOCOL_MSGPACK,
    }
}

impl Peer {
    /// Connects and waits for hello.
    pub async fn connect(address: SocketAddr, codec: Codec) -> Self {
        Self::open(Box::new(tcp(address).await), address, codec).await
    }

    /// The same with small buffers in the kernel.
    pub async fn connect_narrow(address: SocketAddr, codec: Codec) -> Self {
        Self::open(Box::new(narrow_tcp(address).await), address, codec).await
    }

    /// The same on a stream that is there already.
    pub async fn open(mut stream: AnyStream, address: SocketAddr, codec: Codec) -> Self {
        let rest = upgrade(&mut stream, address, "/ws", Some(protocol_of(codec))).await;
        let mut peer = Self::upgraded(stream, rest, codec);
        peer.expect_hello().await;
        peer
    }

    /// On a stream that has been upgraded.
    pub fn upgraded(stream: AnyStream, incoming: Vec<u8>, codec: Codec) -> Self {
        Self { stream, incoming, kept: VecDeque::new(), codec, next_id: 0, hello: None }
    }

    /// The stream, and what was read from it and not heard yet.
    pub fn into_parts(self) -> (AnyStream, Vec<u8>) {
        (self.stream, self.incoming)
    }

    pub async fn expect_hello(&mut self) {
        match self.hear().await {
            Heard::Frame(ServerFrame::Hello(hello)) => self.hello = Some(hello),
            other => panic!("{other:?} instead of hello"),
        }
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + SOON;
        timeout_at(deadline, self.stream.write_all(bytes)).await.expect("the server reads in time")?;
        self.stream.flush().await
    }

    /// Sends a message of any content.
    pub async fn push_raw(&mut self, opcode: Opcode, payload: &[u8]) {
        self.write(&frame(opcode, MASK, payload)).await.unwrap();
    }

    /// A command as a frame, and the number its answer will have.
    pub fn framed(&mut self, command: Command) -> (u32, Vec<u8>) {
        self.next_id += 1;
        let payload = encode(self.codec, &ClientFrame { id: self.next_id, command }).unwrap();
        let opcode = if self.codec == Codec::Json { Opcode::Text } else { Opcode::Binary };
        (self.next_id, frame(opcode, MASK, &payload))
    }

    /// Sends a command; answers the number its answer will have.
    pub async fn push(&mut self, command: Command) -> u32 {
        self.try_push(command).await.unwrap()
    }

    /// The same on a connection that may be gone.
    pub async fn try_push(&mut self, command: Command) -> io::Result<u32> {
        let (id, bytes) = self.framed(command);
        self.write(&bytes).await?;
        Ok(id)
    }

    /// What comes next, whatever it is; pings are answered.
    pub async fn hear(&mut self) -> Heard {
        self.hear_until(Instant::now() + SOON).await.unwrap_or_else(|| panic!("nothing came; kept: {:?}", self.kept))
    }

    /// The same; `None` when nothing comes until then.
    pub async fn hear_until(&mut self, deadline: Instant) -> Option<Heard> {
        loop {
            if let Some(heard) = self.take() {
                if heard == Heard::Ping {
                    // A connection that is being closed by the server does not take it any more.
                    let _gone = self.write(&frame(Opcode::Pong, MASK, b"")).await;
                }
                return Some(heard);
            }
            match timeout_at(deadline, self.stream.read_buf(&mut self.incoming)).await {
                Err(_) => return None,
                // A reset is an end too: the server cuts off whoever does not answer.
                Ok(Ok(0) | Err(_)) => return Some(Heard::End),
                Ok(Ok(_)) => {}
            }
        }
    }

    fn take(&mut self) -> Option<Heard> {
        let (found, taken) = read_frame(&self.incoming)?;
        assert!(found.fin, "the server does not fragment");
        let wanted = if self.codec == Codec::Json { Opcode::Text } else { Opcode::Binary };
        let heard = match found.opcode {
            Opcode::Ping => Heard::Ping,
            Opcode::Pong => Heard::Pong(found.payload.to_vec()),
            Opcode::Close => match found.payload.split_first_chunk::<2>() {
                Some((code, why)) => Heard::Close(u16::from_be_bytes(*code), String::from_utf8(why.to_vec()).unwrap()),
                None => Heard::Close(1005, String::new()),
            },
            opcode => {
                assert_eq!(opcode, wanted);
                Heard::Frame(decode(self.codec, found.payload).unwrap())
            }
        };
        self.incoming.drain(..taken);
        Some(heard)
    }

    /// The first thing heard that fits; everything else is kept in its order.
    pub async fn find<T>(&mut self, what: &str, mut fits: impl FnMut(&Heard) -> Option<T>) -> T {
        let kept = self.kept.iter().enumerate().find_map(|(at, heard)| Some((at, fits(heard)?)));
        if let Some((at, found)) = kept {
            self.kept.remove(at);
            return found;
        }
        loop {
            let heard = self.hear().await;
            if let Some(found) = fits(&heard) {
                return found;
            }
            assert!(heard != Heard::End, "the connection ended instead of {what}; kept: {:?}", self.kept);
            self.kept.push_back(heard);
        }
    }

    async fn find_frame<T>(&mut self, what: &str, mut fits: impl FnMut(&ServerFrame) -> Option<T>) -> T {
        self.find(what, |heard| if let Heard::Frame(frame) = heard { fits(frame) } else { None }).await
    }

    /// Events that were heard and not asked for yet.
    pub fn kept_events(&self) -> usize {
        self.kept.iter().filter(|heard| matches!(heard, Heard::Frame(ServerFrame::Event(_)))).count()
    }

    /// The answer to a command, whichever it is.
    pub async fn answer(&mut self, id: u32) -> Result<AckResult, Refusal> {
        self.find_frame("an answer", |frame| match frame {
            ServerFrame::Ack(Ack { id: answered, result }) if *answered == id => Some(Ok(result.clone())),
            ServerFrame::Refusal(RefusalFrame { id: Some(answered), refusal }) if *answered == id => {
                Some(Err(refusal.clone()))
            }
            _ => None,
        })
        .await
    }

    pub async fn expect_ack(&mut self, id: u32) -> AckResult {
        self.answer(id).await.expect("an acknowledgement")
    }

    pub async fn expect_refusal(&mut self, id: u32) -> Refusal {
        self.answer(id).await.expect_err("a refusal")
    }

    /// Sends a command that must be refused like this.
    pub async fn refused(&mut self, command: Command, code: RefusalCode) -> Refusal {
        let id = self.push(command).await;
        let refusal = self.expect_refusal(id).await;
        assert_eq!(refusal.code, code, "{refusal}");
        refusal
    }

    /// The refusal of something that could not be read.
    pub async fn expect_malformed(&mut self) -> Refusal {
        let refusal = self
            .find_frame("a refusal without a number", |frame| match frame {
                ServerFrame::Refusal(RefusalFrame { id: None, refusal }) => Some(refusal.clone()),
                _ => None,
            })
            .await;
        assert_eq!(refusal.code, RefusalCode::Malformed, "{refusal}");
        refusal
    }

    pub async fn expect_event(&mut self) -> EventFrame {
        self.find_frame("an event", |frame| match frame {
            ServerFrame::Event(event) => Some(event.clone()),
            _ => None,
        })
        .await
    }

    /// The next event, which must be a message.
    pub async fn expect_message(&mut self) -> (Offset, Message) {
        let event = self.expect_event().await;
        match event.event {
            Event::Conversation(ConversationEvent::Message(message)) => (event.offset, message),
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// The next event, gap or end of a catch-up.
    pub async fn expect_delivery(&mut self) -> Delivery {
        self.find_frame("a delivery", |frame| match frame {
            ServerFrame::Event(event) => Some(Delivery::Event(event.clone())),
            ServerFrame::Gap(gap) => Some(Delivery::Gap(gap.clone())),
            ServerFrame::CaughtUp(caught_up) => Some(Delivery::CaughtUp(caught_up.clone())),
            _ => None,
        })
        .await
    }

    /// Everything up to the end of a catch-up: its gaps, the offsets of its events, where it ended.
    pub async fn expect_caught_up(&mut self) -> (Vec<Gap>, Vec<Offset>, Offset) {
        let (mut gaps, mut offsets) = (Vec::new(), Vec::new());
        loop {
            match self.expect_delivery().await {
                Delivery::Event(event) => offsets.push(event.offset),
                Delivery::Gap(gap) => gaps.push(gap),
                Delivery::CaughtUp(CaughtUp { position, .. }) => return (gaps, offsets, position),
            }
        }
    }

    pub async fn expect_signal(&mut self) -> (Topic, Signal) {
        self.find_frame("a signal", |frame| match frame {
            ServerFrame::Signal(SignalFrame { topic, signal }) => Some((*topic, signal.clone())),
            _ => None,
        })
        .await
    }

    pub async fn expect_heartbeat(&mut self) -> Heartbeat {
        self.find_frame("a heart-beat", |frame| match frame {
            ServerFrame::Heartbeat(beat) => Some(beat.clone()),
            _ => None,
        })
        .await
    }

    /// The server closes: its goodbye if it says one, its close frame, and after our answer the end of the connection.
    pub async fn expect_close(&mut self) -> Ended {
        let mut goodbye = None;
        let code = self
            .find("a close frame", |heard| match heard {
                Heard::Frame(ServerFrame::Goodbye(said)) => {
                    goodbye = Some(said.clone());
                    None
                }
                Heard::Close(code, _) => Some(*code),
                _ => None,
            })
            .await;
        // After a broken rule the server does not read any more.
        let _gone = self.write(&frame(Opcode::Close, MASK, &code.to_be_bytes())).await;
        assert_eq!(self.hear().await, Heard::End);
        if let Some(goodbye) = &goodbye {
            assert_eq!(goodbye.code, code);
        }
        Ended { code, goodbye }
    }

    /// What came so far has been carried out, and its answers have been read.
    pub async fn fence(&mut self) {
        let id = self.push(Command::Ping(Ping {})).await;
        self.expect_ack(id).await;
    }

    pub async fn identify(&mut self, token: &str) -> Identified {
        let id = self.push(identify(token)).await;
        match self.expect_ack(id).await {
            AckResult::Identified(identified) => identified,
            other => panic!("{other:?}"),
        }
    }

    pub async fn subscribe(&mut self, topic: Topic, since: Option<Offset>) -> Subscribed {
        let id = self.push(Command::Subscribe(Subscribe { topic, since })).await;
        match self.expect_ack(id).await {
            AckResult::Subscribed(subscribed) => subscribed,
            other => panic!("{other:?}"),
        }
    }

    /// Subscribes from now on and waits until that has begun.
    pub async fn follow(&mut self, topic: Topic) -> Offset {
        self.subscribe(topic, None).await;
        let (gaps, offsets, position) = self.expect_caught_up().await;
        assert_eq!((gaps, offsets), (Vec::new(), Vec::new()));
        position
    }

    /// Sends a message and waits for its acknowledgement.
    pub async fn say(&mut self, topic: Topic, text: &str) -> Sent {
        self.send(topic, None, text).await
    }

    pub async fn send(&mut self, topic: Topic, client_ref: Option<&str>, text: &str) -> Sent {
        let id = self.push(send(topic, client_ref, text)).await;
        match self.expect_ack(id).await {
            AckResult::Sent(sent) => sent,
            other => panic!("{other:?}"),
        }
    }

    pub async fn history(&mut self, history: History) -> Page {
        let id = self.push(Command::History(history)).await;
        match self.expect_ack(id).await {
            AckResult::Page(page) => page,
            other => panic!("{other:?}"),
        }
    }

    /// The whole log of a topic, page by page.
    pub async fn whole_history(&mut self, topic: Topic) -> Vec<EventFrame> {
        let mut events: Vec<EventFrame> = Vec::new();
        loop {
            let after = events.last().map_or(0, |last| last.offset);
            let page = self.history(History { topic, before: None, after: Some(after), limit: Some(100) }).await;
            if page.events.is_empty() {
                assert_eq!(after, page.head);
                return events;
            }
            events.extend(page.events);
        }
    }
}

pub fn identify(token: &str) -> Command {
    Command::Identify(Identify { token: token.to_owned(), client: None })
}

pub fn send(topic: Topic, client_ref: Option<&str>, text: &str) -> Command {
    Command::Send(Send { topic, client_ref: client_ref.map(str::to_owned), content: Content::text(text) })
}

pub fn subscribe(topic: Topic, since: Option<Offset>) -> Command {
    Command::Subscribe(Subscribe { topic, since })
}

/// Offset and text of the messages among events.
pub fn texts(events: &[EventFrame]) -> Vec<(Offset, String)> {
    let text = |event: &EventFrame| match &event.event {
        Event::Conversation(ConversationEvent::Message(message)) => Some((event.offset, message.content.text.clone())),
        Event::Conversation(_) | Event::Conference(_) => None,
    };
    events.iter().filter_map(text).collect()
}
