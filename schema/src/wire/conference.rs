//! Commands of conferences and what answers them.

use crate::board::{BoardItem, ItemId, ItemStatus};
use crate::id::{ConferenceId, QuestionId};
use crate::log::Offset;
use crate::poll::Answer;
use serde::{Deserialize, Serialize};

/// Answer a question. The same ballot again gives the same answer again; another one replaces it where the question allows that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vote {
    /// Which question.
    pub question: QuestionId,
    /// What.
    pub answer: Answer,
    /// Quiz: how long after the question appeared on this device it was answered, milliseconds. Believed within a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressed_after_ms: Option<u32>,
    /// Counts this voter's ballots and withdrawals for this question: one with a lower number than what was decided before is refused as
    /// `conflict` naming `sequence`, so that a copy that comes late cannot undo a newer one. Repeat with the same number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
}

/// Take the ballot back. Without one it changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdraw {
    /// Which question.
    pub question: QuestionId,
    /// As in [`Vote`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
}

/// A question of a conference, for `pushQuestion` and `closeQuestion`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceQuestion {
    /// Which conference.
    pub conference: ConferenceId,
    /// Which of its questions.
    pub question: QuestionId,
}

/// Show a question's results to everybody, or hide them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShowResults {
    /// Which conference.
    pub conference: ConferenceId,
    /// Which of its questions.
    pub question: QuestionId,
    /// From now on, or no longer.
    pub shown: bool,
}

/// The ballot is on disk, as asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Voted {
    /// Of which question.
    pub question: QuestionId,
    /// Its place among the ballots' log; of a withdrawal without a ballot 0.
    pub offset: Offset,
    /// True when this very ballot stood there already.
    pub duplicate: bool,
    /// The ballot's leaf in the hash chain of the question, in hexadecimal: keep it to check the result sheet. Withdrawals too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// The conference has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceChange {
    /// Which conference.
    pub conference: ConferenceId,
    /// The offset of the change, or of the newest one when it was so already.
    pub offset: Offset,
}

/// Ask the speakers something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskQuestion {
    /// In which conference.
    pub conference: ConferenceId,
    /// What.
    pub text: String,
    /// Makes a repetition recognisable: 1 to 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
}

/// Want a question of the audience answered, or no longer. Again it changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Upvote {
    /// In which conference.
    pub conference: ConferenceId,
    /// Which.
    pub item: ItemId,
    /// From now on, or no longer.
    pub up: bool,
}

/// Reply to a question of the audience: whoever moderates, and the audience where the conference allows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplyTo {
    /// In which conference.
    pub conference: ConferenceId,
    /// To which.
    pub item: ItemId,
    /// What.
    pub text: String,
    /// Makes a repetition recognisable: 1 to 64 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
}

/// Approve, answer, label, pin or dismiss a question of the audience. Absent members stay as they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModerateQuestion {
    /// In which conference.
    pub conference: ConferenceId,
    /// Which.
    pub item: ItemId,
    /// Where it stands now: any but `merged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ItemStatus>,
    /// Whether it stands before all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// What is answered; empty: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What it is about: all of its labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

/// React to what happens in a conference, for everybody to see and for nobody to keep.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactLive {
    /// In which conference.
    pub conference: ConferenceId,
    /// One of those that the conference offers.
    pub emoji: String,
}

/// On `conference:<id>`: how often the audience has reacted since the signal before. To be added up, and lost when it is lost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LiveReactions {
    /// Those that somebody used, in the order in which the conference offers them.
    pub counts: Vec<LiveReaction>,
}

/// How often somebody reacted so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LiveReaction {
    /// How.
    pub emoji: String,
    /// How often.
    pub count: u64,
}

/// A question of the audience as it is now, on disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardChange {
    /// In which conference.
    pub conference: ConferenceId,
    /// It.
    pub item: BoardItem,
}
