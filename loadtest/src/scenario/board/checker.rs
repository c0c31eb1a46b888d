//! The checker: reports when they are due, over connections that stay open.

use super::{Due, Failure};
use crate::clock::Clock;
use crate::http::{self, Whole};
use plenum_schema::DomainId;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections that take turns: one that waits for its answer does not hold the next report back.
const LINES: u64 = 16;
const PATIENCE: Duration = Duration::from_secs(20);
const EXAMPLES: usize = 5;

/// What came of the reports.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub acked: u64,
    pub refused: u64,
    pub examples: Vec<String>,
}

/// A checker at work.
pub(super) struct Checker(Vec<JoinHandle<Reported>>);

#[derive(Clone)]
struct Job {
    server: SocketAddr,
    key: String,
    domains: Vec<DomainId>,
    due: Due,
    clock: Clock,
}

impl Checker {
    /// Starts the lines; each takes every sixteenth report.
    pub fn start(server: SocketAddr, key: String, domains: Vec<DomainId>, due: Due, clock: Clock) -> Self {
        let job = Job { server, key, domains, due, clock };
        let line = |line: u64| {
            let job = job.clone();
            std::thread::spawn(move || job.run(line))
        };
        Self((0..LINES.min(job.domains.len() as u64).max(1)).map(line).collect())
    }

    /// Waits for the last answer.
    pub fn end(self) -> Result<Reported, Failure> {
        let mut all = Reported::default();
        for line in self.0 {
            let one = line.join().map_err(|_| Failure::History("a line of the checker panicked".to_owned()))?;
            all.acked += one.acked;
            all.refused += one.refused;
            all.examples.extend(one.examples);
        }
        Ok(all)
    }
}

impl Job {
    fn run(&self, line: u64) -> Reported {
        let mut reported = Reported::default();
        let lines = LINES.min(self.domains.len() as u64).max(1);
        let mut stream = None;
        for number in 0..self.due.count {
            // One domain is always reported on by the same line, or its reports could overtake each other.
            let place = number % self.domains.len().max(1) as u64;
            if place % lines != line {
                continue;
            }
            let due = self.due.first.saturating_add(self.due.every.saturating_mul(number));
            std::thread::sleep(Duration::from_nanos(due.saturating_sub(self.clock.now())));
            match self.report(&mut stream, place, number) {
                Ok(answer) if answer.starts_with("200 ") => reported.acked += 1,
                Ok(answer) => reported.failed(&answer),
                Err(error) => {
                    stream = None;
                    reported.failed(&error.to_string());
                }
            }
        }
        reported
    }

    fn report(&self, stream: &mut Option<TcpStream>, place: u64, number: u64) -> io::Result<String> {
        let line = match stream {
            Some(line) => line,
            None => {
                let line = TcpStream::connect_timeout(&self.server, PATIENCE)?;
                line.set_read_timeout(Some(PATIENCE))?;
                line.set_nodelay(true)?;
                stream.insert(line)
            }
        };
        let place = usize::try_from(place).unwrap_or(0);
        let id = self.domains.get(place).map(DomainId::to_string).unwrap_or_default();
        let status =
            if (number / self.domains.len().max(1) as u64).is_multiple_of(2) { "blocked" } else { "accessible" };
        let body = format!("{{\"id\":\"{id}\",\"scanResult\":{{\"status\":\"{status}\"}}}}");
        let request = format!(
            "POST /api/urls/update HTTP/1.1\r\nHost: {}\r\nX-Api-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.server,
            self.key,
            body.len()
        );
        line.write_all(request.as_bytes())?;
        read_answer(line)
    }
}

impl Reported {
    fn failed(&mut self, what: &str) {
        self.refused += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(what.chars().take(200).collect());
        }
    }
}

/// One answer with a declared length.
fn read_answer(line: &mut TcpStream) -> io::Result<String> {
    let (mut answer, mut piece) = (Vec::new(), [0; 2_048]);
    loop {
        if let Some(Whole { status, body }) = http::whole(&answer).map_err(io::Error::other)? {
            return Ok(format!("{status} {}", String::from_utf8_lossy(body)));
        }
        let count = line.read(&mut piece)?;
        answer.extend_from_slice(piece.get(..count).unwrap_or_default());
        if count == 0 || answer.len() > 64 * 1024 {
            return Err(io::Error::other("the answer has no end"));
        }
    }
}
