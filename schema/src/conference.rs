//! What happens in a conference, as it is stored in its log and sent to subscribers. Nothing in it is secret: questions appear
//! when they go live, results when everybody may see them.

use crate::id::{QuestionId, UserId};
use crate::poll::{Definition, Results};
use serde::{Deserialize, Serialize};

/// Where a conference stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConferenceStatus {
    /// Being prepared: people may join and wait.
    #[default]
    Draft,
    /// Questions may go live.
    Active,
    /// Over; nobody joins.
    Ended,
}

/// How voters are known. Declared, and shown to them before they vote.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IdentityMode {
    /// By a random number that their device keeps.
    #[default]
    Anonymous,
    /// By a name that they choose.
    Pseudonymous,
    /// By their account: one ballot each, on whichever device.
    SignedIn,
}

/// What somebody who runs a conference may do; each includes those before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HostRole {
    /// Shows what the audience may see.
    Screen,
    /// Looks after the audience's questions.
    Moderator,
    /// Prepares, opens and closes questions; starts and ends.
    Cohost,
    /// As co-host; names the others. One, for ever: who made it.
    Host,
}

/// Somebody who speaks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Speaker {
    /// 1, 2, 3, … in the order they were named.
    pub id: u32,
    /// Name.
    pub name: String,
    /// About them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
}

/// One point of a conference's agenda.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgendaItem {
    /// What it is.
    pub title: String,
    /// When it begins, as its host writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it ends, as its host writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// Which of the speakers speaks: their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<u32>,
    /// In which room or track.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
}

/// What a conference is called and when it is. Stored: only add optional members.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceInfo {
    /// Its title.
    pub title: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its day, as its host writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// When it begins, as its host writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it ends, as its host writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// How voters are known. Fixed when it is made.
    #[serde(default)]
    pub identity: IdentityMode,
    /// Who speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speakers: Vec<Speaker>,
    /// Whether moderators look at the audience's questions before everybody sees them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub moderated: bool,
    /// Whether the audience may reply to questions of others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub audience_replies: bool,
    /// Whether nobody joins without an invitation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub invited: bool,
    /// Whether nobody joins who is not on the roster.
    #[serde(default, skip_serializing_if = "is_false")]
    pub roster: bool,
    /// Teams that participants belong to; a quiz has a leaderboard of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// What happens when and where, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agenda: Vec<AgendaItem>,
    /// So many days after the last thing that happened in it who took part is forgotten; 0: never; absent: as the server is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after_days: Option<u32>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// One durable event of a conference. Each has an offset; all subscribers see all of them in offset order.
///
/// Stored for ever: only add variants and optional members, never change or remove one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConferenceEvent {
    /// Always at offset 1.
    Created(ConferenceCreated),
    /// Title, times or speakers changed.
    Changed(ConferenceChanged),
    /// It is active.
    Started(ConferenceStarted),
    /// It is over.
    Ended(ConferenceEnded),
    /// Somebody else runs it too, in another role, or no longer.
    HostChanged(HostChanged),
    /// A question can be answered from now on.
    QuestionLive(QuestionLive),
    /// A question is closed: no ballot counts any more.
    QuestionClosed(QuestionClosed),
    /// The host shows a question's results to everybody, or hides them.
    ResultsShown(ResultsShown),
    /// A question takes no answers for a while, or again.
    QuestionFrozen(QuestionFrozen),
    /// Who took part is not known any more; how much there was of everything stays.
    Anonymised(Anonymised),
    /// Nothing of it is left.
    Deleted(Deleted),
}

/// A conference was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceCreated {
    /// What people type to join.
    pub code: String,
    /// Who made it: the host.
    pub by: UserId,
    /// What it is.
    pub info: ConferenceInfo,
}

/// A conference is called or planned otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceChanged {
    /// What it is from now on.
    pub info: ConferenceInfo,
}

/// A conference is active.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceStarted {}

/// A conference is over.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConferenceEnded {
    /// Who was there.
    pub audience: Audience,
}

/// Participants and their ballots are forgotten. Everything before it is removed from the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anonymised {}

/// A conference is forgotten. Everything before it is removed from the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deleted {}

/// Somebody else runs a conference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostChanged {
    /// Who.
    pub user: UserId,
    /// In which role; absent: no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<HostRole>,
}

/// A question can be answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuestionLive {
    /// Which: answers name it, its results come on `poll:<question>`.
    pub question: QuestionId,
    /// What is asked, without what is right.
    pub definition: Definition,
    /// When it closes by itself, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<i64>,
}

/// A question is closed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuestionClosed {
    /// Which.
    pub question: QuestionId,
    /// How many ballots count.
    pub total_responses: u64,
    /// What it came to, when everybody may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Box<Results>>,
}

/// A question takes no answers for a while, or again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuestionFrozen {
    /// Which.
    pub question: QuestionId,
    /// From now on, or no longer.
    pub frozen: bool,
}

/// Results are shown to everybody, or hidden.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResultsShown {
    /// Of which question.
    pub question: QuestionId,
    /// From now on, or no longer.
    pub shown: bool,
    /// How they stand, when shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Box<Results>>,
    /// How many ballots counted, when hidden: that number alone stays public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_responses: Option<u64>,
}

/// How many people are, and were, in the audience.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audience {
    /// Participants with a connection now.
    pub live: u64,
    /// Participants who have joined, ever.
    pub unique: u64,
    /// Most participants with a connection at the same time.
    pub peak: u64,
}
