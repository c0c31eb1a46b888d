//! What can be asked of a conference, and what it answers.

use plenum_schema::conference::{Audience, ConferenceInfo, ConferenceStatus, HostRole};
use plenum_schema::poll::{Definition, Results};
use plenum_schema::{ConferenceId, Offset, QuestionId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody who wants to run the conference: by their account, or by a token that a host made for this conference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Runner {
    /// The account; that of a token is made up and has no role of its own.
    pub user: UserId,
    /// The role that the token gives.
    pub role: Option<HostRole>,
}

/// What can be asked of a conference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Make it. Repeated by the same person it changes nothing.
    Create {
        /// Who: its host.
        by: UserId,
        /// What people type to join.
        code: String,
        /// What it is.
        info: ConferenceInfo,
    },
    /// Change what it is.
    Change {
        /// Who.
        by: Runner,
        /// From now on; how voters are known stays.
        info: ConferenceInfo,
        /// Only if it has this version: else `conflict` naming `version`.
        expected: Option<Offset>,
    },
    /// Let questions go live.
    Start {
        /// Who.
        by: Runner,
    },
    /// End it. Its questions are closed before.
    End {
        /// Who.
        by: Runner,
        /// Who was there.
        audience: Audience,
    },
    /// Let somebody run it too, or no longer.
    SetHost {
        /// Who: the host.
        by: Runner,
        /// Whom.
        user: UserId,
        /// As what; `None`: no longer.
        role: Option<HostRole>,
    },
    /// A question's poll is open: tell the audience. Again it changes nothing.
    Live {
        /// Who.
        by: Runner,
        /// Which.
        question: QuestionId,
        /// What is asked.
        definition: Box<Definition>,
    },
    /// A question's poll is closed: tell the audience. Again it changes nothing. The node itself says so.
    Closed {
        /// Which.
        question: QuestionId,
        /// How many ballots count.
        total: u64,
        /// What it came to, when everybody may see it.
        results: Option<Box<Results>>,
    },
    /// A question's poll shows its results, or no longer: tell the audience. The node itself says so.
    Shown {
        /// Which.
        question: QuestionId,
        /// From now on, or no longer.
        shown: bool,
        /// How they stand, when shown.
        results: Option<Box<Results>>,
    },
    /// A question's poll takes no ballots for a while, or again: tell the audience. The node itself says so.
    Frozen {
        /// Which.
        question: QuestionId,
        /// From now on, or no longer.
        frozen: bool,
    },
    /// Forget who took part, once it is over; or everything. Again it changes nothing. The node itself says so.
    Forget {
        /// Everything.
        everything: bool,
    },
    /// Ask whether somebody may do what this role may.
    Authorize {
        /// Who.
        by: Runner,
        /// The least role that is needed.
        least: HostRole,
    },
    /// Ask whether a question may go live, before its poll is opened.
    MayAsk {
        /// Who would let it.
        by: Runner,
        /// Which.
        question: QuestionId,
    },
    /// Ask for everything about it.
    View {
        /// Who asks; their role is told.
        by: Option<Runner>,
        /// The newest offset that whoever asks has heard of; 0: of none.
        known: Offset,
    },
}

impl Command {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Change { .. } => "change",
            Self::Start { .. } => "start",
            Self::End { .. } => "end",
            Self::SetHost { .. } => "setHost",
            Self::Live { .. } => "live",
            Self::Closed { .. } => "closed",
            Self::Shown { .. } => "shown",
            Self::Frozen { .. } => "frozen",
            Self::Forget { .. } => "forget",
            Self::Authorize { .. } => "authorize",
            Self::MayAsk { .. } => "mayAsk",
            Self::View { .. } => "view",
        }
    }

    pub(super) fn weight(&self) -> usize {
        let said = match self {
            Self::Create { info, .. } | Self::Change { info, .. } => {
                info.title.len()
                    + info.description.as_ref().map_or(0, String::len)
                    + (info.speakers.len() + info.agenda.len()) * 128
            }
            Self::Live { definition, .. } => definition.text.len() + definition.options.len() * 64,
            Self::Closed { results, .. } | Self::Shown { results, .. } => {
                results.as_ref().map_or(0, |results| results.counts.len() * 16 + results.words.len() * 64)
            }
            _ => 0,
        };
        256 + said
    }
}

/// What a conference answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answered {
    /// To `Create`: whether it was there already.
    Created {
        /// Whether it was.
        existing: bool,
    },
    /// To every other change.
    Changed {
        /// Where the change stands, or the head when it was so already.
        offset: Offset,
    },
    /// To `Authorize` and `MayAsk`: the role.
    Granted(HostRole),
    /// To `View`.
    View(Box<ConferenceView>),
}

/// A question that was live once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// What is asked, without what is right.
    pub definition: Definition,
    /// When it went live, milliseconds since 1970.
    pub live_at: i64,
    /// When it closes by itself, milliseconds since 1970.
    pub closes_at: Option<i64>,
    /// What the host said last about showing its results.
    pub shown: Option<bool>,
    /// How many ballots count, once it is closed.
    pub closed: Option<u64>,
    /// Whether it takes no answers at the moment.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Everything about a conference that its audience may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConferenceView {
    /// Which.
    pub id: ConferenceId,
    /// What people type to join.
    pub code: String,
    /// What it is.
    pub info: ConferenceInfo,
    /// Where it stands.
    pub status: ConferenceStatus,
    /// The newest offset of its log: subscribe from here on.
    pub head: Offset,
    /// The offset of the newest change of what it is.
    pub version: Offset,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// The role of who asks.
    pub role: Option<HostRole>,
    /// Who made it.
    pub host: Option<UserId>,
    /// Questions that are or were live, by id.
    pub asked: Vec<(QuestionId, Asked)>,
    /// The audience, when it is over.
    pub audience: Option<Audience>,
    /// When something happened in it last, milliseconds since 1970.
    pub changed_at: i64,
    /// Whether who took part is forgotten.
    pub anonymised: bool,
}

/// Limits of conferences.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConferenceLimits {
    /// Longest title, characters.
    pub title_chars: usize,
    /// Longest description, and longest text about a speaker, characters.
    pub description_chars: usize,
    /// Most speakers.
    pub speakers: usize,
    /// Most teams.
    pub teams: usize,
    /// Most points of an agenda.
    pub agenda_items: usize,
    /// Most people who run one conference by their accounts.
    pub hosts: usize,
    /// Most questions one conference may have live at the same time.
    pub live_questions: usize,
    /// Most questions one conference may ever have live.
    pub asked_questions: usize,
    /// Most days after which who took part is forgotten.
    pub most_expiry_days: u32,
}

impl Default for ConferenceLimits {
    fn default() -> Self {
        Self {
            title_chars: 200,
            description_chars: 2_000,
            speakers: 100,
            teams: 50,
            agenda_items: 300,
            hosts: 50,
            live_questions: 20,
            asked_questions: 500,
            most_expiry_days: 3_650,
        }
    }
}
