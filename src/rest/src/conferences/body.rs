//! What is said about conferences, questions and ballots.

use plenum_schema::conference::{AgendaItem, ConferenceInfo, IdentityMode, Speaker};
use plenum_schema::poll::{Answer, BallotPolicy, ChoiceOption, Definition, Number, OptionId, QuestionKind, Visibility};
use plenum_schema::wire::Vote;
use plenum_schema::{QuestionId, Refusal, RefusalCode};
use plenum_services::conferences::FromTop;
use serde::{Deserialize, Deserializer, Serialize};

/// A member that is there, perhaps as `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// The same of a number.
fn present_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::<u32>::deserialize(deserializer).map(Some)
}

/// Somebody who speaks.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SpeakerBody)]
pub(crate) struct SpeakerBody {
    pub name: String,
    #[serde(default)]
    pub bio: Option<String>,
}

/// One point of an agenda.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgendaBody {
    title: String,
    #[serde(default)]
    start_time: Option<String>,
    #[serde(default)]
    end_time: Option<String>,
    #[serde(default)]
    speaker: Option<u32>,
    #[serde(default)]
    track: Option<String>,
}

impl From<AgendaBody> for AgendaItem {
    fn from(body: AgendaBody) -> Self {
        let AgendaBody { title, start_time, end_time, speaker, track } = body;
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self { title, start_time: said(start_time), end_time: said(end_time), speaker, track: said(track) }
    }
}

/// A conference as it is wanted. When changing, absent members stay as they are and `null` removes a text.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = ConferenceBody)]
pub(crate) struct ConferenceBody {
    /// 1 to 200 characters.
    title: Option<String>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    date: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    start_time: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    end_time: Option<Option<String>>,
    /// `anonymous` (default), `pseudonymous` or `signedIn`; fixed when it is made.
    #[schema(value_type = Option<String>)]
    identity: Option<IdentityMode>,
    /// What people must say besides the code; only when making it.
    pub passcode: Option<String>,
    /// Whether moderators look at the audience's questions before everybody sees them.
    moderated: Option<bool>,
    /// Whether the audience may reply to questions of others.
    audience_replies: Option<bool>,
    /// Whether nobody joins without an invitation.
    invited: Option<bool>,
    /// Whether nobody joins who is not on the roster; needs `identity` `signedIn`.
    roster: Option<bool>,
    /// Teams that participants belong to, all of them; absent: as they are.
    teams: Option<Vec<String>>,
    /// What happens when and where, all of it: `title`, `startTime`, `endTime`, `speaker` (a number), `track`. Absent: as it is.
    #[schema(value_type = Option<Vec<Object>>)]
    agenda: Option<Vec<AgendaBody>>,
    /// So many days after the last thing that happened in it who took part is forgotten; 0: never, `null`: as the server is configured.
    #[serde(deserialize_with = "present_number")]
    #[schema(value_type = Option<u32>)]
    expires_after_days: Option<Option<u32>>,
    /// All of them; absent: as they are.
    #[schema(value_type = Option<Vec<Object>>)]
    speakers: Option<Vec<SpeakerBody>>,
    /// When making a conference: the same person and reference give the same conference, for ever. 1 to 64 bytes.
    pub client_ref: Option<String>,
}

impl ConferenceBody {
    /// Changes what is said.
    pub fn change(self, info: &mut ConferenceInfo) {
        if let Some(title) = self.title {
            info.title = title;
        }
        let texts = [
            (self.description, &mut info.description),
            (self.date, &mut info.date),
            (self.start_time, &mut info.start_time),
            (self.end_time, &mut info.end_time),
        ];
        for (said, kept) in texts {
            if let Some(said) = said {
                *kept = said.filter(|text| !text.is_empty());
            }
        }
        info.identity = self.identity.unwrap_or(info.identity);
        info.moderated = self.moderated.unwrap_or(info.moderated);
        info.invited = self.invited.unwrap_or(info.invited);
        info.roster = self.roster.unwrap_or(info.roster);
        info.teams = self.teams.unwrap_or_else(|| std::mem::take(&mut info.teams));
        if let Some(agenda) = self.agenda {
            info.agenda = agenda.into_iter().map(AgendaItem::from).collect();
        }
        info.expires_after_days = self.expires_after_days.unwrap_or(info.expires_after_days);
        info.audience_replies = self.audience_replies.unwrap_or(info.audience_replies);
        if let Some(speakers) = self.speakers {
            let speaker = |(id, body): (u32, SpeakerBody)| Speaker { id, name: body.name, bio: body.bio };
            info.speakers = (1..).zip(speakers).map(speaker).collect();
        }
    }

    /// A new conference.
    pub fn info(self) -> Result<ConferenceInfo, Refusal> {
        if self.title.is_none() {
            return Err(Refusal::field(RefusalCode::Invalid, "title", "title is required"));
        }
        let mut info = ConferenceInfo::default();
        self.change(&mut info);
        Ok(info)
    }
}

/// An option: its text, or text and picture.
#[derive(Deserialize)]
#[serde(untagged)]
enum OptionBody {
    Text(String),
    Full {
        text: String,
        #[serde(default)]
        image: Option<String>,
        #[serde(default, rename = "imageAlt")]
        image_alt: Option<String>,
    },
}

