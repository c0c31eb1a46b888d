//! The result sheet of a closed question, and the list of ballots that it can be checked with.

use super::{Answer, Chain, Definition, Leaf, Results, hex, leaf};
use crate::id::{ConferenceId, EntryId, QuestionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the server signs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResultSheet {
    /// Of which conference.
    pub conference: ConferenceId,
    /// Of which question.
    pub question: QuestionId,
    /// What was asked.
    pub definition: Definition,
    /// What it came to.
    pub results: Results,
    /// The end of the chain over all leaves, in hexadecimal.
    pub root: String,
    /// How many leaves: ballots, changed ones too, and withdrawals.
    pub leaves: u64,
    /// When it was closed, milliseconds since 1970.
    pub closed_at: i64,
}

/// One ballot, or its withdrawal, as everybody may see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SheetEntry {
    /// The log entry.
    pub entry: EntryId,
    /// Who: the pseudonym of this question, in hexadecimal.
    pub voter: String,
    /// What; absent: taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A file that can be verified without the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedSheet {
    /// The sheet, signed: a JWS in its compact form (RFC 7515) whose payload is a [`ResultSheet`].
    pub signed: String,
    /// The public key (RFC 8037) that the server says it signed with. Compare its `kid` with what the server published at the time.
    pub key: SheetKey,
    /// All ballots in the order of the log.
    pub entries: Vec<SheetEntry>,
}

/// An Ed25519 public key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetKey {
    /// Its thumbprint (RFC 7638).
    pub kid: String,
    /// Its 32 bytes in base64url.
    pub x: String,
}

/// What is wrong with a sheet.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SheetError {
    /// A pseudonym is no 32 bytes in hexadecimal.
    #[error("ballot {0} has no readable voter")]
    Voter(usize),
    /// Ballots were left out, changed or put in.
    #[error("the chain over the ballots ends in {found} after {leaves} leaves, the sheet says {said} after {expected}")]
    Chain {
        /// What the ballots give.
        found: String,
        /// How many there are.
        leaves: u64,
        /// What the sheet says.
        said: String,
        /// How many it says there are.
        expected: u64,
    },
    /// The number of ballots that count is another.
    #[error("{found} ballots count, the sheet says {said}")]
    Total {
        /// By the list.
        found: u64,
        /// By the sheet.
        said: u64,
    },
    /// An option was picked another number of times.
    #[error("option {option} was picked {found} times, the sheet says {said}")]
    Count {
        /// Which.
        option: i64,
        /// By the list.
        found: u64,
        /// By the sheet.
        said: u64,
    },
}

impl SheetEntry {
    /// Its leaf in the chain; `None` when its voter cannot be read.
    #[must_use]
    pub fn leaf(&self, question: QuestionId) -> Option<Leaf> {
        Some(leaf(question, self.entry, &voter_bytes(&self.voter)?, self.answer.as_ref()))
    }
}

fn voter_bytes(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl ResultSheet {
    /// Checks the list of ballots against the sheet: the chain, the number that count, and how often each option was picked.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, entries: &[SheetEntry]) -> Result<(), SheetError> {
        let mut chain = Chain::default();
        let mut ballots: BTreeMap<&str, &Answer> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            chain.push(&entry.leaf(self.question).ok_or(SheetError::Voter(place))?);
            match &entry.answer {
                Some(answer) => ballots.insert(&entry.voter, answer),
                None => ballots.remove(entry.voter.as_str()),
            };
        }
        if chain.hex() != self.root || chain.length() != self.leaves {
            let (found, said) = (chain.hex(), self.root.clone());
            return Err(SheetError::Chain { found, leaves: chain.length(), said, expected: self.leaves });
        }
        let (found, said) = (ballots.len() as u64, self.results.total_responses);
        if found != said {
            return Err(SheetError::Total { found, said });
        }
        for count in &self.results.counts {
            let found = ballots.values().filter(|answer| picks(answer, count.option)).count() as u64;
            if found != count.count {
                return Err(SheetError::Count { option: count.option, found, said: count.count });
            }
        }
        Ok(())
    }

    /// Whether the ballot with this receipt is in the list.
    #[must_use]
    pub fn holds(&self, entries: &[SheetEntry], receipt: &str) -> bool {
        let wanted = receipt.trim().to_ascii_lowercase();
        entries.iter().filter_map(|entry| entry.leaf(self.question)).any(|leaf| hex(&leaf) == wanted)
    }
}

