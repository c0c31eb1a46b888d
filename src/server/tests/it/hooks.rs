//! Webhooks of conferences, from a whole server to a receiver on loopback.

use crate::journey::conference::Hall;
use crate::socket::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use plenum_server::config::Config;
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);
/// Long enough for what must not come to come.
const NOTHING: Duration = Duration::from_millis(300);

/// One delivery.
struct Told {
    headers: HashMap<String, String>,
    text: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The name of what happened.
    fn event(&self) -> String {
        self.json()["event"].as_object().unwrap().keys().next().unwrap().clone()
    }

    /// As a receiver checks it, by the headers and the bytes alone.
    fn is_signed_with(&self, secret: &str) -> bool {
        let secret = BASE64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let (id, at) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(format!("{id}.{at}.{}", self.text).as_bytes());
        let signature = BASE64.decode(self.headers["webhook-signature"].strip_prefix("v1,").unwrap()).unwrap();
        mac.verify_slice(&signature).is_ok() && *id == self.json()["id"]
    }
}

/// Somebody who is told.
struct Ear {
    address: SocketAddr,
    told: Receiver<Told>,
    /// The status and further headers of every answer from now on.
    answer: Arc<Mutex<String>>,
}

impl Ear {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, told) = sync_channel(1_000);
        let answer = Arc::new(Mutex::new("204 No Content".to_owned()));
        let says = answer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut headers, mut line) = (HashMap::new(), String::new());
                while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                    if let Some((name, value)) = line.trim().split_once(": ") {
                        headers.insert(name.to_ascii_lowercase(), value.to_owned());
                    }
                    line.clear();
                }
                let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_err() {
                    continue;
                }
                let answer =
                    format!("HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", says.lock().unwrap());
                stream.write_all(answer.as_bytes()).ok();
                if sender.send(Told { headers, text: String::from_utf8(body).unwrap() }).is_err() {
                    return;
                }
            }
        });
        Self { address, told, answer }
    }

    fn answers(&self, status: &str) {
        *self.answer.lock().unwrap() = status.to_owned();
    }

    fn url(&self) -> String {
        format!("http://{}/hook?of=us", self.address)
    }

    fn next(&self) -> Told {
        self.told.recv_timeout(SOON).unwrap()
    }

    #[track_caller]
    fn hears_nothing(&self) {
        assert!(matches!(self.told.recv_timeout(NOTHING), Err(RecvTimeoutError::Timeout)));
    }
}

/// Calls this machine, and is impatient.
fn near(config: &mut Config) {
    let hooks = &mut config.conferences.service.hooks;
    hooks.allow_private = true;
    hooks.timeout_ms = 5_000;
    hooks.first_wait_ms = 20;
    hooks.longest_wait_ms = 100;
    hooks.sweep_every_s = 1;
}

fn added(world: &World, hall: &Hall, url: &str) -> Value {
    let (status, hook) = hall.ask(world, "POST", "/webhooks", &json!({ "url": url }));
    assert_eq!(status, 201, "{hook}");
    hook
}