/// A question as it is wanted.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = QuestionBody)]
pub(crate) struct QuestionBody {
    text: String,
    /// `single` (default), `multiple`, `yesNo`, `rating`, `ranking`, `words`, `text`, `number`, `quiz`, `point` or `feedback`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    kind: Option<QuestionKind>,
    /// Texts, or objects with `text`, `image` and `imageAlt`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    options: Vec<OptionBody>,
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    min: Option<Number>,
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    max: Option<Number>,
    /// `fixed`, `changeable` (default) or `changeableWhileHidden`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    policy: BallotPolicy,
    /// `hidden` (default), `afterVote` or `live`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    visibility: Visibility,
    #[serde(default)]
    duration_ms: Option<u64>,
    #[serde(default)]
    correct: Vec<OptionId>,
    #[serde(default)]
    points: Option<u32>,
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    target: Option<Number>,
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    tolerance: Option<Number>,
    /// Address of a picture; with `point` what is pointed at.
    #[serde(default)]
    image: Option<String>,
    /// What the picture shows, for those who cannot see it.
    #[serde(default)]
    image_alt: Option<String>,
    /// Feedback: an answer weighs half after so long (60,000).
    #[serde(default)]
    half_life_ms: Option<u64>,
    /// The survey it belongs to: its questions are answered at one's own pace.
    #[serde(default)]
    survey: Option<String>,
    /// The outcome stands only with at least so many ballots.
    #[serde(default)]
    quorum: Option<u64>,
    /// The outcome stands only with ballots of at least this share (0 to 1) of everybody who has joined.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    quorum_share: Option<Number>,
    /// Count by what voters weigh too: `single`, `multiple`, `yesNo`, `rating`.
    #[serde(default)]
    weighted: bool,
    /// Instead of `options`, when adding a question: what the audience most wants of what it has asked and nobody has answered.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub from_top: Option<FromTopBody>,
}

/// How many ideas of the audience become options.
#[derive(Deserialize)]
pub(crate) struct FromTopBody {
    count: usize,
    /// `votes` (default), `newest` or `wilson`.
    #[serde(default)]
    sort: Option<String>,
    #[serde(default)]
    label: Option<String>,
}

impl FromTopBody {
    /// What is meant.
    pub fn top(self) -> Result<FromTop, Refusal> {
        let order = crate::board::order::order("fromTop.sort", self.sort.as_deref())?;
        Ok(FromTop { count: self.count, order, label: self.label })
    }
}

impl From<QuestionBody> for Definition {
    fn from(body: QuestionBody) -> Self {
        let option = |(id, option): (OptionId, OptionBody)| match option {
            OptionBody::Text(text) => ChoiceOption { id, text, image: None, image_alt: None },
            OptionBody::Full { text, image, image_alt } => ChoiceOption { id, text, image, image_alt },
        };
        Self {
            text: body.text,
            kind: body.kind.unwrap_or(QuestionKind::Single),
            options: (1..=OptionId::MAX).zip(body.options).map(option).collect(),
            min: body.min,
            max: body.max,
            policy: body.policy,
            visibility: body.visibility,
            duration_ms: body.duration_ms,
            correct: body.correct,
            points: body.points,
            target: body.target,
            tolerance: body.tolerance,
            image: body.image,
            half_life_ms: body.half_life_ms,
            survey: body.survey,
            quorum: body.quorum,
            quorum_share: body.quorum_share,
            weighted: body.weighted,
            image_alt: body.image_alt,
        }
    }
}

/// The number of an option, as older clients write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum OptionNumber {
    Number(OptionId),
    Text(String),
}

/// A ballot: `answer`, or `optionId` for one option.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoteBody)]
pub(crate) struct VoteBody {
    /// `{"choice": [2]}`, `{"rating": 4}`, `{"ranking": [3, 1, 2]}`, `{"words": ["a"]}`, `{"text": "…"}`, `{"number": 12.5}` or
    /// `{"point": {"x": 0.4, "y": 0.25}}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    answer: Option<Answer>,
    /// The same as `answer` with one choice.
    #[serde(default)]
    #[schema(value_type = Option<u16>)]
    option_id: Option<OptionNumber>,
    /// Quiz: how long after the question appeared it was answered, milliseconds.
    #[serde(default)]
    pressed_after_ms: Option<u32>,
    /// The caller's count of what they cast for this question: a copy with a lower one than before is refused.
    #[serde(default)]
    sequence: Option<u32>,
}

impl VoteBody {
    /// The vote that is meant.
    pub fn vote(self, question: QuestionId) -> Result<Vote, Refusal> {
        let (pressed_after_ms, sequence) = (self.pressed_after_ms, self.sequence);
        Ok(Vote { question, answer: self.answer()?, pressed_after_ms, sequence })
    }

    /// What is answered.
    fn answer(self) -> Result<Answer, Refusal> {
        let invalid = |field, text: &str| Refusal::field(RefusalCode::Invalid, field, text);
        match (self.answer, self.option_id) {
            (Some(answer), None) => Ok(answer),
            (None, Some(OptionNumber::Number(id))) => Ok(Answer::Choice(vec![id])),
            (None, Some(OptionNumber::Text(text))) => {
                let id = text.parse().map_err(|_| invalid("optionId", "an option is named by its number"))?;
                Ok(Answer::Choice(vec![id]))
            }
            (Some(_), Some(_)) => Err(invalid("optionId", "answer and optionId exclude each other")),
            (None, None) => Err(invalid("answer", "answer is required")),
        }
    }
}
