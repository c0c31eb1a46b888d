//! The conference: made by a host, joined by everybody.

use super::super::Failure;
use crate::connection::Plan;
use crate::http::{self, HttpError};
use crate::load::Codecs;
use crate::net::SocketOptions;
use crate::wire::Dialect;
use plenum_schema::id::{ConferenceId, QuestionId};
use plenum_schema::topic::Topic;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Participants who join at the same time.
const JOINERS: usize = 32;
/// Options of the question.
pub const OPTIONS: u16 = 4;

/// A conference with its audience.
pub struct Stage {
    conference: ConferenceId,
    /// What is asked.
    pub question: QuestionId,
    /// The host's token.
    pub host: Box<str>,
    tokens: Vec<String>,
}

fn failed(error: &HttpError) -> Failure {
    Failure::History(error.to_string())
}

fn id_of<T: std::str::FromStr>(value: &Value) -> Result<T, Failure> {
    let id = value.get("id").and_then(Value::as_str).and_then(|text| text.parse().ok());
    id.ok_or_else(|| Failure::History("an answer without an id".to_owned()))
}

/// Makes a conference with one question and lets everybody join.
pub fn open(server: SocketAddr, host: &str, participants: usize, quiet: bool) -> Result<Stage, Failure> {
    let post = |path: &str, body: &Value| http::post(server, path, host, body).map_err(|error| failed(&error));
    let conference: ConferenceId = id_of(&post("/api/conference", &json!({ "title": "load" }))?)?;
    let base = format!("/api/conference/{conference}");
    let options: Vec<String> = (1..=OPTIONS).map(|option| format!("option {option}")).collect();
    let question = json!({ "text": "Which?", "options": options, "visibility": "live" });
    let question = id_of(&post(&format!("{base}/questions"), &question)?)?;
    post(&format!("{base}/start"), &json!({}))?;
    if !quiet {
        eprintln!("{participants} participants join");
    }
    let tokens = join_all(server, &base, participants)?;
    Ok(Stage { conference, question, host: host.into(), tokens })
}

fn join_all(server: SocketAddr, base: &str, participants: usize) -> Result<Vec<String>, Failure> {
    let (next, path) = (AtomicUsize::new(0), format!("{base}/join"));
    let joiner = || {
        let mut tokens = Vec::new();
        while next.fetch_add(1, Ordering::Relaxed) < participants {
            let joined = http::post(server, &path, "", &json!({}))?;
            tokens.extend(joined.get("token").and_then(Value::as_str).map(str::to_owned));
        }
        Ok::<_, HttpError>(tokens)
    };
    let mut tokens = Vec::with_capacity(participants);
    std::thread::scope(|scope| {
        let joiners: Vec<_> = (0..JOINERS).map(|_| scope.spawn(joiner)).collect();
        for joiner in joiners {
            let ended = joiner.join().map_err(|_| Failure::History("a joiner panicked".to_owned()))?;
            tokens.extend(ended.map_err(|error| failed(&error))?);
        }
        Ok::<_, Failure>(())
    })?;
    Ok(tokens)
}

impl Stage {
    /// What participants follow.
    pub fn topics(&self) -> Vec<Topic> {
        vec![Topic::Conference(self.conference)]
    }

    /// The connection of a participant.
    pub fn plan(&self, number: usize) -> Plan {
        let token: Rc<str> = self.tokens.get(number).map_or("", String::as_str).into();
        let dialect = Dialect::Plenum(Codecs::Mixed.of(number));
        Plan { dialect, token, topics: vec![(0, None)], socket: SocketOptions::default(), deaf: false }
    }

    /// A path below the question.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/conference/{}/questions/{}{rest}", self.conference, self.question)
    }

    /// Lets the audience answer.
    pub fn push(&self, server: SocketAddr) -> Result<(), Failure> {
        http::post(server, &self.path("/live"), &self.host, &json!({})).map(drop).map_err(|error| failed(&error))
    }

    /// Closes the question.
    pub fn close(&self, server: SocketAddr) -> Result<(), Failure> {
        http::post(server, &self.path("/close"), &self.host, &json!({})).map(drop).map_err(|error| failed(&error))
    }
}
