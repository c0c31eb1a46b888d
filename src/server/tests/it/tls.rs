//! The same over TLS.

use crate::socket::SOON;
use crate::socket::peer::{BOTH, Peer};
use crate::socket::wire::{AnyStream, exchange, tcp};
use crate::socket::world::World;
use base64::Engine as _;
use plenum_schema::codec::Codec;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// A server with a certificate of its own, and a way to it that trusts nothing else.
struct Secure {
    world: World,
    connector: TlsConnector,
    /// Outlives the server.
    _files: tempfile::TempDir,
}

impl Secure {
    fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (files.path().join("certificate.pem"), files.path().join("key.pem"));
        std::fs::write(&certificate, pem("CERTIFICATE", cert.der())).unwrap();
        std::fs::write(&key, pem("PRIVATE KEY", &signing_key.serialize_der())).unwrap();
        let connector = connector(cert.der().clone());
        let world = Self::serve(&certificate, &key);
        Self { world, connector, _files: files }
    }

    fn serve(certificate: &Path, key: &Path) -> World {
        World::with(|config| {
            config.tls.certificate_path = certificate.to_owned();
            config.tls.private_key_path = key.to_owned();
        })
    }

    async fn stream(&self) -> AnyStream {
        let stream = tcp(self.world.address()).await;
        let name = "localhost".try_into().unwrap();
        Box::new(timeout(SOON, self.connector.connect(name, stream)).await.expect("in time").unwrap())
    }

    async fn request(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, String) {
        let bearer = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}Content-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        exchange(self.stream().await, &request).await
    }
}

/// RFC 7468.
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn connector(certificate: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn two_people_chat_over_tls_about_a_conversation_made_over_https() {
    let secure = Secure::start();
    assert!(secure.world.server.page().starts_with("https://"));
    let people = secure.world.people(2).await;
    let body = format!(r#"{{"userId":"{}"}}"#, people[1].user);
    let (status, answer) = secure.request("POST", "/api/v1/conversations", Some(&people[0].token), &body).await;
    assert_eq!(status, 201, "{answer}");
    let at = answer.find("conversation:").expect("the topic in the answer");
    let topic = answer[at..at + "conversation:".len() + 36].parse().unwrap();
    let mut peers = Vec::new();
    for (codec, person) in BOTH.into_iter().zip(&people) {
        let mut peer = Peer::open(secure.stream().await, secure.world.address(), codec).await;
        peer.identify(&person.token).await;
        peer.follow(topic).await;
        peers.push(peer);
    }
    // Long ones span several TLS records.
    for length in [1, 100, 16 * 1_024] {
        let text = "é".repeat(length / 2) + "x";
        let text = &text[..text.len().min(16 * 1_024)];
        let sent = peers[0].say(topic, text).await;
        for peer in &mut peers {
            let (offset, message) = peer.expect_message().await;
            assert_eq!((offset, message.content.text.as_str()), (sent.offset, text));
        }
    }
    let log = peers[1].whole_history(topic).await;
    assert_eq!(log.len(), 4);
}

#[tokio::test]
async fn rest_is_served_over_https() {
    let secure = Secure::start();
    let (status, answer) = secure.request("GET", "/api/v1/health", None, "").await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = secure.request("GET", "/api/v1/auth/me", None, "").await;
    assert_eq!(status, 401, "{answer}");
}

#[tokio::test]
async fn a_resume_of_a_megabyte_over_tls_comes_whole_and_in_order() {
    let secure = Secure::start();
    let people = secure.world.people(1).await;
    let body = format!(r#"{{"kind":"group","title":"g","members":["{}"]}}"#, people[0].user);
    let (status, answer) = secure.request("POST", "/api/v1/conversations", Some(&people[0].token), &body).await;
    assert_eq!(status, 201, "{answer}");
    let at = answer.find("conversation:").unwrap();
    let topic = answer[at..at + "conversation:".len() + 36].parse().unwrap();
    let mut writer = Peer::open(secure.stream().await, secure.world.address(), Codec::Json).await;
    writer.identify(&people[0].token).await;
    for _ in 0..64 {
        writer.say(topic, &"x".repeat(16 * 1_024)).await;
    }
    for codec in BOTH {
        let mut reader = Peer::open(secure.stream().await, secure.world.address(), codec).await;
        reader.identify(&people[0].token).await;
        reader.subscribe(topic, Some(0)).await;
        let (_, offsets, _) = reader.expect_caught_up().await;
        assert_eq!(offsets, (1..=65).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_no_success() {
    let secure = Secure::start();
    for path in ["/api/v1/health", "/ws"] {
        let mut stream = tcp(secure.world.address()).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A TLS alert, or a connection that is reset: anything but HTTP.
        let _reset = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the server gives up on it");
        assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    }
    let (status, _) = secure.request("GET", "/api/v1/health", None, "").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_tls_connection_that_is_closed_ends_with_close_notify() {
    let secure = Secure::start();
    let mut peer = Peer::open(secure.stream().await, secure.world.address(), Codec::Json).await;
    peer.push_raw(plenum_websocket::Opcode::Close, &1000_u16.to_be_bytes()).await;
    let (mut stream, mut incoming) = peer.into_parts();
    // Without close_notify this would be an error instead of an end.
    timeout(SOON, stream.read_to_end(&mut incoming)).await.expect("in time").expect("an announced end");
    assert_eq!(incoming, [0x88, 2, 0x03, 0xe8]);
}
