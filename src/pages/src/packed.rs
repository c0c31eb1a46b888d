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
        if name.ends_with(".js") {
            for line in code(text) {
                encoder.write_all(line).ok()?;
            }
        } else {
            encoder.write_all(text).ok()?;
        }
        let body = Bytes::from(encoder.finish().ok()?);
        self.0.lock().insert(name.to_owned(), Entry { tag: tag.to_owned(), body: body.clone() });
        Some(body)
    }
}

/// The lines of a module without those that only comment: a fifth of what a phone would load. Comments in our modules stand on
/// lines of their own, and no text of theirs has a line that looks like one.
fn code(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_comment = false;
    text.split_inclusive(|byte| *byte == b'\n').filter(move |line| {
        let line = line.trim_ascii();
        let begins = !is_comment && line.starts_with(b"/*");
        let is_dropped = is_comment || begins || line.starts_with(b"//");
        is_comment = (is_comment || begins) && !line.ends_with(b"*/");
        !is_dropped
    })
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn comments_on_lines_of_their_own_are_left_out_and_nothing_else() {
        let text = b"/** One. */\n/**\n * Two.\n */\nconst a = 2 // three\n  * 3;\n  // four\nconst b = `/*`;\n";
        let left: Vec<u8> = code(text).flatten().copied().collect();
        assert_eq!(left, b"const a = 2 // three\n  * 3;\nconst b = `/*`;\n");
    }
}
