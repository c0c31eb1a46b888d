//! `streams`: what a stream of server-sent events costs while nothing happens.

use super::{Context, Failure, Target, fanout, mebibytes};
use crate::clock::seconds;
use crate::process;
use crate::progress::Progress;
use crate::report::Report;
use crate::target::Account;
use plenum_schema::topic::Topic;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const ACCOUNTS: usize = 50;
/// Streams that come and go before the base is taken, and how often.
const WARM: usize = 200;
const WARM_ROUNDS: usize = 5;
/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    /// Streams.
    pub streams: usize,
    /// Topics of each.
    pub topics: usize,
    /// How long memory may settle before it is read.
    pub settle: Duration,
}

struct Run<'a> {
    target: &'a Target,
    accounts: &'a [Account],
    topics: String,
    streams: Streams,
    quiet: bool,
}

/// Opens the streams, lets things settle, and reads the server's memory.
///
/// # Errors
/// When the server or a stream fails.
#[expect(clippy::cast_precision_loss, reason = "bytes and counts to print")]
pub fn run(context: &Context, streams: Streams) -> Result<Report, Failure> {
    let (target, accounts) = context.open(ACCOUNTS)?;
    let topics = fanout::create_topics(&target, streams.topics.max(1), accounts.len(), &accounts)?;
    let topics = topics.iter().map(Topic::to_string).collect::<Vec<_>>().join(",");
    let run = Run { target: &target, accounts: &accounts, topics, streams, quiet: context.quiet };
    let before = run.warm_up()?;
    let began = context.clock.now();
    let open = run.open(streams.streams)?;
    let connecting = seconds(context.clock.now() - began);
    let idle = run.settle("idle");
    let counted = target.metric("plenum_streams");
    let mut report = Report::new("streams");
    report.parameter("streams", streams.streams);
    report.parameter("topics of each", streams.topics);
    report.parameter("seconds to settle", streams.settle.as_secs());
    report.figure("connects_per_second", streams.streams as f64 / connecting.max(1e-9));
    report.figure("rss_before_mib", before.map(mebibytes));
    report.figure("rss_idle_mib", idle.map(mebibytes));
    report.figure("idle_bytes_per_stream", super::growth(before, idle, open.len()));
    report.figure("streams_by_the_server", counted);
    report.notes.push("Bytes a stream: growth of the server's resident set over what it had without streams (the least it came to after a warm-up), divided by the streams. Kernel memory of sockets is not in it.".to_owned());
    Ok(report)
}

impl Run<'_> {
    /// Memory without streams, in working order; see `idle` for why.
    fn warm_up(&self) -> Result<Option<u64>, Failure> {
        for _ in 0..WARM_ROUNDS {
            drop(self.open(WARM.min(self.streams.streams))?);
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(self.settle("before"))
    }

    /// The least that memory comes to in the time to settle.
    fn settle(&self, phase: &str) -> Option<u64> {
        let progress = Progress::start(phase, self.streams.settle, self.quiet);
        let mut least: Option<u64> = None;
        for second in 0..self.streams.settle.as_secs() {
            std::thread::sleep(Duration::from_secs(1));
            least = self.target.pid().and_then(process::rss).into_iter().chain(least).min();
            progress.tick(second + 1, &format!("RSS {} MiB", least.map_or(0, |least| least >> 20)));
        }
        least
    }

    fn open(&self, count: usize) -> Result<Vec<TcpStream>, Failure> {
        (0..count).map(|number| self.stream(number)).collect()
    }

    /// One stream, open as soon as its first event is there.
    fn stream(&self, number: usize) -> Result<TcpStream, Failure> {
        let token = self.accounts.get(number % self.accounts.len().max(1)).map_or("", |account| &*account.token);
        let mut stream = TcpStream::connect_timeout(&self.target.address(), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request = format!(
            "GET /api/stream?topics={} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n",
            self.topics,
            self.target.address()
        );
        stream.write_all(request.as_bytes())?;
        let (mut answer, mut piece) = (Vec::new(), [0; 2048]);
        while !is_open(&answer) {
            let count = stream.read(&mut piece)?;
            answer.extend_from_slice(piece.get(..count).unwrap_or_default());
            if count == 0 || answer.len() > 64 * 1024 || is_refused(&answer) {
                let text: String = String::from_utf8_lossy(&answer).chars().take(300).collect();
                return Err(Failure::Usage(format!("a stream was not opened: {text}")));
            }
        }
        Ok(stream)
    }
}

/// Whether the head and some of the stream have come.
fn is_open(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 200 ") && crate::frame::head_end(answer).is_some_and(|end| answer.len() > end)
}

fn is_refused(answer: &[u8]) -> bool {
    answer.len() >= 13 && !answer.starts_with(b"HTTP/1.1 200 ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_open_when_something_of_it_has_come() {
        assert!(!is_open(b"HTTP/1.1 200 OK\r\n\r\n") && is_open(b"HTTP/1.1 200 OK\r\n\r\n5\r\n"));
        assert!(is_refused(b"HTTP/1.1 401 Unauthorized\r\n") && !is_refused(b"HTTP/1.1 2"));
    }
}