/// Whether an answer counts for an option (or rating, or as a first place).
fn picks(answer: &Answer, option: i64) -> bool {
    match answer {
        Answer::Choice(picks) => picks.iter().any(|pick| i64::from(*pick) == option),
        Answer::Rating(rating) => *rating == option,
        Answer::Ranking(ranked) => ranked.first().is_some_and(|first| i64::from(*first) == option),
        Answer::Words(_) | Answer::Text(_) | Answer::Number(_) | Answer::Point(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ParticipantId;
    use crate::poll::{BallotPolicy, Count, QuestionKind, Visibility, pseudonym};
    use uuid::Uuid;

    const QUESTION: QuestionId = QuestionId(Uuid::from_u128(7));

    fn entry(number: u128, voter: u128, answer: Option<u16>) -> SheetEntry {
        SheetEntry {
            entry: EntryId(Uuid::from_u128(number)),
            voter: hex(&pseudonym(QUESTION, ParticipantId(Uuid::from_u128(voter)))),
            answer: answer.map(|option| Answer::Choice(vec![option])),
        }
    }

    /// Two voted, one of them changed; a third took the ballot back.
    fn sheet() -> (ResultSheet, Vec<SheetEntry>) {
        let entries = vec![
            entry(1, 1, Some(1)),
            entry(2, 2, Some(2)),
            entry(3, 3, Some(2)),
            entry(4, 1, Some(2)),
            entry(5, 3, None),
        ];
        let mut chain = Chain::default();
        entries.iter().for_each(|entry| chain.push(&entry.leaf(QUESTION).unwrap()));
        let definition = Definition {
            text: "Which?".into(),
            kind: QuestionKind::Single,
            options: Vec::new(),
            min: None,
            max: None,
            policy: BallotPolicy::Changeable,
            visibility: Visibility::Live,
            duration_ms: None,
            correct: Vec::new(),
            points: None,
            target: None,
            tolerance: None,
            ..Definition::default()
        };
        let counts = vec![Count { option: 1, count: 0 }, Count { option: 2, count: 2 }];
        let results = Results { counts, ..Results::empty(QUESTION, QuestionKind::Single, 2, 7, true) };
        let conference = ConferenceId(Uuid::from_u128(3));
        let sheet = ResultSheet {
            conference,
            question: QUESTION,
            definition,
            results,
            root: chain.hex(),
            leaves: 5,
            closed_at: 0,
        };
        (sheet, entries)
    }

    #[test]
    fn a_sheet_that_is_right_is_right_and_each_voter_finds_their_ballot() {
        let (sheet, entries) = sheet();
        assert_eq!(sheet.check(&entries), Ok(()));
        assert!(entries.iter().all(|entry| sheet.holds(&entries, &hex(&entry.leaf(QUESTION).unwrap()))));
        assert!(!sheet.holds(&entries, &"0".repeat(64)));
    }

    #[test]
    fn a_ballot_that_is_left_out_changed_moved_or_put_in_is_noticed() {
        let (sheet, entries) = sheet();
        let mut left_out = entries.clone();
        left_out.remove(1);
        let mut changed = entries.clone();
        changed[1].answer = Some(Answer::Choice(vec![1]));
        let mut moved = entries.clone();
        moved.swap(0, 1);
        let mut put_in = entries.clone();
        put_in.push(entry(9, 9, Some(1)));
        for wrong in [left_out, changed, moved, put_in] {
            assert!(matches!(sheet.check(&wrong), Err(SheetError::Chain { .. })));
        }
        let mut unreadable = entries;
        unreadable[0].voter = "é".repeat(32);
        assert_eq!(sheet.check(&unreadable), Err(SheetError::Voter(0)));
    }

    #[test]
    fn counts_that_the_ballots_do_not_give_are_noticed() {
        let (mut sheet, entries) = sheet();
        sheet.results.counts[0].count = 1;
        assert_eq!(sheet.check(&entries), Err(SheetError::Count { option: 1, found: 0, said: 1 }));
        sheet.results.total_responses = 3;
        assert_eq!(sheet.check(&entries), Err(SheetError::Total { found: 2, said: 3 }));
    }
}
