//! What a poll came to, or has come to so far.

use super::{Number, OptionId, QuestionKind};
use crate::id::{ParticipantId, QuestionId};
use crate::log::Offset;
use serde::{Deserialize, Serialize};

/// The results of a question, as somebody may see them. Members that the kind does not have are absent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Results {
    /// Of which question.
    pub question: QuestionId,
    /// Its kind.
    pub kind: QuestionKind,
    /// How many ballots count.
    pub total_responses: u64,
    /// Grows with every change: of two results the one with the higher is newer.
    pub revision: Offset,
    /// Whether it is closed: the results change no more.
    pub closed: bool,
    /// You may not see more than the number of ballots.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// How often each option (or rating) was picked, in the order of the definition, zero included. Ranking: first places.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Count>,
    /// The mean rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Number>,
    /// Ranking: the outcome by two methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<RankingResults>,
    /// The most frequent words, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordCount>,
    /// The newest texts, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// Numbers, put together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<NumberResults>,
    /// Quiz, when closed: the right options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correct: Vec<OptionId>,
    /// Quiz, when closed: the best, most points first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaders: Vec<Leader>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Results {
    /// Nothing but the number of ballots.
    #[must_use]
    pub fn hidden(
        question: QuestionId,
        kind: QuestionKind,
        total_responses: u64,
        revision: Offset,
        closed: bool,
    ) -> Self {
        Self { hidden: true, ..Self::empty(question, kind, total_responses, revision, closed) }
    }

    /// Results that say nothing about answers yet.
    #[must_use]
    pub fn empty(
        question: QuestionId,
        kind: QuestionKind,
        total_responses: u64,
        revision: Offset,
        closed: bool,
    ) -> Self {
        Self {
            question,
            kind,
            total_responses,
            revision,
            closed,
            hidden: false,
            counts: Vec::new(),
            average: None,
            ranking: None,
            words: Vec::new(),
            texts: Vec::new(),
            numbers: None,
            correct: Vec::new(),
            leaders: Vec::new(),
        }
    }
}

/// How often an option was picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Count {
    /// The option's number, or the rating.
    pub option: i64,
    /// How many ballots.
    pub count: u64,
}

/// A ranking by two methods, which may differ.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RankingResults {
    /// Borda: with n options, n − 1 points for a first place, n − 2 for a second; options left out share what is left equally.
    /// Most points first.
    pub borda: Vec<Points>,
    /// Schulze: groups of options that nobody beats within, best group first.
    pub schulze: Vec<Vec<OptionId>>,
}

/// Points of an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Points {
    /// Which.
    pub option: OptionId,
    /// How many.
    pub points: Number,
}

/// How often a word was said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WordCount {
    /// The word, normalised.
    pub word: String,
    /// How many ballots have it.
    pub count: u64,
}

/// Numbers, put together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NumberResults {
    /// The lowest.
    pub min: Number,
    /// The highest.
    pub max: Number,
    /// The mean.
    pub mean: Number,
    /// The median; of an even number of answers the lower of the two in the middle.
    pub median: Number,
    /// How many lie where, from low to high.
    pub buckets: Vec<Bucket>,
    /// How many are right: within `tolerance` of `target`. Present when closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<u64>,
}

/// How many numbers lie in a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bucket {
    /// From here …
    pub from: Number,
    /// … to here; only the last range holds its upper end.
    pub to: Number,
    /// How many.
    pub count: u64,
}

/// One of the best of a quiz.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Leader {
    /// Who.
    pub participant: ParticipantId,
    /// The name they gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Points.
    pub points: u64,
}
