//! Conferences and questions as REST shows them.

use crate::moment::rfc3339;
use crate::state::RestState;
use plenum_schema::conference::{AgendaItem, Audience, ConferenceStatus, HostRole, IdentityMode, Speaker};
use plenum_schema::moment::rfc3339_option;
use plenum_schema::poll::{
    Answer, BallotPolicy, ChoiceOption, Definition, Number, OptionId, QuestionKind, Results, Visibility,
};
use plenum_schema::{ConferenceId, QuestionId, Refusal, Topic, UserId};
use plenum_services::conferences::{ConferenceView, QuestionStatus, QuestionView};
use plenum_services::identity::{ConferenceRole, Identity, Scope};
use serde::{Deserialize, Serialize};

/// Where a conference stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = ConferenceStatus)]
pub(crate) enum StatusWord {
    /// Being prepared.
    Draft,
    /// Questions may go live; of a question: it can be answered.
    Active,
    /// Over.
    Ended,
    /// Of a question: no ballot counts any more.
    Closed,
}

impl From<ConferenceStatus> for StatusWord {
    fn from(status: ConferenceStatus) -> Self {
        match status {
            ConferenceStatus::Draft => Self::Draft,
            ConferenceStatus::Active => Self::Active,
            ConferenceStatus::Ended => Self::Ended,
        }
    }
}

/// What the caller is in a conference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConferenceRole)]
pub(crate) enum RoleWord {
    /// In the audience.
    Participant,
    /// Shows what the audience may see.
    Screen,
    /// Looks after the audience.
    Moderator,
    /// Prepares, opens and closes questions.
    Cohost,
    /// Made it.
    Host,
}

impl RoleWord {
    fn of(view: &ConferenceView, by: Option<&Identity>) -> Option<Self> {
        match view.role {
            Some(HostRole::Host) => Some(Self::Host),
            Some(HostRole::Cohost) => Some(Self::Cohost),
            Some(HostRole::Moderator) => Some(Self::Moderator),
            Some(HostRole::Screen) => Some(Self::Screen),
            None => match by?.scope {
                Scope::Conference { conference, role: ConferenceRole::Participant } if conference == view.id => {
                    Some(Self::Participant)
                }
                _ => None,
            },
        }
    }

    /// As a role that can be given.
    pub fn given(self) -> Result<HostRole, Refusal> {
        match self {
            Self::Screen => Ok(HostRole::Screen),
            Self::Moderator => Ok(HostRole::Moderator),
            Self::Cohost => Ok(HostRole::Cohost),
            Self::Host => Ok(HostRole::Host),
            Self::Participant => {
                Err(Refusal::field(plenum_schema::RefusalCode::Invalid, "role", "participants join by themselves"))
            }
        }
    }
}

/// How many people are, and were, there.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Audience)]
pub(crate) struct AudienceAnswer {
    /// With a connection now.
    live: u64,
    /// Who have ever joined.
    unique: u64,
    /// Most with a connection at the same time.
    peak: u64,
}

impl From<Audience> for AudienceAnswer {
    fn from(audience: Audience) -> Self {
        let Audience { live, unique, peak } = audience;
        Self { live, unique, peak }
    }
}

/// A live question, as everybody may know it.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiveQuestion)]
pub(crate) struct LiveQuestion {
    #[schema(value_type = String, format = Uuid)]
    id: QuestionId,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    asked: DefinitionAnswer,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    live_at: i64,
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<i64>,
    /// What the host said last about showing results.
    shown: Option<bool>,
    /// Whether it takes no answers at the moment.
    frozen: bool,
}

