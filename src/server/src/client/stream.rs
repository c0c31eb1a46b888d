//! The way to a server: TCP, perhaps TLS, and the opening handshake (RFC 6455 §4.1).

use super::{Address, ClientError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plenum_websocket::client::upgrade_request;
use plenum_websocket::handshake::accept_key;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The longest answer to an upgrade request that is read.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// TCP or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Connects and upgrades. Returns the stream and what came behind the answer's head.
pub(super) async fn upgrade(address: &Address, protocol: &str) -> Result<(Box<dyn Stream>, Vec<u8>), ClientError> {
    let mut stream = connect(address).await?;
    let key = STANDARD.encode(rand::random::<[u8; 16]>());
    let extra = [("Sec-WebSocket-Protocol", protocol)];
    stream.write_all(upgrade_request(&address.authority(), &address.path, &key, &extra).as_bytes()).await?;
    stream.flush().await?;
    let (head, rest) = read_head(&mut stream).await?;
    let first = head.lines().next().unwrap_or_default();
    if first.split(' ').nth(1) != Some("101") {
        return Err(ClientError::Handshake(first.to_owned()));
    }
    let accept = header(&head, "sec-websocket-accept");
    let expected = accept_key(key.as_bytes());
    if expected.as_ref().map(|bytes| &bytes[..]) != accept.map(str::as_bytes) {
        return Err(ClientError::Handshake("the answer does not fit our key".to_owned()));
    }
    if header(&head, "sec-websocket-protocol") != Some(protocol) {
        return Err(ClientError::Handshake(format!("it does not speak {protocol}")));
    }
    Ok((stream, rest))
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.into_iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

async fn read_head(stream: &mut Box<dyn Stream>) -> Result<(String, Vec<u8>), ClientError> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if bytes.len() > MAX_HEAD_BYTES {
            return Err(ClientError::Handshake("an endless answer".to_owned()));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ClientError::Handshake("the connection ended".to_owned()));
        }
    }
}

async fn connect(address: &Address) -> Result<Box<dyn Stream>, ClientError> {
    let tcp = TcpStream::connect((address.host.as_str(), address.port)).await?;
    tcp.set_nodelay(true)?;
    if !address.is_tls {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(address.host.clone()).map_err(|error| ClientError::Tls(error.to_string()))?;
    Ok(Box::new(TlsConnector::from(tls()?).connect(name, tcp).await?))
}

/// The certificates that this machine trusts (`SSL_CERT_FILE` names others).
fn tls() -> Result<Arc<ClientConfig>, ClientError> {
    let mut roots = RootCertStore::empty();
    let (added, _unusable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(ClientError::Tls("this machine trusts no certificates; name some with SSL_CERT_FILE".to_owned()));
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| ClientError::Tls(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
