//! Pairs of connected streams on the loopback interface.

use std::{
    future::{Future, poll_fn},
    io,
    sync::Arc,
    time::Duration,
};

use actix_tls::accept::rustls_0_23::TlsStream;
use plenum_websocket::transport::{AnyTransport, Transport, TransportConfig};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client,
    rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer, version::TLS13},
};

/// The far end of a connection, as ordinary asynchronous I/O.
pub trait Peer: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Peer for T {}

/// Runs a test on one thread and fails it when it does not end.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), test).await.expect("ends in time") });
}

pub async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (near.unwrap().0, far.unwrap())
}

pub async fn tls_pair() -> (AnyTransport, client::TlsStream<TcpStream>) {
    tls_pair_with(&TransportConfig::default()).await
}

pub async fn tls_pair_with(config: &TransportConfig) -> (AnyTransport, client::TlsStream<TcpStream>) {
    let (near, far) = tcp_pair().await;
    let (server, client) = tls_configs();
    let name = "localhost".try_into().unwrap();
    let (near, far) =
        tokio::join!(TlsAcceptor::from(server).accept(near), TlsConnector::from(client).connect(name, far));
    (AnyTransport::tls(TlsStream::from(near.unwrap()), config), far.unwrap())
}

fn tls_configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// Both kinds of stream, with the far end of each.
pub async fn pairs() -> Vec<(&'static str, AnyTransport, Box<dyn Peer>)> {
    let (plain, plain_peer) = tcp_pair().await;
    let (tls, tls_peer) = tls_pair().await;
    vec![("plain", plain.into(), Box::new(plain_peer)), ("tls", tls, Box::new(tls_peer))]
}

pub async fn readable(transport: &mut impl Transport) -> io::Result<()> {
    poll_fn(|cx| transport.poll_readable(cx)).await
}

pub async fn writable(transport: &mut impl Transport) -> io::Result<()> {
    poll_fn(|cx| transport.poll_writable(cx)).await
}

/// One read that waits.
pub async fn read(transport: &mut impl Transport, buf: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| transport.poll_read(cx, buf)).await
}

/// Writes everything, waiting where the stream is full, until nothing is held back.
pub async fn write_all(transport: &mut impl Transport, mut bytes: &[u8]) {
    while !bytes.is_empty() || transport.needs_flush() {
        match transport.try_write(bytes) {
            Ok(taken) => bytes = &bytes[taken..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => writable(transport).await.unwrap(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Bytes that show when they are lost, doubled or swapped.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).flat_map(|index| index.wrapping_mul(2_654_435_761).to_le_bytes()).take(len).collect()
}
