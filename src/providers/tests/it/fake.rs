//! A server on loopback that records what it is sent and answers what the test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// A request as it came.
#[derive(Debug)]
pub struct Asked {
    pub head: String,
    pub body: String,
}

pub struct Fake {
    pub address: SocketAddr,
    pub asked: Receiver<Asked>,
}

impl Fake {
    /// Answers each request with the next of these; what is empty is never answered.
    pub fn answering(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, asked) = sync_channel(256);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let request = read(&stream);
                if sender.send(request).is_err() {
                    return;
                }
                if answer.is_empty() {
                    kept.push(stream);
                } else {
                    stream.write_all(answer.as_bytes()).ok();
                }
            }
            // What was not answered stays open until the test has gone.
            while sender.send(Asked { head: String::new(), body: String::new() }).is_ok() {
                thread::park_timeout(std::time::Duration::from_millis(50));
            }
        });
        Self { address, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok();
    Asked { head, body: String::from_utf8(body).unwrap() }
}

/// An answer over HTTP.
pub fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
