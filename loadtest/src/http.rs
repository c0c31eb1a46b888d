//! A blocking HTTP/1.1 client for a handful of set-up requests to one known server.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER_BYTES: u64 = 16 * 1024 * 1024;

/// A request that did not get a usable answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The connection failed.
    #[error("{path}: {error}")]
    Io {
        /// Which request.
        path: String,
        /// What failed.
        error: std::io::Error,
    },
    /// Not an HTTP answer.
    #[error("{0}: not an HTTP answer")]
    Unreadable(String),
    /// A status other than 2xx.
    #[error("{path}: {status} {body}")]
    Status {
        /// Which request.
        path: String,
        /// HTTP status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
}

/// `GET`, the body as text.
///
/// # Errors
/// [`HttpError`] for everything but a 2xx answer.
pub fn get(server: SocketAddr, path: &str) -> Result<String, HttpError> {
    exchange(server, path, &format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n"))
}

/// `POST` of JSON with a bearer token (empty: without), the answer's JSON.
///
/// # Errors
/// [`HttpError`] for everything but a 2xx answer with JSON.
pub fn post(server: SocketAddr, path: &str, token: &str, body: &Value) -> Result<Value, HttpError> {
    let body = body.to_string();
    let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{bearer}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(server, path, &request)?;
    serde_json::from_str(&answer).map_err(|_| HttpError::Unreadable(path.to_owned()))
}

/// `GET` with a bearer token, the answer's JSON.
///
/// # Errors
/// [`HttpError`] for everything but a 2xx answer with JSON.
pub fn get_as(server: SocketAddr, path: &str, token: &str) -> Result<Value, HttpError> {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n");
    let answer = exchange(server, path, &format!("{head}Authorization: Bearer {token}\r\n\r\n"))?;
    serde_json::from_str(&answer).map_err(|_| HttpError::Unreadable(path.to_owned()))
}

fn exchange(server: SocketAddr, path: &str, request: &str) -> Result<String, HttpError> {
    let answer = transfer(server, request).map_err(|error| HttpError::Io { path: path.to_owned(), error })?;
    let (status, body) = read_answer(&answer).ok_or_else(|| HttpError::Unreadable(path.to_owned()))?;
    let body = String::from_utf8_lossy(&body).into_owned();
    if (200..300).contains(&status) {
        return Ok(body);
    }
    Err(HttpError::Status { path: path.to_owned(), status, body: body.chars().take(300).collect() })
}

fn transfer(server: SocketAddr, request: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(answer)
}

/// An answer of a declared length.
#[derive(Debug, PartialEq, Eq)]
pub struct Whole<'a> {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// The answer at the start of `buffer`, once all of it is there. For connections that stay open.
///
/// # Errors
/// When it is no HTTP answer, or its head does not say how long it is.
pub fn whole(buffer: &[u8]) -> Result<Option<Whole<'_>>, &'static str> {
    let Some(end) = crate::frame::head_end(buffer) else { return Ok(None) };
    let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default()).map_err(|_| "not an HTTP answer")?;
    let head = head.to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("not an HTTP answer")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let end_of_body = length.and_then(|length| end.checked_add(length)).ok_or("an answer without a length")?;
    Ok(buffer.get(end..end_of_body).map(|body| Whole { status, body }))
}

/// Status and body of a whole answer.
fn read_answer(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = crate::frame::head_end(answer)?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = answer.get(end..)?;
    let chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
    Some((status, if chunked { dechunk(body)? } else { body.to_vec() }))
}

fn dechunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(body.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let start = line + 2;
        whole.extend_from_slice(body.get(start..start.checked_add(size)?)?);
        body = body.get(start + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        assert_eq!(read_answer(b"HTTP/1.1 201 x\r\nA: b\r\n\r\nbody"), Some((201, b"body".to_vec())));
        assert_eq!(read_answer(b"HTTP/1.1 2"), None);
    }

    #[test]
    fn an_answer_is_whole_with_the_length_that_its_head_declares() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(whole(head), Ok(None));
        assert_eq!(whole(&[&head[..], b"{}x"].concat()), Ok(Some(Whole { status: 200, body: b"{}" })));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\n"), Ok(None));
        assert_eq!(whole(b"HTTP/1.1 200 OK\r\n\r\n"), Err("an answer without a length"));
        assert!(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_joined_and_broken_ones_refused() {
        let head = "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n";
        let whole = format!("{head}3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n");
        assert_eq!(read_answer(whole.as_bytes()), Some((200, b"abcde".to_vec())));
        assert_eq!(read_answer(format!("{head}ffffffffffffffff\r\nabc").as_bytes()), None);
    }
}
