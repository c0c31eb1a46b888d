//! One connection that asks and is answered, again and again.

use super::paths::{Known, kind_of};
use crate::clock::Nanos;
use crate::http::{self, Whole};
use crate::net::{self, SocketOptions};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::rc::Rc;

const PIECE: usize = 64 * 1024;
/// More than any page of a list has.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// An answer, or what came instead.
pub(super) struct Answered {
    pub kind: usize,
    /// When the request was due.
    pub due: Nanos,
    pub bytes: u64,
    pub trouble: Option<String>,
}

struct Asked {
    kind: usize,
    due: Nanos,
    request: Vec<u8>,
    sent: usize,
    /// What the answer must have in it.
    expected: String,
}

/// See the module.
pub(super) struct Line {
    token: Rc<str>,
    /// Which of them: others ask for other things.
    number: u64,
    asked_before: u64,
    stream: Option<TcpStream>,
    asked: Option<Asked>,
    answer: Vec<u8>,
}

impl Line {
    pub fn new(token: &Rc<str>, number: u64) -> Self {
        Self { token: Rc::clone(token), number, asked_before: 0, stream: None, asked: None, answer: Vec::new() }
    }

    /// Sends the next request, over the connection there is or a new one.
    pub fn ask(
        &mut self,
        server: SocketAddr,
        token: usize,
        due: Nanos,
        known: &Known,
        registry: &Registry,
    ) -> io::Result<()> {
        let kind = kind_of(self.number, self.asked_before);
        let (path, expected) = known.path(kind, self.number, self.asked_before);
        self.asked_before += 1;
        let bearer = &self.token;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {bearer}\r\n\r\n");
        self.asked = Some(Asked { kind, due, request: request.into_bytes(), sent: 0, expected });
        self.answer.clear();
        if self.stream.is_none() {
            let mut stream = net::connect(server, token, SocketOptions::default())?;
            registry.register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
            self.stream = Some(stream);
            return Ok(());
        }
        // A connection that has ended meanwhile tells so when it is read.
        self.send().or(Ok(()))
    }

    fn send(&mut self) -> io::Result<()> {
        let (Some(stream), Some(asked)) = (&mut self.stream, &mut self.asked) else { return Ok(()) };
        while let Some(rest) = asked.request.get(asked.sent..)
            && !rest.is_empty()
        {
            match stream.write(rest) {
                Ok(count) => asked.sent += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The socket is ready for something: sends and reads what there is.
    pub fn ready(&mut self, registry: &Registry) -> io::Result<Option<Answered>> {
        let outcome = self.send().and_then(|()| self.read());
        let Err(error) = outcome else { return Ok(outcome.ok().flatten()) };
        if let Some(mut stream) = self.stream.take() {
            registry.deregister(&mut stream)?;
        }
        let ended = |asked: Asked| Answered {
            kind: asked.kind,
            due: asked.due,
            bytes: 0,
            trouble: Some(format!("{}: {error}", first_line(&asked.request))),
        };
        // Between two requests a server may end a connection.
        Ok(self.asked.take().map(ended))
    }

    fn read(&mut self) -> io::Result<Option<Answered>> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let mut piece = [0; PIECE];
        loop {
            match stream.read(&mut piece) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.answer.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.answer.len() > MAX_ANSWER {
                return Err(io::Error::other("the answer has no end"));
            }
        }
        let whole = http::whole(&self.answer).map_err(io::Error::other)?;
        let Some(Whole { status, body }) = whole else { return Ok(None) };
        let Some(asked) = self.asked.take() else { return Ok(None) };
        let holds = body.windows(asked.expected.len().max(1)).any(|part| part == asked.expected.as_bytes());
        let trouble = (!(200..300).contains(&status) || !holds).then(|| {
            let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
            format!("{}: {status} {start}", first_line(&asked.request))
        });
        let bytes = self.answer.len() as u64;
        Ok(Some(Answered { kind: asked.kind, due: asked.due, bytes, trouble }))
    }
}

/// The request without its token.
fn first_line(request: &[u8]) -> String {
    let line = request.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.trim_end_matches(" HTTP/1.1").to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::paths::KINDS;
    use super::*;

    #[test]
    fn kinds_come_as_often_as_they_say() {
        let mut counts = [0_u64; KINDS.len()];
        for number in 0..100 {
            for nth in 0..1_000 {
                counts[kind_of(number, nth)] += 1;
            }
        }
        for (kind, count) in KINDS.iter().zip(counts) {
            let expected = kind.percent * 1_000;
            assert!(count.abs_diff(expected) < expected / 5 + 100, "{}: {count} of about {expected}", kind.name);
        }
    }

    #[test]
    fn what_is_told_of_a_request_has_no_token_in_it() {
        assert_eq!(first_line(b"GET /x HTTP/1.1\r\nAuthorization: Bearer secret\r\n\r\n"), "GET /x");
    }
}
