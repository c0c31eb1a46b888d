//! A whole server in this process, with people in it.

use super::peer::Peer;
use crate::http;
use plenum_schema::codec::Codec;
use plenum_schema::{Topic, UserId};
use plenum_server::config::Config;
use plenum_server::serve::{Given, Running, start, start_on};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Somebody with an account and a token.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    pub token: String,
}

impl Person {
    pub fn topic(&self) -> Topic {
        Topic::User(self.user)
    }
}

/// A server that ends with its test.
pub struct World {
    pub server: Running,
    path: PathBuf,
    /// Absent when the test keeps the directory for another server.
    _data: Option<TempDir>,
}

impl World {
    /// Two workers, limits that tests do not meet.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// The same with other settings.
    pub fn with(edit: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut world = Self::at(data.path(), edit);
        world._data = Some(data);
        world
    }

    /// On a directory that outlives it.
    pub fn at(path: &Path, edit: impl FnOnce(&mut Config)) -> Self {
        let server = start(Self::config(path, edit)).unwrap_or_else(|error| panic!("{error}"));
        Self { server, path: path.to_owned(), _data: None }
    }

    /// On a store that it shares with others; the directory holds the keys.
    pub fn on(given: Given, path: &Path, edit: impl FnOnce(&mut Config)) -> Self {
        let server = start_on(Self::config(path, edit), given).unwrap_or_else(|error| panic!("{error}"));
        Self { server, path: path.to_owned(), _data: None }
    }

    fn config(path: &Path, edit: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::for_tests(path);
        config.server.workers = 2;
        config.limits.commands_per_second = 1_000_000;
        config.limits.commands_in_flight = 4_096;
        edit(&mut config);
        config
    }

    /// Ends the server and starts another on the same data.
    pub async fn restarted(self, edit: impl FnOnce(&mut Config)) -> Self {
        let Self { server, path, _data } = self;
        tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
        let mut world = Self::at(&path, edit);
        world._data = _data;
        world
    }

    /// Ends the server.
    pub async fn end(self) {
        let Self { server, .. } = self;
        tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
    }

    pub fn accounts(&self) -> &plenum_services::accounts::Accounts {
        self.server.accounts()
    }

    pub fn address(&self) -> SocketAddr {
        self.server.http()
    }

    pub async fn people(&self, count: usize) -> Vec<Person> {
        self.people_for(count, 3_600).await
    }

    /// People whose tokens live for so many seconds.
    pub async fn people_for(&self, count: usize, ttl_s: u64) -> Vec<Person> {
        let minted = self.accounts().mint_many(count, "Person", ttl_s).await.unwrap();
        let person = |one: plenum_services::accounts::Minted| Person {
            user: one.user,
            token: one.access_token.expose().to_owned(),
        };
        minted.into_iter().map(person).collect()
    }

    /// Asks the REST interface.
    pub fn rest(&self, who: &Person, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {}", who.token);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http::ask(self.address(), method, path, &[("Authorization", &bearer)], &body);
        (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
    }

    /// A group of these people; the first is its owner.
    pub fn group(&self, people: &[&Person]) -> Topic {
        let members: Vec<_> = people.iter().skip(1).map(|one| one.user).collect();
        self.conversation(people[0], &json!({ "kind": "group", "title": "A group", "members": members }))
    }

    pub fn direct(&self, one: &Person, other: &Person) -> Topic {
        self.conversation(one, &json!({ "userId": other.user }))
    }

    fn conversation(&self, by: &Person, body: &Value) -> Topic {
        let (status, answer) = self.rest(by, "POST", "/api/v1/conversations", body);
        assert_eq!(status, 201, "{answer}");
        answer["topic"].as_str().unwrap().parse().unwrap()
    }

    /// A path of the REST interface below a conversation.
    pub fn path_of(topic: Topic, rest: &str) -> String {
        let text = topic.to_string();
        let (_, id) = text.split_once(':').unwrap();
        format!("/api/v1/conversations/{id}{rest}")
    }

    /// A connection that is identified.
    pub async fn peer(&self, codec: Codec, person: &Person) -> Peer {
        let mut peer = Peer::connect(self.address(), codec).await;
        assert_eq!(peer.identify(&person.token).await.user, person.user);
        peer
    }

    /// The sum of a metric over its labels.
    pub fn metric(&self, name: &str) -> i64 {
        self.metric_with(name, "")
    }

    /// The sum of a metric over those of its labels in which a text stands, such as `what="beat"`.
    pub fn metric_with(&self, name: &str, label: &str) -> i64 {
        let text = http::get(self.server.operations(), "/metrics").body;
        let lines = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name) && line.contains(label));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map(|value| value as i64).sum()
    }
}
