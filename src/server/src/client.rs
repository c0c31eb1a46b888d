//! A small client of the native protocol, for `plenum tail`, `publish` and `export`.

mod address;
mod stream;

pub use address::{Address, AddressError};

use plenum_schema::Refusal;
use plenum_schema::codec::{Codec, DecodeError, decode, encode};
use plenum_schema::wire::{
    Ack, AckResult, ClientFrame, ClientInfo, Command, Goodbye, Hello, Identify, RefusalFrame, SUBPROTOCOL_JSON,
    ServerFrame,
};
use plenum_websocket::Opcode;
use plenum_websocket::client::{frame, read_frame};
use std::collections::VecDeque;
use std::time::Duration;
use stream::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The most bytes of a frame that the client waits for.
const MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;
/// The most frames that may come while one answer is awaited.
const MAX_WAITING: usize = 4_096;
/// How long connecting, the handshake and the greeting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// The normal end of a connection (RFC 6455 §7.4.1).
const NORMAL_CLOSURE: [u8; 2] = 1000_u16.to_be_bytes();

/// Why a connection did not come about or ended.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The network.
    #[error("the connection failed: {0}")]
    Io(#[from] std::io::Error),
    /// The answer to the upgrade was another one.
    #[error("the server did not accept the websocket: {0}")]
    Handshake(String),
    /// TLS cannot be set up.
    #[error("tls: {0}")]
    Tls(String),
    /// Bytes that are no frame of the protocol.
    #[error("the server sent something that is not the protocol: {0}")]
    Protocol(String),
    /// A frame that cannot be read or written.
    #[error("a frame cannot be read: {0}")]
    Frame(#[from] DecodeError),
    /// Nothing came for too long.
    #[error("the server has been silent for too long")]
    Silent,
    /// The server refused a command.
    #[error("the server refused: {0}")]
    Refused(#[from] Refusal),
    /// The server closed.
    #[error("the server closed the connection: {reason} ({code})")]
    Closed {
        /// The close code; 1005 when none was given.
        code: u16,
        /// The reason.
        reason: String,
        /// When to come back, if the server said so.
        retry_after_ms: Option<u64>,
    },
}

impl ClientError {
    /// Whether the same may succeed a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Io(_) | Self::Silent => true,
            Self::Closed { code, .. } => *code < 4500,
            Self::Refused(refusal) => refusal.retry_after_ms.is_some(),
            Self::Handshake(answer) => answer.contains(" 503 "),
            Self::Tls(_) | Self::Protocol(_) | Self::Frame(_) => false,
        }
    }

    /// When the server wants to see us again.
    #[must_use]
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Closed { retry_after_ms, .. } => *retry_after_ms,
            Self::Refused(refusal) => refusal.retry_after_ms,
            _ => None,
        }
    }
}

/// An identified connection.
pub struct Client {
    stream: Box<dyn Stream>,
    incoming: Vec<u8>,
    waiting: VecDeque<ServerFrame>,
    next_id: u32,
    goodbye: Option<Goodbye>,
    hello: Option<Hello>,
    silence: Duration,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("hello", &self.hello).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects and identifies.
    ///
    /// # Errors
    /// [`ClientError`]; a wrong token is a [`ClientError::Refused`].
    pub async fn connect(address: &Address, token: &str) -> Result<Self, ClientError> {
        let connecting = Self::open(address, token);
        tokio::time::timeout(CONNECT_WITHIN, connecting).await.unwrap_or(Err(ClientError::Silent))
    }