/// A conference.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Conference)]
pub(crate) struct ConferenceAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: ConferenceId,
    title: String,
    description: Option<String>,
    date: Option<String>,
    start_time: Option<String>,
    end_time: Option<String>,
    status: StatusWord,
    /// What people type to join.
    public_code: String,
    /// `anonymous`, `pseudonymous` or `signedIn`.
    #[schema(value_type = String)]
    identity: IdentityMode,
    has_passcode: bool,
    /// Whether moderators look at the audience's questions first.
    moderated: bool,
    /// Whether the audience may reply to questions of others.
    audience_replies: bool,
    /// Whether nobody joins without an invitation.
    invited: bool,
    /// Whether nobody joins who is not on the roster.
    roster: bool,
    /// Teams that participants belong to.
    teams: Vec<String>,
    /// Reactions that its audience can show.
    reactions: Vec<String>,
    /// What happens when and where.
    #[schema(value_type = Vec<Object>)]
    agenda: Vec<AgendaItem>,
    #[schema(value_type = Vec<Object>)]
    speakers: Vec<Speaker>,
    /// What to subscribe to on a socket.
    #[schema(value_type = String)]
    topic: Topic,
    /// Its conversation.
    #[schema(value_type = Option<String>)]
    chat: Option<Topic>,
    /// Subscribe `since` here, and nothing is missed.
    head: u64,
    /// For `If-Match`.
    version: u64,
    /// What the caller is in it.
    role: Option<RoleWord>,
    #[schema(value_type = Option<String>, format = Uuid)]
    host: Option<UserId>,
    /// Questions that can be answered now.
    live: Vec<LiveQuestion>,
    audience: AudienceAnswer,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    /// So many days after the last thing that happened in it who took part is forgotten; absent: as the server is configured, 0: never.
    expires_after_days: Option<u32>,
    /// When that is if nothing happens any more; absent: never.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<i64>,
    /// Whether who took part is forgotten.
    anonymised: bool,
}

impl ConferenceAnswer {
    /// A conference as the caller sees it.
    pub async fn of(state: &RestState, view: ConferenceView, by: Option<&Identity>) -> Result<Self, Refusal> {
        let has_passcode = state.conferences.has_passcode(view.id).await?;
        let (chat, role) = (state.conferences.chat(&view).map(Topic::Conversation), RoleWord::of(&view, by));
        let expires_at = state.conferences.expires_at(&view);
        let audience = view.audience.unwrap_or_else(|| state.conferences.audiences().of(view.id));
        let live = view.asked.into_iter().filter(|(_, asked)| asked.closed.is_none());
        let live = live.map(|(id, asked)| LiveQuestion {
            id,
            asked: asked.definition.into(),
            live_at: asked.live_at,
            closes_at: asked.closes_at,
            shown: asked.shown,
            frozen: asked.frozen,
        });
        let expires_at = expires_at.filter(|_| !view.anonymised);
        Ok(Self {
            id: view.id,
            title: view.info.title,
            description: view.info.description,
            date: view.info.date,
            start_time: view.info.start_time,
            end_time: view.info.end_time,
            status: view.status.into(),
            public_code: view.code,
            identity: view.info.identity,
            has_passcode,
            moderated: view.info.moderated,
            audience_replies: view.info.audience_replies,
            invited: view.info.invited,
            roster: view.info.roster,
            teams: view.info.teams,
            reactions: state.conferences.offered_reactions().to_vec(),
            agenda: view.info.agenda,
            speakers: view.info.speakers,
            topic: Topic::Conference(view.id),
            chat,
            head: view.head,
            version: view.version,
            role,
            host: view.host,
            live: live.collect(),
            audience: audience.into(),
            created_at: view.created_at,
            expires_after_days: view.info.expires_after_days,
            expires_at,
            anonymised: view.anonymised,
        })
    }
}

