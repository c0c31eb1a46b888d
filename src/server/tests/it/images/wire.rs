//! Uploads byte by byte, and images to upload.

use crate::socket::world::{Person, World};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const AVATAR: &str = "/api/auth/upload-avatar";

/// An answer as it came.
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The value of a header, in lower case.
    pub fn header(&self, name: &str) -> &str {
        let wanted = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&wanted)).unwrap_or_default()
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.json());
        self.json()
    }

    /// Status and code of a problem, and the member that is to blame.
    #[track_caller]
    pub fn problem(&self) -> (u16, String, String) {
        assert!(self.head.contains("application/problem+json"), "{}", self.head);
        let json = self.json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (self.status, text(&json["code"]), text(&json["errors"][0]["field"]))
    }
}

/// Sends bytes as they are and reads the answer; a server that has refused may have closed meanwhile.
pub fn exchange(at: SocketAddr, request: &[u8]) -> Got {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    drop(stream.write_all(request));
    answer(stream)
}

/// Whether all of the body that the head announces is there: the server may leave the connection to a client that owes it a body.
fn is_whole(all: &[u8]) -> bool {
    let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| all.len() >= end + 4 + length)
}

pub fn answer(mut stream: TcpStream) -> Got {
    let (mut all, mut part) = (Vec::new(), [0; 16_384]);
    // Also after a reset what has come counts.
    while let Ok(count @ 1..) = stream.read(&mut part) {
        all.extend_from_slice(&part[..count]);
        if is_whole(&all) {
            break;
        }
    }
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Got { status, head, body: all[end + 4..].to_vec() }
}

pub fn get(at: SocketAddr, path: &str, headers: &str) -> Got {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n{headers}\r\n");
    exchange(at, request.as_bytes())
}

/// The head of an upload whose body has this length.
pub fn head(at: SocketAddr, who: &Person, path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: multipart/form-data; boundary=edge\r\ncontent-length: {length}\r\n\r\n",
        who.token
    )
}

/// One part of a form.
pub fn part(member: &str, name: &str, kind: &str, file: &[u8]) -> Vec<u8> {
    let mut part =
        format!("--edge\r\ncontent-disposition: form-data; name=\"{member}\"; filename=\"{name}\"\r\ncontent-type: {kind}\r\n\r\n")
            .into_bytes();
    part.extend_from_slice(file);
    part.extend_from_slice(b"\r\n");
    part
}

pub fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = parts.concat();
    body.extend_from_slice(b"--edge--\r\n");
    body
}

pub fn send(at: SocketAddr, who: &Person, path: &str, body: &[u8]) -> Got {
    let mut request = head(at, who, path, body.len()).into_bytes();
    request.extend_from_slice(body);
    exchange(at, &request)
}

pub fn upload(at: SocketAddr, who: &Person, path: &str, member: &str, (name, kind, file): (&str, &str, &[u8])) -> Got {
    send(at, who, path, &form(&[part(member, name, kind, file)]))
}

/// A picture of oneself: what came of it.
pub fn avatar(at: SocketAddr, who: &Person, file: (&str, &str, &[u8])) -> Got {
    upload(at, who, AVATAR, "avatar", file)
}

/// An image of stripes in this format.
pub fn striped(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7 % 256) as u8, (y * 5 % 256) as u8, 90]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// One that can be seen through.
pub fn clear_png() -> Vec<u8> {
    let image = RgbaImage::from_fn(40, 20, |x, _| Rgba([10, 200, 30, (x * 6) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Name, declared type and bytes of a good PNG.
pub fn good(png: &[u8]) -> (&'static str, &'static str, &[u8]) {
    ("me.png", "image/png", png)
}

/// A chunk of PNG: its length, name, bytes, checksum.
pub fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend_from_slice(name);
    chunk.extend_from_slice(data);
    let sum = chunk[4..].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xEDB8_8320 ^ (sum >> 1) } else { sum >> 1 })
    });
    chunk.extend_from_slice(&(!sum).to_be_bytes());
    chunk
}

/// The files below a directory.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let each = entries.flatten().map(|entry| entry.path());
    each.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub fn address_of(profile: &Value) -> String {
    profile["avatar"].as_str().expect("an address").to_owned()
}

/// Somebody, and a server for them alone.
pub async fn one(edit: impl FnOnce(&mut plenum_server::config::Config)) -> (World, Person) {
    let world = World::with(edit);
    let person = world.people(1).await.remove(0);
    (world, person)
}

/// Waits for something that comes by itself.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(std::time::Instant::now() < end, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
