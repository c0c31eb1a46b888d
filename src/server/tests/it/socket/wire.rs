//! The way from a test to a server: TCP or TLS, the opening handshake, and single HTTP requests.

use super::SOON;
use plenum_websocket::client::upgrade_request;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// The key of the example in RFC 6455 §1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to it.
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// TCP or TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Any stream.
pub type AnyStream = Box<dyn Stream>;

/// A TCP connection.
pub async fn tcp(address: SocketAddr) -> TcpStream {
    let stream = timeout(SOON, TcpStream::connect(address)).await.expect("connects in time").unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A TCP connection whose kernel keeps little for a program that does not read.
pub async fn narrow_tcp(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(address).await.unwrap()
}

/// The head of an answer, and what came behind it.
pub struct Head {
    pub status: u16,
    /// In lower case.
    pub text: String,
    pub rest: Vec<u8>,
}

/// Reads the head of an answer.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Head {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            let text = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
            let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
            return Head { status, text, rest };
        }
        let count = timeout(SOON, stream.read_buf(&mut bytes)).await.expect("an answer in time").unwrap();
        assert!(count > 0, "the connection ended inside a head: {}", String::from_utf8_lossy(&bytes));
    }
}

/// A request to open a WebSocket.
pub fn opening(address: SocketAddr, path: &str, protocol: Option<&str>) -> String {
    let extra: Vec<_> = protocol.iter().map(|protocol| ("Sec-WebSocket-Protocol", *protocol)).collect();
    upgrade_request(&address.to_string(), path, KEY, &extra)
}

/// Opens a WebSocket on a stream; answers what came behind the head.
pub async fn upgrade(stream: &mut AnyStream, address: SocketAddr, path: &str, protocol: Option<&str>) -> Vec<u8> {
    stream.write_all(opening(address, path, protocol).as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let head = read_head(stream).await;
    assert_eq!(head.status, 101, "{}", head.text);
    assert!(head.text.contains(&format!("sec-websocket-accept: {}", ACCEPT.to_ascii_lowercase())), "{}", head.text);
    assert_eq!(field(&head.text, "sec-websocket-protocol"), protocol);
    head.rest
}

/// The value of a header field.
pub fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().filter_map(|line| line.split_once(": ")).find(|(given, _)| *given == name).map(|(_, value)| value)
}

/// Sends bytes on a connection of their own and reads the answer to its end.
pub async fn exchange(mut stream: AnyStream, request: &str) -> (u16, String) {
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut head = read_head(&mut stream).await;
    timeout(SOON, stream.read_to_end(&mut head.rest)).await.expect("the answer ends in time").unwrap();
    (head.status, head.text + &String::from_utf8(head.rest).unwrap())
}
