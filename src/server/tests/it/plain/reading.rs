//! An HTTP/1.1 client that reads an answer while it comes.

use crate::socket::SOON;
use crate::socket::wire::{AnyStream, tcp};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// An answer whose head has been read.
pub struct Reading {
    stream: AnyStream,
    raw: Vec<u8>,
    pub status: u16,
    pub head: String,
    is_chunked: bool,
    /// What is to come of a body whose length was declared.
    left: Option<usize>,
}

impl Reading {
    /// Asks on a connection of its own.
    pub async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::ask_on(Box::new(tcp(address).await), address, method, path, headers, body).await.expect("an answer")
    }

    /// Asks on a connection that is there already; `None` when it ends before the head is complete.
    pub async fn ask_on(
        mut stream: AnyStream,
        address: SocketAddr,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Self> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
        if headers.iter().all(|(name, _)| *name != "Connection") {
            request.push_str("Connection: close\r\n");
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.ok()?;
        let mut reading =
            Self { stream, raw: Vec::new(), status: 0, head: String::new(), is_chunked: false, left: None };
        let end = loop {
            if let Some(at) = reading.raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if !reading.more().await {
                return None;
            }
        };
        reading.head = String::from_utf8(reading.raw.drain(..end + 4).collect()).unwrap();
        reading.status = reading.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        reading.head.make_ascii_lowercase();
        reading.is_chunked = reading.head.contains("transfer-encoding: chunked");
        let length = reading.head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        reading.left = length.map(|length| length.parse().unwrap());
        Some(reading)
    }

    /// Reads on; answers whether there was anything.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1_024];
        let read =
            timeout_at(Instant::now() + SOON, self.stream.read(&mut buffer)).await.expect("the server writes in time");
        let count = read.unwrap_or(0);
        self.raw.extend_from_slice(&buffer[..count]);
        count > 0
    }

    /// The next piece of the body; `None` at its end.
    pub async fn piece(&mut self) -> Option<Vec<u8>> {
        loop {
            if !self.is_chunked {
                if self.left == Some(0) {
                    return None;
                }
                if !self.raw.is_empty() {
                    self.left = self.left.map(|left| left - self.raw.len());
                    return Some(std::mem::take(&mut self.raw));
                }
            } else if let Some((length, at)) = self.chunk() {
                if length == 0 {
                    return None;
                }
                if self.raw.len() >= at + length + 2 {
                    let piece = self.raw[at..at + length].to_vec();
                    self.raw.drain(..at + length + 2);
                    return Some(piece);
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Length of the chunk that comes next, and where it begins.
    fn chunk(&self) -> Option<(usize, usize)> {
        let line = self.raw.windows(2).position(|two| two == b"\r\n")?;
        let length = std::str::from_utf8(&self.raw[..line]).unwrap();
        Some((usize::from_str_radix(length.trim(), 16).expect("a chunk's length"), line + 2))
    }

    /// The whole body.
    pub async fn body(self) -> String {
        self.body_and_stream().await.0
    }

    /// The whole body, and the connection for another request.
    pub async fn body_and_stream(mut self) -> (String, AnyStream) {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await {
            body.extend(piece);
        }
        (String::from_utf8(body).unwrap(), self.stream)
    }
}
