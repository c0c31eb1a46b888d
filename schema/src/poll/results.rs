//! What a poll came to, or has come to so far.

use super::{Number, OptionId, QuestionKind, Spot};
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
    /// Words that a moderator keeps from everybody: hosts alone see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_words: Vec<WordCount>,
    /// No ballot is let in at the moment.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
    /// Points on the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heat: Option<Heat>,
    /// Feedback: how much each option weighs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulse: Option<Pulse>,
    /// How it stands with the quorum, where one is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<QuorumResult>,
    /// The same counted by what voters weigh, where the question wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted: Option<WeightedResults>,
    /// Quiz, when closed: the right options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correct: Vec<OptionId>,
    /// Quiz, when closed: the best, most points first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaders: Vec<Leader>,
    /// Quiz, when closed, in a conference with teams: most points first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamScore>,
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
            hidden_words: Vec::new(),
            frozen: false,
            heat: None,
            pulse: None,
            quorum: None,
            weighted: None,
            correct: Vec::new(),
            leaders: Vec::new(),
            teams: Vec::new(),
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

/// Points on a picture, put together in cells of the same size.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Heat {
    /// Cells from the left to the right.
    pub columns: u16,
    /// Cells from above to below.
    pub rows: u16,
    /// The mean point.
    pub center: Spot,
    /// Cells with at least one point, row by row.
    pub cells: Vec<Cell>,
}

/// How many points lie in a cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cell {
    /// 0 is the leftmost.
    pub column: u16,
    /// 0 is the uppermost.
    pub row: u16,
    /// How many.
    pub count: u64,
}

/// Feedback at a moment. From then on all weights halve within each half-life, so that shares stay and only the whole fades.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pulse {
    /// When, milliseconds since 1970: that of the newest ballot.
    pub at: i64,
    /// A ballot weighs half after so long, milliseconds.
    pub half_life_ms: u64,
    /// What the current answers to each option weigh: a fresh one 1, one that is a half-life old 0.5.
    pub weights: Vec<Weight>,
}

/// What an option weighs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weight {
    /// Which.
    pub option: OptionId,
    /// How much.
    pub weight: Number,
}

/// How it stands with a quorum. A share of the audience is known when the question is closed: until then `needed` is what is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuorumResult {
    /// How many ballots are needed.
    pub needed: u64,
    /// Whether there are as many; absent while a share of the audience is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<bool>,
}

/// What ballots come to by the weights of their voters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WeightedResults {
    /// What all ballots weigh.
    pub total: u64,
    /// What each option (or rating) weighs, in the order of the definition, zero included.
    pub counts: Vec<Count>,
    /// The mean rating by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Number>,
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

/// A team in a quiz.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamScore {
    /// Its name.
    pub team: String,
    /// The mean of its members who answered: large teams have no advantage.
    pub points: Number,
    /// How many of its members answered.
    pub answered: u64,
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