    async fn open(address: &Address, token: &str) -> Result<Self, ClientError> {
        let (stream, incoming) = stream::upgrade(address, SUBPROTOCOL_JSON).await?;
        let mut client = Self {
            stream,
            incoming,
            waiting: VecDeque::new(),
            next_id: 0,
            goodbye: None,
            hello: None,
            silence: CONNECT_WITHIN,
        };
        match client.receive().await? {
            ServerFrame::Hello(hello) => {
                client.silence = Duration::from_millis(u64::from(hello.heartbeat.timeout_ms));
                client.hello = Some(hello);
            }
            other => return Err(ClientError::Protocol(format!("{other:?} instead of hello"))),
        }
        let program = ClientInfo { name: "plenum".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        client.ask(Command::Identify(Identify { token: token.to_owned(), client: Some(program) })).await?;
        Ok(client)
    }

    /// What the server said first.
    #[must_use]
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Sends a command and waits for its answer. Frames that come meanwhile are kept for [`Client::next`].
    ///
    /// # Errors
    /// [`ClientError::Refused`] when it was refused.
    pub async fn ask(&mut self, command: Command) -> Result<AckResult, ClientError> {
        self.next_id = self.next_id.wrapping_add(1);
        let id = self.next_id;
        let bytes = encode(Codec::Json, &ClientFrame { id, command })?;
        self.write(Opcode::Text, &bytes).await?;
        loop {
            match self.receive().await? {
                ServerFrame::Ack(Ack { id: answered, result }) if answered == id => return Ok(result),
                ServerFrame::Refusal(RefusalFrame { id: Some(answered), refusal }) if answered == id => {
                    return Err(refusal.into());
                }
                other if self.waiting.len() < MAX_WAITING => self.waiting.push_back(other),
                _ => return Err(ClientError::Protocol("an answer does not come".to_owned())),
            }
        }
    }

    /// The next frame.
    ///
    /// # Errors
    /// [`ClientError`] when the connection has ended.
    pub async fn next(&mut self) -> Result<ServerFrame, ClientError> {
        match self.waiting.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive().await,
        }
    }

    /// Says goodbye. The server's answer is not awaited.
    pub async fn close(mut self) {
        // A connection that is gone needs no goodbye.
        let _gone = self.write(Opcode::Close, &NORMAL_CLOSURE).await;
    }

    async fn receive(&mut self) -> Result<ServerFrame, ClientError> {
        loop {
            if let Some((opcode, payload)) = self.take_frame()? {
                match opcode {
                    Opcode::Text => {
                        let frame = decode(Codec::Json, &payload)?;
                        if let ServerFrame::Goodbye(goodbye) = &frame {
                            self.goodbye = Some(goodbye.clone());
                        }
                        return Ok(frame);
                    }
                    Opcode::Ping => self.write(Opcode::Pong, &payload).await?,
                    Opcode::Pong => {}
                    Opcode::Close => return Err(self.closed(&payload)),
                    Opcode::Binary | Opcode::Continuation => {
                        return Err(ClientError::Protocol("a frame of another sub-protocol".to_owned()));
                    }
                }
            } else {
                self.read().await?;
            }
        }
    }

    fn take_frame(&mut self) -> Result<Option<(Opcode, Vec<u8>)>, ClientError> {
        let Some((frame, taken)) = read_frame(&self.incoming) else {
            let is_endless = self.incoming.len() > MAX_FRAME_BYTES;
            return if is_endless { Err(ClientError::Protocol("an endless frame".to_owned())) } else { Ok(None) };
        };
        if !frame.fin {
            return Err(ClientError::Protocol("a fragment".to_owned()));
        }
        let found = (frame.opcode, frame.payload.to_vec());
        self.incoming.drain(..taken);
        Ok(Some(found))
    }

    async fn read(&mut self) -> Result<(), ClientError> {
        let read = tokio::time::timeout(self.silence, self.stream.read_buf(&mut self.incoming));
        match read.await {
            Err(_) => Err(ClientError::Silent),
            Ok(Ok(0)) => Err(self.closed(&[])),
            Ok(done) => Ok(done.map(drop)?),
        }
    }

    fn closed(&mut self, payload: &[u8]) -> ClientError {
        let (code, reason) = match payload.split_first_chunk::<2>() {
            Some((code, reason)) => (u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()),
            None => (1005, "no reason given".to_owned()),
        };
        let retry_after_ms = self.goodbye.take().and_then(|goodbye| goodbye.retry_after_ms);
        ClientError::Closed { code, reason, retry_after_ms }
    }

    async fn write(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), ClientError> {
        self.stream.write_all(&frame(opcode, rand::random(), payload)).await?;
        Ok(self.stream.flush().await?)
    }
}
