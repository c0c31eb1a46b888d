//! A message that is not complete yet.

use std::str;

use super::{Incoming, Violation};

/// The bytes of an unfinished data message that have arrived so far.
#[derive(Debug)]
pub(super) struct Message {
    text: bool,
    data: Vec<u8>,
    /// Length of the prefix of `data` known to be UTF-8; behind it stand at most three bytes of an unfinished character.
    valid: usize,
    fragments: u32,
}

impl Message {
    pub(super) const fn new(text: bool) -> Self {
        Self { text, data: Vec::new(), valid: 0, fragments: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) const fn capacity(&self) -> usize {
        self.data.capacity()
    }

    pub(super) const fn fragments(&self) -> u32 {
        self.fragments
    }

    pub(super) const fn count_fragment(&mut self) {
        self.fragments = self.fragments.saturating_add(1);
    }

    /// Adds unmasked bytes and fails at the first one that cannot be part of a text. `last_len` is the number of bytes that
    /// complete the message from here on, where that is known.
    pub(super) fn append(&mut self, bytes: &[u8], last_len: Option<usize>) -> Result<(), Violation> {
        let total = last_len.map(|more| self.data.len().saturating_add(more));
        reserve(&mut self.data, bytes.len(), total);
        self.data.extend_from_slice(bytes);
        if self.text { self.validate() } else { Ok(()) }
    }

    fn validate(&mut self) -> Result<(), Violation> {
        match str::from_utf8(self.data.get(self.valid..).unwrap_or_default()) {
            Ok(new) => self.valid += new.len(),
            Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
            Err(_) => return Err(Violation::InvalidUtf8),
        }
        Ok(())
    }

    /// The complete message. A text may still end inside a character.
    pub(super) fn view(&self) -> Result<Incoming<'_>, Violation> {
        view(self.text, &self.data)
    }
}

/// `bytes` as a complete message of its kind.
pub(super) fn view(text: bool, bytes: &[u8]) -> Result<Incoming<'_>, Violation> {
    if text {
        str::from_utf8(bytes).map(Incoming::Text).map_err(|_| Violation::InvalidUtf8)
    } else {
        Ok(Incoming::Binary(bytes))
    }
}

/// Makes room for `more` bytes: at most twice what has arrived, and not beyond a known `total`. A declared length alone
/// never decides how much is allocated.
fn reserve(data: &mut Vec<u8>, more: usize, total: Option<usize>) {
    let needed = data.len().saturating_add(more);
    if needed > data.capacity() {
        let doubled = data.capacity().saturating_mul(2).min(total.unwrap_or(usize::MAX));
        data.reserve_exact(needed.max(doubled) - data.len());
    }
}
