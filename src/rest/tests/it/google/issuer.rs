//! An issuer on loopback: keys, codes for PKCE, tokens. It does well or badly as a test wants.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

pub const ISSUER: &str = "https://accounts.google.com";
pub const SECRET: &str = "secret of the client";

/// How it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    Well,
    /// It takes connections and says nothing.
    Silent,
    /// It says nothing until it is well.
    Held,
    /// 200 with something else.
    Nonsense,
    /// 200 with more than anybody reads.
    Endless,
    /// Elsewhere.
    Away,
    Failing,
}

/// What a code stands for.
struct Granted {
    challenge: String,
    redirect_uri: String,
    token: String,
}

struct State {
    mood: Mood,
    /// Which keys are published: their places in the file, which are their names, too.
    published: Vec<usize>,
    cache_control: String,
    keys_asked: usize,
    codes_asked: usize,
    checks_verifier: bool,
    codes: HashMap<String, Granted>,
}

pub struct FakeIssuer {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Connections that are never answered end with it.
    _end: SyncSender<()>,
}

/// A key of the tests.
pub fn key(number: usize) -> EncodingKey {
    let keys: Vec<&str> = include_str!("keys.txt").lines().filter(|line| !line.starts_with('#')).collect();
    EncodingKey::from_rsa_der(&STANDARD.decode(keys[number]).expect("base64"))
}

/// The public half of a key, as it is published.
pub fn public(number: usize) -> Value {
    let mut jwk =
        serde_json::to_value(Jwk::from_encoding_key(&key(number), Algorithm::RS256).expect("a key")).expect("JSON");
    jwk["kid"] = json!(number.to_string());
    jwk["use"] = json!("sig");
    jwk
}

/// A token with these claims by a key.
pub fn signed(number: usize, claims: &Value) -> String {
    let header = Header { kid: Some(number.to_string()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &key(number)).expect("a token")
}

/// The parts of a query or form.
pub fn pairs(text: &str) -> HashMap<String, String> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, more)) = rest.split_first() {
            rest = more;
            if *first == b'%' {
                bytes.push(u8::from_str_radix(&String::from_utf8_lossy(&rest[..2]), 16).expect("digits"));
                rest = &rest[2..];
            } else {
                bytes.push(*first);
            }
        }
        String::from_utf8(bytes).expect("text")
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect()
}

impl FakeIssuer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Well,
            published: vec![0],
            cache_control: "public, max-age=3600".to_owned(),
            keys_asked: 0,
            codes_asked: 0,
            checks_verifier: true,
            codes: HashMap::new(),
        }));
        let (end, ended) = sync_channel::<()>(0);
        let (shared, ended) = (state.clone(), Arc::new(Mutex::new(ended)));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (shared, ended) = (shared.clone(), ended.clone());
                thread::spawn(move || serve(stream, &shared, &ended));
            }
        });
        Self { address, state, _end: end }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn be(&self, mood: Mood) {
        self.state.lock().mood = mood;
    }

    pub fn publish(&self, keys: &[usize]) {
        self.state.lock().published = keys.to_vec();
    }

    pub fn say(&self, cache_control: &str) {
        self.state.lock().cache_control = cache_control.to_owned();
    }

    /// From now on it gives tokens to whoever has a code.
    pub fn trust_everybody(&self) {
        self.state.lock().checks_verifier = false;
    }

    pub fn keys_asked(&self) -> usize {
        self.state.lock().keys_asked
    }

    pub fn codes_asked(&self) -> usize {
        self.state.lock().codes_asked
    }

    /// The person agrees: the code that the browser takes back, for a token with these claims and the nonce that came.
    pub fn agree(&self, location: &str, mut claims: Value) -> String {
        let query = pairs(location.split_once('?').expect("a query").1);
        assert_eq!(query["code_challenge_method"], "S256");
        claims["nonce"] = json!(query["nonce"]);
        let code = format!("4/code+{}", self.state.lock().codes.len());
        let (challenge, redirect_uri) = (query["code_challenge"].clone(), query["redirect_uri"].clone());
        let granted = Granted { challenge, redirect_uri, token: signed(0, &claims) };
        self.state.lock().codes.insert(code.clone(), granted);
        code
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, ended: &Mutex<std::sync::mpsc::Receiver<()>>) {
    let (line, body) = read(&stream);
    let mut mood = {
        let mut state = state.lock();
        if line.contains("/keys") {
            state.keys_asked += 1;
        } else {
            state.codes_asked += 1;
        }
        state.mood
    };
    while mood == Mood::Held {
        thread::park_timeout(Duration::from_millis(5));
        mood = state.lock().mood;
    }
    let answer = match mood {
        Mood::Held => return,
        Mood::Silent => {
            let _until = ended.lock().recv();
            return;
        }
        Mood::Nonsense => http("200 OK", "", "<html>welcome</html>"),
        Mood::Endless => http("200 OK", "", &format!("{{\"keys\":\"{}\"}}", "x".repeat(100_000))),
        Mood::Away => http("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
        Mood::Failing => http("503 Service Unavailable", "", "{}"),
        Mood::Well if line.contains("/keys") => keys(&state.lock()),
        Mood::Well => token(&mut state.lock(), &pairs(&body)),
    };
    stream.write_all(answer.as_bytes()).ok();
}

fn keys(state: &State) -> String {
    let keys: Vec<Value> = state.published.iter().map(|number| public(*number)).collect();
    http("200 OK", &format!("cache-control: {}\r\n", state.cache_control), &json!({ "keys": keys }).to_string())
}

fn token(state: &mut State, form: &HashMap<String, String>) -> String {
    let refused = |error: &str| http("400 Bad Request", "", &json!({ "error": error }).to_string());
    if (form["client_id"].as_str(), form["client_secret"].as_str()) != ("web", SECRET) {
        return refused("invalid_client");
    }
    let is_right = |granted: &Granted| {
        let verifier = form["code_verifier"].as_bytes();
        let is_whose = URL_SAFE_NO_PAD.encode(sha256(verifier)) == granted.challenge || !state.checks_verifier;
        is_whose && granted.redirect_uri == form["redirect_uri"]
    };
    // A code is of use once, right or wrong.
    match state.codes.remove(&form["code"]).filter(is_right) {
        Some(granted) => http("200 OK", "", &json!({ "access_token": "x", "id_token": granted.token }).to_string()),
        None => refused("invalid_grant"),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// The first line and the body.
fn read(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if first.is_empty() {
            first = line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok();
    (first, String::from_utf8(body).expect("text"))
}
