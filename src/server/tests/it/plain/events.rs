//! An `EventSource` for tests: keeps the rules of the HTML standard (§9.2.6) and comes back when it is told to.

use super::reading::Reading;
use crate::socket::wire::{AnyStream, tcp};
use crate::socket::world::Person;
use plenum_schema::wire::{EventFrame, Goodbye, ServerFrame};
use plenum_schema::{Offset, Topic};
use std::net::SocketAddr;

/// One stream.
pub struct Stream {
    reading: Reading,
    text: String,
    data: String,
    id: String,
    /// What the browser would send as `Last-Event-ID`.
    pub last_id: String,
    pub retry_ms: Option<u64>,
    pub comments: usize,
}

pub fn list(topics: &[Topic]) -> String {
    topics.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Stream {
    pub fn path(topics: &[Topic]) -> String {
        format!("/api/v1/stream?topics={}", list(topics))
    }

    /// Asks for a stream; the status may be any.
    pub async fn ask(address: SocketAddr, person: &Person, path: &str, last_id: &str) -> Reading {
        Self::ask_on(Box::new(tcp(address).await), address, person, path, last_id).await.expect("an answer")
    }

    async fn ask_on(
        stream: AnyStream,
        address: SocketAddr,
        person: &Person,
        path: &str,
        last_id: &str,
    ) -> Option<Reading> {
        let bearer = format!("Bearer {}", person.token);
        let mut headers = vec![("Authorization", bearer.as_str()), ("Accept", "text/event-stream")];
        if !last_id.is_empty() {
            headers.push(("Last-Event-ID", last_id));
        }
        Reading::ask_on(stream, address, "GET", path, &headers, "").await
    }

    pub fn of(reading: Reading, last_id: &str) -> Self {
        assert_eq!(reading.status, 200, "{}", reading.head);
        let (text, data, id) = (String::new(), String::new(), last_id.to_owned());
        Self { reading, text, data, last_id: id.clone(), id, retry_ms: None, comments: 0 }
    }

    /// Opens a stream.
    pub async fn open(address: SocketAddr, person: &Person, topics: &[Topic]) -> Self {
        Self::at(address, person, &Self::path(topics), "").await
    }

    /// Opens one at a path, going on where an id says.
    pub async fn at(address: SocketAddr, person: &Person, path: &str, last_id: &str) -> Self {
        Self::of(Self::ask(address, person, path, last_id).await, last_id)
    }

    /// As a page opens one: with whatever is in its address.
    pub async fn by_address(address: SocketAddr, path: &str) -> Self {
        let (stream, headers) = (Box::new(tcp(address).await), [("Accept", "text/event-stream")]);
        Self::of(Reading::ask_on(stream, address, "GET", path, &headers, "").await.expect("an answer"), "")
    }

    /// On a connection that is there already.
    pub async fn on(stream: AnyStream, address: SocketAddr, person: &Person, topics: &[Topic]) -> Self {
        let path = Self::path(topics);
        Self::of(Self::ask_on(stream, address, person, &path, "").await.expect("an answer"), "")
    }

    pub fn head(&self) -> &str {
        &self.reading.head
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            while let Some(end) = self.text.find('\n') {
                let line: String = self.text.drain(..=end).collect();
                if let Some(data) = self.line(line.trim_end_matches('\n')) {
                    return Some(serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}")));
                }
            }
            let piece = self.reading.piece().await?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// Takes a line; answers the data of the event that it completes.
    fn line(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            self.last_id.clone_from(&self.id);
            return Some(std::mem::take(&mut self.data)).filter(|data| !data.is_empty());
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => self.comments += 1,
            "data" => self.data.push_str(value),
            "id" => value.clone_into(&mut self.id),
            "retry" => self.retry_ms = Some(value.parse().unwrap()),
            other => panic!("a field {other}"),
        }
        None
    }

    /// The next frame of a kind; others are passed over.
    pub async fn find<T>(&mut self, what: &str, mut wanted: impl FnMut(ServerFrame) -> Option<T>) -> T {
        loop {
            let frame = self.next().await.unwrap_or_else(|| panic!("the stream ends before {what}"));
            if let Some(found) = wanted(frame) {
                return found;
            }
        }
    }

    pub async fn event(&mut self) -> EventFrame {
        self.find("an event", |frame| if let ServerFrame::Event(event) = frame { Some(event) } else { None }).await
    }

    /// Until a topic has caught up: the offsets that came before.
    pub async fn caught_up(&mut self, topic: Topic) -> Vec<Offset> {
        let mut offsets = Vec::new();
        self.find("caughtUp", |frame| match frame {
            ServerFrame::Event(event) if event.topic == topic => {
                offsets.push(event.offset);
                None
            }
            ServerFrame::CaughtUp(caught_up) => (caught_up.topic == topic).then_some(()),
            _ => None,
        })
        .await;
        offsets
    }

    pub async fn goodbye(&mut self) -> Goodbye {
        self.find("goodbye", |frame| if let ServerFrame::Goodbye(goodbye) = frame { Some(goodbye) } else { None }).await
    }
}
