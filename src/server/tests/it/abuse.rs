//! What attackers try first, against the running server.

use crate::http::{self, Answer};
use crate::socket::peer::{Peer, identify};
use crate::socket::world::World;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use plenum_schema::codec::Codec;
use plenum_schema::wire::CloseCode;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn read(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Tokens made of a good one and of what everybody may know.
fn forged(good: &str, other: &str, jwks: &Value) -> Vec<(&'static str, String)> {
    let [head, body, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let (header, claims) = (read(head), read(body));
    let with = |object: &Value, member: &str, value: Value| {
        let mut object = object.clone();
        object[member] = value;
        part(&object)
    };
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let hmac = |secret: &[u8]| {
        let mut fake = Header::new(Algorithm::HS256);
        (fake.kid, fake.typ) = (header["kid"].as_str().map(str::to_owned), Some("at+jwt".to_owned()));
        encode(&fake, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let signed = |header: String| format!("{header}.{body}.{signature}");
    let claimed = |claims: String| format!("{head}.{claims}.{signature}");
    let theirs = other.split('.').nth(1).unwrap();
    vec![
        ("no algorithm, no signature", format!("{}.{body}.", with(&header, "alg", json!("none")))),
        ("no algorithm", signed(with(&header, "alg", json!("none")))),
        ("no algorithm in capitals", signed(with(&header, "alg", json!("NONE")))),
        ("the public key as a secret", hmac(public.as_bytes())),
        ("the public key's bytes as a secret", hmac(&URL_SAFE_NO_PAD.decode(public).unwrap())),
        ("an empty secret", hmac(b"")),
        ("a key id that is a path", signed(with(&header, "kid", json!("../../../../dev/null")))),
        ("a key id that is a statement", signed(with(&header, "kid", json!("x' OR '1'='1")))),
        ("no key id", signed(with(&header, "kid", Value::Null))),
        ("a key from elsewhere", signed(with(&header, "jku", json!("https://evil.example/keys")))),
        ("a key in the token", signed(with(&header, "jwk", jwks["keys"][0].clone()))),
        ("another type", signed(with(&header, "typ", json!("conference+jwt")))),
        ("a better role", claimed(with(&claims, "role", json!("admin")))),
        ("a longer life", claimed(with(&claims, "exp", json!(32_503_680_000_i64)))),
        ("somebody else's claims", claimed(theirs.to_owned())),
        ("a cut signature", good[..good.len() - 4].to_owned()),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{good}.{signature}")),
        ("nothing", "..".to_owned()),
    ]
}

#[tokio::test]
async fn no_forged_token_opens_rest_or_a_socket() {
    let world = World::start();
    let people = world.people(2).await;
    let jwks: Value = serde_json::from_str(&http::get(world.address(), "/.well-known/jwks.json").body).unwrap();
    for (what, token) in forged(&people[0].token, &people[1].token, &jwks) {
        let bearer = format!("Bearer {token}");
        let answer = http::ask(world.address(), "GET", "/api/users/me", &[("Authorization", &bearer)], "");
        assert_eq!(answer.status, 401, "{what}: {}", answer.body);
        let mut peer = Peer::connect(world.address(), Codec::Json).await;
        let id = peer.push(identify(&token)).await;
        peer.expect_refusal(id).await;
        assert_eq!(peer.expect_close().await.code, CloseCode::InvalidToken.code(), "{what}");
    }
    assert_eq!(world.rest(&people[0], "GET", "/api/users/me", &Value::Null).0, 200, "the good one still opens");
    world.end().await;
}

#[tokio::test]
async fn no_path_leads_out_of_what_is_served() {
    let world = World::start();
    for path in [
        "/assets/../../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..\\..\\..\\etc\\passwd",
        "/assets//etc/passwd",
        "/assets/v-0000000000000000/../../Cargo.toml",
        "/api/v1/docs/../../../etc/passwd",
        "/api/v1/docs/..%2f..%2fopenapi.rs",
        "/api/users/..%2f..%2fkeys",
        "/api/v1/%00",
    ] {
        let Answer { status, body, .. } = http::get(world.address(), path);
        assert!(matches!(status, 400 | 401 | 404), "{path}: {status}");
        assert!(!body.contains("root:") && !body.contains("[package]") && !body.contains("[workspace]"), "{path}");
    }
    world.end().await;
}

#[tokio::test]
async fn nobody_makes_more_of_their_account_than_the_server_allows() {
    let world = World::start();
    let wished = json!({ "role": "admin", "points": 99, "stars": 9, "isPremium": true, "isBureau": true, "isActive": false,
        "subscription": "gold", "isVerified": true, "id": uuid::Uuid::nil(), "version": 7, "createdAt": "2001-01-01T00:00:00Z",
        "email": "ada@example.org", "password": "nine purple umbrellas" });
    let made = http::ask(world.address(), "POST", "/api/auth/register", &[], &wished.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    let made: Value = serde_json::from_str(&made.body).unwrap();
    let bearer = format!("Bearer {}", made["accessToken"].as_str().unwrap());
    let id = made["user"]["id"].as_str().unwrap();
    for (method, path) in [
        ("PUT", "/api/auth/update-profile".to_owned()),
        ("PATCH", "/api/users/profile".to_owned()),
        ("PUT", format!("/api/users/{id}")),
    ] {
        let answer = http::ask(world.address(), method, &path, &[("Authorization", &bearer)], &wished.to_string());
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let seen: Value = serde_json::from_str(&answer.body).unwrap();
        let told = ["role", "points", "stars", "isPremium", "isBureau", "isActive", "subscription", "isVerified", "id"];
        let wanted = json!(["user", 0, 0, false, false, true, null, false, id]);
        assert_eq!(Value::from_iter(told.map(|name| seen[name].clone())), wanted, "{path}");
        assert!(answer.head.contains("\r\nignored-fields: "), "{}", answer.head);
    }
    world.end().await;
}

/// What is answered to bytes that come as they are, and after how long the connection has ended.
fn answered(at: SocketAddr, pieces: &[&[u8]], pause: Duration) -> (String, Duration) {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let began = Instant::now();
    let mut heard = Vec::new();
    for piece in pieces {
        // The server may have said what it thinks of it and gone.
        if stream.write_all(piece).is_err() {
            break;
        }
        stream.set_read_timeout(Some(pause)).unwrap();
        let mut some = [0; 4_096];
        match stream.read(&mut some) {
            Ok(0) => break,
            Ok(count) => heard.extend_from_slice(&some[..count]),
            Err(_) => {}
        }
    }
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _cut_off = stream.read_to_end(&mut heard);
    (String::from_utf8_lossy(&heard).into_owned(), began.elapsed())
}

#[tokio::test]
async fn oversized_and_slow_requests_are_cut_off() {
    // With time enough for a body that is too large to be too large before it is too late.
    let patient = World::with(|config| config.http.surface.body_bytes = 100_000);
    let (at, soon) = (patient.address(), Duration::from_secs(10));
    let head = format!("POST /api/auth/login HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\n");
    let declared = format!("{head}Content-Length: 100001\r\n\r\n{{");
    let (said, took) = answered(at, &[declared.as_bytes()], Duration::from_millis(50));
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(took < soon, "{took:?}");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(8));
    let (said, _) = answered(at, &[chunked.as_bytes()], Duration::from_millis(50));
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    let wide = format!("GET /api/health HTTP/1.1\r\nHost: {at}\r\nX-Much: {}\r\n\r\n", "x".repeat(300_000));
    let (said, _) = answered(at, &[wide.as_bytes()], Duration::from_millis(50));
    assert!(!said.starts_with("HTTP/1.1 2"), "{said}");
    let world = World::with(|config| {
        config.http.request_head_ms = 500;
        config.http.surface.body_within_ms = 500;
    });
    let at = world.address();
    let head = format!("POST /api/auth/login HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\n");
    // A byte now and then, for ever.
    let trickle: Vec<&[u8]> = head.as_bytes().chunks(1).collect();
    let (said, took) = answered(at, &trickle, Duration::from_millis(100));
    assert!(!said.starts_with("HTTP/1.1 2") && took < soon, "{took:?}: {said}");
    let slow = format!("{head}Content-Length: 1000\r\n\r\n");
    let mut pieces: Vec<&[u8]> = vec![slow.as_bytes()];
    pieces.extend([b" ".as_slice(); 100]);
    let (said, took) = answered(at, &pieces, Duration::from_millis(100));
    assert!(said.starts_with("HTTP/1.1 408 ") && took < soon, "{took:?}: {said}");
    assert_eq!(http::get(at, "/api/health").status, 200, "everybody else is served");
    patient.end().await;
    world.end().await;
}

#[tokio::test]
async fn what_changes_something_is_carried_out_whole_also_when_nobody_waits_for_the_answer() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    for number in 0..8 {
        let body = json!({ "name": format!("Room {number}") }).to_string();
        let mut stream = TcpStream::connect(world.address()).unwrap();
        let head =
            format!("POST /api/rooms HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}", world.address(), person.token);
        let kind = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
        stream.write_all(format!("{head}\r\n{kind}\r\n\r\n{body}").as_bytes()).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (status, mine) = world.rest(&person, "GET", "/api/rooms", &Value::Null);
        assert_eq!(status, 200, "{mine}");
        let count = (0..8).filter(|number| mine.to_string().contains(&format!("Room {number}"))).count();
        if count == 8 {
            return;
        }
        assert!(Instant::now() < deadline, "{count} of 8 rooms");
    }
}

/// How many answers a connection got to bytes that some take for one request and others for two, and the first one's status. Waits for the
/// end of the connection, which has to come.
fn answers_to(at: SocketAddr, bytes: &str) -> (usize, String) {
    let (said, took) = answered(at, &[bytes.as_bytes()], Duration::from_millis(300));
    assert!(took < Duration::from_secs(20), "the connection stays: {bytes}");
    let status = said.strip_prefix("HTTP/1.1 ").or(said.strip_prefix("HTTP/1.0 ")).unwrap_or_default();
    (said.matches("HTTP/1.").count(), status.get(..3).unwrap_or_default().to_owned())
}

#[tokio::test]
async fn no_request_is_smuggled_in_the_body_of_another() {
    let world = World::start();
    let at = world.address();
    let hidden = format!("GET /api/health HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    let post = |lines: &str, body: &str| {
        format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\n{lines}\r\n\r\n{body}"
        )
    };
    let chunked = format!("0\r\n\r\n{hidden}");
    let twice = |one: &str, other: &str| format!("Content-Length: {one}\r\nContent-Length: {other}");
    let both = |length: usize| format!("Content-Length: {length}\r\nTransfer-Encoding: chunked");
    let upgrade = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nContent-Length: 4";
    let shaking = post(upgrade, &chunked);
    let cases = [
        ("a length and chunks", post(&both(4), &chunked)),
        ("a length of all and chunks", post(&both(chunked.len()), &chunked)),
        ("chunks and a length behind them", post("Transfer-Encoding: chunked\r\nContent-Length: 4", &chunked)),
        ("two lengths", post(&twice("0", &hidden.len().to_string()), &hidden)),
        ("the same length twice", post(&twice("2", "2"), &format!("{{}}{hidden}"))),
        ("a list of lengths", post("Content-Length: 2, 2", &format!("{{}}{hidden}"))),
        ("a length with a sign", post("Content-Length: +2", &format!("{{}}{hidden}"))),
        ("a length below nothing", post("Content-Length: -1", &hidden)),
        ("a length in another notation", post("Content-Length: 0x2", &format!("{{}}{hidden}"))),
        ("a length with a space in it", post("Content-Length: 1 0", &hidden)),
        ("a space before the colon", post("Content-Length : 2", &format!("{{}}{hidden}"))),
        ("a folded line", post("Content-Length:\r\n 2", &format!("{{}}{hidden}"))),
        ("no encoding by name, and a length", post("Transfer-Encoding: identity\r\nContent-Length: 2", &hidden)),
        ("an unknown encoding", post("Transfer-Encoding: xchunked", &chunked)),
        ("an encoding behind chunks", post("Transfer-Encoding: chunked, identity", &chunked)),
        ("chunks twice", post("Transfer-Encoding: chunked, chunked", &chunked)),
        ("two lines of encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", &chunked)),
        ("a tab before the word", post("Transfer-Encoding: \u{b}chunked", &chunked)),
        ("chunks in HTTP/1.0", post(&both(4), &chunked).replacen("HTTP/1.1", "HTTP/1.0", 1)),
        ("a handshake with a body", shaking.replacen("POST /api/auth/login", "GET /ws", 1)),
    ];
    for (what, bytes) in cases {
        assert_eq!(answers_to(at, &bytes), (1, "400".to_owned()), "{what}");
    }
    // What is wrong behind the head ends the connection, with an answer if there is still time for one.
    let broken = answers_to(at, &post("Transfer-Encoding: chunked", &format!("z\r\n{{}}\r\n{chunked}")));
    assert!([(0, String::new()), (1, "400".to_owned())].contains(&broken), "{broken:?}");
    // One rule is enough for everybody who keeps to it: both requests are answered.
    let body = r#"{"email":"nobody@example.org","password":"a wrong password"}"#;
    let length = post(&format!("Content-Length: {}", body.len()), &format!("{body}{hidden}"));
    assert_eq!(answers_to(at, &length), (2, "401".to_owned()));
    let chunks = post("Transfer-Encoding: chunked", &format!("{:x}\r\n{body}\r\n0\r\n\r\n{hidden}", body.len()));
    assert_eq!(answers_to(at, &chunks), (2, "401".to_owned()));
    world.end().await;
}

#[test]
fn idle_connections_of_one_address_do_not_keep_others_out() {
    let world = World::with(|config| config.limits.http_per_address = 5);
    let address = world.address();
    let say = |from: &str, request: &str| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&format!("{from}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
        socket.connect(&address.into()).unwrap();
        let mut stream: TcpStream = socket.into();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let _refused = stream.write_all(request.as_bytes()).is_err();
        let mut head = [0; 16];
        let count = stream.read(&mut head).unwrap_or(0);
        (stream, count > 0)
    };
    let ask = |from: &str| say(from, "GET /health HTTP/1.1\r\nHost: here\r\n\r\n");
    let post = |path: &str, body: &Value| {
        let body = body.to_string();
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let (email, password) = ("late@example.com", "a good long password");
    let mut kept: Vec<_> = (0..5).map(|_| ask("127.0.0.7")).collect();
    assert!(kept.iter().all(|(_, answered)| *answered));
    assert!(!ask("127.0.0.7").1, "closed without an answer");
    let register = post("/api/auth/register", &json!({ "email": email, "password": password, "fullName": "Late" }));
    assert!(!say("127.0.0.7", &register).1);
    let login = json!({ "email": email, "password": password }).to_string();
    let answer = http::ask(address, "POST", "/api/auth/login", &[], &login);
    assert_eq!(answer.status, 401, "nothing was carried out for whom nobody could tell: {}", answer.body);
    assert!(ask("127.0.0.8").1, "somebody else is answered");
    assert_eq!(world.metric_with("plenum_http_connections_refused_total", "reason=\"address\""), 2);
    kept.pop();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !ask("127.0.0.7").1 {
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}
