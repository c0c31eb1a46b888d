//! The hash chain over the ballots of a question: who has the list of leaves can check that nothing was left out, changed or
//! put in, and each voter can find their own leaf.

use super::Answer;
use crate::codec;
use crate::id::{EntryId, ParticipantId, QuestionId};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// SHA-256 over one ballot, or over one that was taken back.
pub type Leaf = [u8; 32];

/// The chain so far: `root = SHA-256("plenum.chain" ‖ root before ‖ leaf)`, beginning with 32 zero bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Chain {
    root: [u8; 32],
    length: u64,
}

impl Chain {
    /// A chain of so many leaves that ends in `root`.
    #[must_use]
    pub fn at(root: [u8; 32], length: u64) -> Self {
        Self { root, length }
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: &Leaf) {
        let mut hash = Sha256::new();
        hash.update(b"plenum.chain");
        hash.update(self.root);
        hash.update(leaf);
        self.root = hash.finalize().into();
        self.length += 1;
    }

    /// The hash over everything so far.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        self.root
    }

    /// How many leaves.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The root in hexadecimal.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.root)
    }
}

/// What stands for a voter in everything that is handed out about one question: without the participant's own id, which nobody
/// else is told, it cannot be traced to them nor joined with other questions.
#[must_use]
pub fn pseudonym(question: QuestionId, voter: ParticipantId) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"plenum.voter");
    hash.update(question.0.as_bytes());
    hash.update(voter.0.as_bytes());
    hash.finalize().into()
}

/// The leaf of a ballot (`answer`) or of its withdrawal (`None`).
#[must_use]
pub fn leaf(question: QuestionId, entry: EntryId, pseudonym: &[u8; 32], answer: Option<&Answer>) -> Leaf {
    let mut hash = Sha256::new();
    hash.update(b"plenum.ballot");
    hash.update(question.0.as_bytes());
    hash.update(entry.0.as_bytes());
    hash.update(pseudonym);
    // The answer as JSON without white space, as the sheet shows it. Our own types always encode.
    let said = answer.and_then(|answer| codec::encode(codec::Codec::Json, answer).ok()).unwrap_or_default();
    hash.update(said);
    hash.finalize().into()
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ok = write!(text, "{byte:02x}").is_ok();
        text
    })
}
