//! Polls: what a question is, what can be answered, what is stored of it and what its results look like.

mod chain;
mod number;
mod results;
mod sheet;

pub use chain::{Chain, Leaf, hex, leaf, pseudonym};
pub use number::Number;
pub use results::{
    Bucket, Cell, Count, Heat, Leader, NumberResults, Points, Pulse, QuorumResult, RankingResults, Results, TeamScore,
    Weight, WeightedResults, WordCount,
};
pub use sheet::{ResultSheet, SheetEntry, SheetError, SheetKey, SignedSheet};

use crate::id::{ConferenceId, ParticipantId};
use serde::{Deserialize, Serialize};

/// An option's number within its question: 1, 2, 3, … in the order of the definition.
pub type OptionId = u16;

/// What kind of answer a question wants. Stored: only add variants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum QuestionKind {
    /// One option.
    #[default]
    Single,
    /// Between `min` and `max` options.
    Multiple,
    /// 1 yes, 2 no, 3 abstain.
    YesNo,
    /// A whole number between `min` and `max`.
    Rating,
    /// At least `min` options, best first.
    Ranking,
    /// At most `max` words each, put together in a cloud.
    Words,
    /// A text.
    Text,
    /// A number, estimated.
    Number,
    /// One option, right or wrong; fast right answers get more points.
    Quiz,
    /// A point on the question's picture.
    Point,
    /// One option of how it goes right now; what was said longer ago weighs less.
    Feedback,
}

/// When a ballot may be changed or withdrawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BallotPolicy {
    /// Never.
    Fixed,
    /// Until the question is closed.
    #[default]
    Changeable,
    /// While the voter cannot see results.
    ChangeableWhileHidden,
}

/// Who sees results while the host has not shown them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Visibility {
    /// Hosts.
    #[default]
    Hidden,
    /// Hosts, and whoever has voted.
    AfterVote,
    /// Everybody.
    Live,
}

/// One option.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChoiceOption {
    /// Its number.
    pub id: OptionId,
    /// What it says.
    pub text: String,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What the picture shows, for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_alt: Option<String>,
}

/// A question, completely. Stored: only add optional members.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definition {
    /// What is asked.
    pub text: String,
    /// What kind of answer it wants.
    pub kind: QuestionKind,
    /// The options, where the kind has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ChoiceOption>,
    /// Fewest picks, ranked options or words; lowest rating or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Number>,
    /// Most picks or words; highest rating or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Number>,
    /// When a ballot may be changed.
    #[serde(default)]
    pub policy: BallotPolicy,
    /// Who sees results before the host shows them.
    #[serde(default)]
    pub visibility: Visibility,
    /// The question closes by itself so long after it went live, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Right options of a quiz. Told to nobody but hosts before the close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correct: Vec<OptionId>,
    /// Most points of a quiz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
    /// The right number of an estimate. Told to nobody but hosts before the close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Number>,
    /// How far from `target` counts as right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Number>,
    /// Address of a picture; what is pointed at in a question of the kind `point`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Feedback: an answer weighs half after so long, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life_ms: Option<u64>,
    /// The survey it belongs to: questions of the same survey are answered at one's own pace, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<String>,
    /// The outcome stands only with at least so many ballots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u64>,
    /// The outcome stands only with ballots of at least this share of everybody who has joined: 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum_share: Option<Number>,
    /// Ballots weigh what their voters weigh, beside the count in which each is one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub weighted: bool,
    /// What the picture shows, for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_alt: Option<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Definition {
    /// The same without what tells the right answer.
    #[must_use]
    pub fn public(&self) -> Self {
        Self { correct: Vec::new(), target: None, tolerance: None, ..self.clone() }
    }
}

/// What somebody answers. Stored: only add variants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// Options picked (single, multiple, yesNo, quiz).
    Choice(Vec<OptionId>),
    /// A rating.
    Rating(i64),
    /// Options, best first.
    Ranking(Vec<OptionId>),
    /// Words.
    Words(Vec<String>),
    /// A text.
    Text(String),
    /// A number.
    Number(Number),
    /// A point on the picture.
    Point(Spot),
}

/// A point on a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spot {
    /// From the left edge (0) to the right one (1).
    pub x: Number,
    /// From the upper edge (0) to the lower one (1).
    pub y: Number,
}

/// One entry of a poll's log. Ballots have short member names: there are many of them.
///
/// Stored for ever: only add variants and optional members, never change or remove one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PollEvent {
    /// Always at offset 1: the question went live.
    Opened(Box<Opened>),
    /// Somebody's ballot: replaces an earlier one of the same voter.
    #[serde(rename = "b")]
    Ballot(Ballot),
    /// Somebody took their ballot back.
    #[serde(rename = "w")]
    Withdrawn(Withdrawn),
    /// The host shows the results to everybody, or hides them.
    Shown(Shown),
    /// The host lets no ballot in for a while, or again.
    Frozen(Frozen),
    /// A moderator keeps a word of a cloud from everybody, or no longer.
    WordHidden(WordHidden),
    /// Some voters weigh otherwise from now on; whoever was never named weighs 1.
    Weighed(Weighed),
    /// No ballot counts from here on.
    Closed(Closed),
    /// Who voted what is not known any more: everything before it is removed from the log.
    Erased(Erased),
}

/// The question went live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opened {
    /// The conference it is asked in.
    pub conference: ConferenceId,
    /// What is asked.
    pub question: Definition,
}

/// A ballot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ballot {
    /// Whose.
    #[serde(rename = "v")]
    pub voter: ParticipantId,
    /// What it says, normalised.
    #[serde(rename = "a")]
    pub answer: Answer,
    /// Quiz: how long after the question went live it was answered, milliseconds.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub pressed_ms: Option<u32>,
    /// The voter's own count of ballots and withdrawals, if they keep one.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
}

/// A ballot taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    /// Whose.
    #[serde(rename = "v")]
    pub voter: ParticipantId,
    /// As in [`Ballot`].
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
}

/// Results are shown to everybody, or no longer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shown {
    /// From now on, or no longer.
    pub shown: bool,
}

/// No ballot is let in, or again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Frozen {
    /// From now on, or no longer.
    pub frozen: bool,
}

/// A word is kept from everybody but hosts, or no longer. Its ballots count all the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WordHidden {
    /// Which, as it is counted.
    pub word: String,
    /// From now on, or no longer.
    pub hidden: bool,
}

/// What voters weigh.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    /// Who, and how much.
    #[serde(rename = "w")]
    pub weights: Vec<(ParticipantId, u32)>,
}

/// The ballots of a closed question are forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Erased {}

/// The end of a poll.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Closed {
    /// How many ballots count.
    pub ballots: u64,
    /// How many had joined, where the question has a quorum of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<u64>,
}
