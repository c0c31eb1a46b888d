//! A polling client for tests: each request on a connection of its own, so that it may arrive on any worker.

use super::reading::Reading;
use crate::socket::world::Person;
use plenum_schema::wire::{
    AckResult, ClientFrame, Command, EventFrame, Goodbye, Identify, ServerFrame, Subscribe, Subscribed,
};
use plenum_schema::{Offset, Topic};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// One polling connection.
pub struct Poller {
    address: SocketAddr,
    pub key: String,
    /// Number of the last frame received.
    pub after: u64,
    /// Number of the next command.
    pub next: u64,
    wait_ms: u64,
    kept: VecDeque<ServerFrame>,
}

impl Poller {
    /// Opens a connection and hears hello.
    pub async fn open(address: SocketAddr) -> Self {
        let reading = Reading::ask(address, "POST", "/api/v1/poll", &[("Content-Length", "0")], "").await;
        assert_eq!(reading.status, 201, "{}", reading.head);
        assert!(reading.head.contains("cache-control: no-store"));
        let opened: Value = serde_json::from_str(&reading.body().await).unwrap();
        let key = opened["key"].as_str().unwrap().to_owned();
        let wait_ms = opened["waitMs"].as_u64().unwrap().min(10_000);
        let mut poller = Self { address, key, after: 0, next: 1, wait_ms, kept: VecDeque::new() };
        let ServerFrame::Hello(hello) = poller.frame().await else { panic!("hello") };
        assert_eq!(json!(hello.connection), opened["connection"]);
        poller
    }

    /// Opens a connection for somebody.
    pub async fn identified(address: SocketAddr, person: &Person) -> Self {
        let mut poller = Self::open(address).await;
        let identify = Command::Identify(Identify { token: person.token.clone(), client: None });
        let AckResult::Identified(identified) = poller.ask(identify).await else { panic!("identified") };
        assert_eq!(identified.user, person.user);
        poller
    }

    /// A request with this connection's key.
    pub async fn request(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let key = format!("Poll {}", self.key);
        let reading = Reading::ask(self.address, method, path, &[("Authorization", &key)], body).await;
        let status = reading.status;
        (status, serde_json::from_str(&reading.body().await).unwrap_or(Value::Null))
    }

    /// Asks for frames beyond a number.
    pub async fn fetch(&self, after: u64, wait_ms: u64) -> (u64, Vec<ServerFrame>) {
        let (status, page) = self.request("GET", &format!("/api/v1/poll?after={after}&waitMs={wait_ms}"), "").await;
        assert_eq!(status, 200, "{page}");
        (page["first"].as_u64().unwrap(), serde_json::from_value(page["frames"].clone()).unwrap())
    }

    /// The next frame.
    pub async fn frame(&mut self) -> ServerFrame {
        loop {
            if let Some(frame) = self.kept.pop_front() {
                return frame;
            }
            let (first, frames) = self.fetch(self.after, self.wait_ms).await;
            assert_eq!(first, self.after + 1);
            self.after += frames.len() as u64;
            self.kept.extend(frames);
        }
    }

    /// Sends commands under a number.
    pub async fn post(&self, first: u64, frames: &[ClientFrame]) -> (u16, Value) {
        self.request("POST", "/api/v1/poll/commands", &json!({ "first": first, "frames": frames }).to_string()).await
    }

    /// Sends a command; its id is its number.
    pub async fn push(&mut self, command: Command) -> u32 {
        let id = u32::try_from(self.next).unwrap();
        let (status, answer) = self.post(self.next, &[ClientFrame { id, command }]).await;
        assert_eq!((status, &answer["taken"]), (202, &json!(self.next)), "{answer}");
        self.next += 1;
        id
    }

    /// Sends a command and waits for its ack; other frames are kept for later.
    pub async fn ask(&mut self, command: Command) -> AckResult {
        let id = self.push(command).await;
        let mut others = Vec::new();
        loop {
            match self.frame().await {
                ServerFrame::Ack(ack) if ack.id == id => {
                    others.into_iter().rev().for_each(|frame| self.kept.push_front(frame));
                    return ack.result;
                }
                ServerFrame::Refusal(refusal) => panic!("{refusal:?}"),
                frame => others.push(frame),
            }
        }
    }

    pub async fn subscribe(&mut self, topic: Topic, since: Option<Offset>) -> Subscribed {
        let AckResult::Subscribed(subscribed) = self.ask(Command::Subscribe(Subscribe { topic, since })).await else {
            panic!("subscribed")
        };
        subscribed
    }

    pub async fn event(&mut self) -> EventFrame {
        loop {
            if let ServerFrame::Event(event) = self.frame().await {
                return event;
            }
        }
    }

    pub async fn goodbye(&mut self) -> Goodbye {
        loop {
            if let ServerFrame::Goodbye(goodbye) = self.frame().await {
                return goodbye;
            }
        }
    }
}