/// What is asked.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuestionDefinition)]
pub(crate) struct DefinitionAnswer {
    text: String,
    /// `single`, `multiple`, `yesNo`, `rating`, `ranking`, `words`, `text`, `number`, `quiz`, `point` or `feedback`.
    #[schema(value_type = String)]
    kind: QuestionKind,
    #[schema(value_type = Vec<Object>)]
    options: Vec<ChoiceOption>,
    #[schema(value_type = Option<f64>)]
    min: Option<Number>,
    #[schema(value_type = Option<f64>)]
    max: Option<Number>,
    /// `fixed`, `changeable` or `changeableWhileHidden`.
    #[schema(value_type = String)]
    policy: BallotPolicy,
    /// `hidden`, `afterVote` or `live`.
    #[schema(value_type = String)]
    visibility: Visibility,
    duration_ms: Option<u64>,
    /// Hosts alone see this, points, target and tolerance.
    correct: Vec<OptionId>,
    points: Option<u32>,
    #[schema(value_type = Option<f64>)]
    target: Option<Number>,
    #[schema(value_type = Option<f64>)]
    tolerance: Option<Number>,
    image: Option<String>,
    half_life_ms: Option<u64>,
    survey: Option<String>,
    quorum: Option<u64>,
    #[schema(value_type = Option<f64>)]
    quorum_share: Option<Number>,
    /// Whether ballots weigh what their voters weigh, beside the plain count.
    weighted: bool,
    /// What the picture shows, for those who cannot see it.
    image_alt: Option<String>,
}

impl From<Definition> for DefinitionAnswer {
    fn from(definition: Definition) -> Self {
        let Definition {
            text,
            kind,
            options,
            min,
            max,
            policy,
            visibility,
            duration_ms,
            correct,
            points,
            target,
            tolerance,
            image,
            half_life_ms,
            survey,
            quorum,
            quorum_share,
            weighted,
            image_alt,
        } = definition;
        Self {
            text,
            kind,
            options,
            min,
            max,
            policy,
            visibility,
            duration_ms,
            correct,
            points,
            target,
            tolerance,
            image,
            half_life_ms,
            survey,
            quorum,
            quorum_share,
            weighted,
            image_alt,
        }
    }
}

/// A question.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Question)]
pub(crate) struct QuestionAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: QuestionId,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    asked: DefinitionAnswer,
    order: i64,
    /// `DRAFT`, `ACTIVE` or `CLOSED`.
    status: StatusWord,
    /// For `If-Match`, of drafts.
    version: i64,
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    live_at: Option<i64>,
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    closes_at: Option<i64>,
    /// What the host said last about showing results.
    shown: Option<bool>,
    /// Whether it takes no answers at the moment.
    frozen: bool,
    /// As the caller may see them.
    #[schema(value_type = Option<Object>)]
    results: Option<Results>,
    /// The caller's own ballot.
    #[schema(value_type = Option<Object>)]
    my_answer: Option<Answer>,
    /// The receipt of the own ballot.
    receipt: Option<String>,
}

impl From<QuestionView> for QuestionAnswer {
    fn from(view: QuestionView) -> Self {
        let (my_answer, receipt) = view.own.map(|own| (own.answer, own.receipt)).unzip();
        Self {
            id: view.id,
            asked: view.definition.into(),
            order: view.position,
            status: match view.status {
                QuestionStatus::Draft => StatusWord::Draft,
                QuestionStatus::Active => StatusWord::Active,
                QuestionStatus::Closed => StatusWord::Closed,
            },
            version: view.version,
            live_at: view.live_at,
            closes_at: view.closes_at,
            shown: view.shown,
            frozen: view.frozen,
            results: view.results,
            my_answer,
            receipt,
        }
    }
}

/// Several questions.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Questions)]
pub(crate) struct QuestionsAnswer {
    pub items: Vec<QuestionAnswer>,
}

/// A ballot that is on disk.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Voted)]
pub(crate) struct VotedAnswer {
    #[schema(value_type = String, format = Uuid)]
    pub question: QuestionId,
    /// Its place among the ballots.
    pub offset: u64,
    /// Whether this very ballot stood there already.
    pub duplicate: bool,
    /// Keep it to check the result sheet.
    pub receipt: Option<String>,
}

impl From<plenum_schema::wire::Voted> for VotedAnswer {
    fn from(voted: plenum_schema::wire::Voted) -> Self {
        let plenum_schema::wire::Voted { question, offset, duplicate, receipt } = voted;
        Self { question, offset, duplicate, receipt }
    }
}
