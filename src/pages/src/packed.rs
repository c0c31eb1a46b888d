//! Files as they go over the wire to whoever takes gzip: a phone in a full hall has a slow line.

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io::Write as _;

/// What was compressed before, one entry for each file of `web/`: never more than there are, so it needs no limit.
#[derive(Debug, Default)]
pub struct Packed(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    tag: String,
    body: Bytes,
}

impl Packed {
    /// The file's text, compressed. `tag` says which text that is: in a debug build it may have changed.
    ///
    /// Nothing when compressing fails, which writing to memory does not.
    pub fn of(&self, name: &str, tag: &str, text: &[u8]) -> Option<Bytes> {
        if let Some(entry) = self.0.lock().get(name).filter(|entry| entry.tag == tag) {
            return Some(entry.body.clone());
        }
        let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 3), Compression::best());
        encoder.write_all(text).ok()?;
        let body = Bytes::from(encoder.finish().ok()?);
        self.0.lock().insert(name.to_owned(), Entry { tag: tag.to_owned(), body: body.clone() });
        Some(body)
    }
}