/// The only webhook as its host sees it, once it fits.
fn until(world: &World, hall: &Hall, fits: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + SOON;
    loop {
        let (_, hooks) = hall.ask(world, "GET", "/webhooks", &Value::Null);
        if fits(&hooks["items"][0]) {
            return hooks["items"][0].clone();
        }
        assert!(Instant::now() < deadline, "{hooks}");
        // The host has so many requests a second as everybody.
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

fn quiz() -> Value {
    json!({ "text": "Which?", "kind": "quiz", "options": ["a", "b"], "correct": [2] })
}

fn push(world: &World, hall: &Hall, what: &str, question: plenum_schema::QuestionId) {
    let (status, answer) = hall.ask(world, "POST", &format!("/questions/{question}/{what}"), &Value::Null);
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn webhooks_are_told_what_happens_signed_in_order_and_nothing_that_is_hidden() {
    let world = World::with(near);
    let hall = Hall::open(&world, &json!({ "title": "Told" })).await;
    let ear = Ear::open();
    let hook = added(&world, &hall, &ear.url());
    let question = hall.question(&world, &quiz());
    push(&world, &hall, "live", question);
    push(&world, &hall, "close", question);
    let shown = json!({ "shown": true });
    assert_eq!(hall.ask(&world, "POST", &format!("/questions/{question}/show"), &shown).0, 200);
    assert_eq!(hall.ask(&world, "POST", "/end", &Value::Null).0, 200);
    let told: Vec<Told> = (0..3).map(|_| ear.next()).collect();
    let events: Vec<String> = told.iter().map(Told::event).collect();
    assert_eq!(events, ["questionLive", "questionClosed", "ended"]);
    for one in &told {
        assert!(one.is_signed_with(hook["secret"].as_str().unwrap()));
        assert_eq!(one.headers["content-type"], "application/json");
        assert_eq!(one.json()["conference"], hall.id.to_string());
        let at = one.headers["webhook-timestamp"].parse::<i64>().unwrap();
        assert!((at * 1_000 - one.json()["at"].as_i64().unwrap()).abs() < 60_000);
    }
    assert!(!told[0].text.contains("correct"), "what is right is told to nobody: {}", told[0].text);
    assert!(
        told[1].json()["event"]["questionClosed"]["results"].is_null(),
        "the results were hidden: {}",
        told[1].text
    );
    let seen = until(&world, &hall, |hook| hook["delivered"] == 3);
    assert_eq!((&seen["failures"], &seen["secret"]), (&json!([]), &Value::Null), "the secret is told once");
    assert_eq!(hall.ask(&world, "POST", "/webhooks", &json!({ "url": ear.url() })).0, 410, "it is over");
    ear.hears_nothing();
    world.end().await;
}

#[tokio::test]
async fn who_does_not_take_an_event_is_told_it_again_under_the_same_id_and_its_host_sees_why() {
    let world = World::with(near);
    let hall = Hall::open(&world, &json!({ "title": "Deaf" })).await;
    let (ear, elsewhere) = (Ear::open(), Ear::open());
    let hook = added(&world, &hall, &ear.url());
    ear.answers("500 Internal Server Error");
    let question = hall.question(&world, &quiz());
    push(&world, &hall, "live", question);
    let first = ear.next();
    until(&world, &hall, |hook| hook["failures"][0]["reason"] == "the answer was 500" && hook["nextAt"].is_i64());
    // An answer that sends on to somewhere else is not followed.
    ear.answers(&format!("307 Temporary Redirect\r\nlocation: {}", elsewhere.url()));
    push(&world, &hall, "close", question);
    until(&world, &hall, |hook| hook["failures"][0]["reason"] == "the answer was 307");
    elsewhere.hears_nothing();
    ear.answers("200 OK");
    let seen = until(&world, &hall, |hook| hook["delivered"] == 2);
    assert!(seen["nextAt"].is_null() && seen["failures"].as_array().unwrap().len() <= 10, "{seen}");
    let told: Vec<Told> = ear.told.try_iter().collect();
    let closed = told.iter().position(|one| one.event() == "questionClosed").unwrap();
    let id = |one: &Told| one.headers["webhook-id"].clone();
    assert!(told[..closed].iter().all(|one| one.event() == "questionLive" && id(one) == id(&first)), "in order");
    assert_ne!(id(&told[closed]), id(&first));
    assert!(told.iter().all(|one| one.is_signed_with(hook["secret"].as_str().unwrap())), "each try has its own time");
    let path = format!("/webhooks/{}", hook["id"].as_str().unwrap());
    assert_eq!(hall.ask(&world, "DELETE", &path, &Value::Null).0, 204);
    assert_eq!(hall.ask(&world, "DELETE", &path, &Value::Null).0, 404);
    assert_eq!(hall.ask(&world, "POST", "/end", &Value::Null).0, 200);
    ear.hears_nothing();
    world.end().await;
}

#[tokio::test]
async fn what_nobody_was_told_before_a_restart_is_told_after_it() {
    let world = World::with(near);
    let hall = Hall::open(&world, &json!({ "title": "Restarted" })).await;
    let ear = Ear::open();
    let hook = added(&world, &hall, &ear.url());
    ear.answers("503 Service Unavailable");
    let question = hall.question(&world, &quiz());
    push(&world, &hall, "live", question);
    push(&world, &hall, "close", question);
    let before = ear.next();
    let world = world.restarted(near).await;
    ear.answers("200 OK");
    let told = std::iter::repeat_with(|| ear.next()).find(|one| one.event() == "questionClosed").unwrap();
    assert!(told.is_signed_with(hook["secret"].as_str().unwrap()));
    assert_eq!(before.event(), "questionLive");
    assert!(before.json()["offset"].as_u64() < told.json()["offset"].as_u64());
    until(&world, &hall, |hook| hook["delivered"] == 2);
    world.end().await;
}

#[tokio::test]
async fn an_event_that_nobody_takes_for_long_is_given_up_and_the_next_one_is_told() {
    let world = World::with(|config| {
        near(config);
        config.conferences.service.hooks.give_up_s = 1;
    });
    let hall = Hall::open(&world, &json!({ "title": "Given up" })).await;
    let ear = Ear::open();
    added(&world, &hall, &ear.url());
    ear.answers("404 Not Found");
    let question = hall.question(&world, &quiz());
    push(&world, &hall, "live", question);
    let seen = until(&world, &hall, |hook| hook["givenUp"] == 1);
    assert_eq!(seen["failures"][0]["reason"], "too old: given up");
    ear.answers("200 OK");
    push(&world, &hall, "close", question);
    until(&world, &hall, |hook| hook["delivered"] == 1);
    assert_eq!(ear.told.try_iter().last().unwrap().event(), "questionClosed");
    world.end().await;
}

#[tokio::test]
async fn no_host_makes_the_server_call_what_only_it_can_reach() {
    let ear = Ear::open();
    let port = ear.address.port();
    // This port is called, so that the other checks are what refuses.
    let world = World::with(|config| {
        let hooks = &mut config.conferences.service.hooks;
        (hooks.most, hooks.ports) = (2, vec![443, port]);
    });
    let hall = Hall::open(&world, &json!({ "title": "Curious" })).await;
    for url in [
        ear.url(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://example.org:22/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://user:word@example.org/".to_owned(),
        "gopher://example.org/".to_owned(),
        format!("https://example.org/{}", "a".repeat(2_000)),
    ] {
        let (status, problem) = hall.ask(&world, "POST", "/webhooks", &json!({ "url": url }));
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("url")), "{url}: {problem}");
    }
    let stranger = world.people(1).await.remove(0);
    let other = |method: &str, body: &Value| world.rest(&stranger, method, &hall.path("/webhooks"), body).0;
    assert_eq!((other("GET", &Value::Null), other("POST", &json!({ "url": "https://example.org" }))), (403, 403));
    for _ in 0..2 {
        added(&world, &hall, "https://example.org/hook");
    }
    let (status, problem) = hall.ask(&world, "POST", "/webhooks", &json!({ "url": "https://example.org" }));
    assert_eq!(problem["code"], "limitReached", "{status} {problem}");
    ear.hears_nothing();
    world.end().await;
}
