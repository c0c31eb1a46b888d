//! Conferences, in the words of study rooms.

use super::incoming::{Argument, Heard, Request};
use super::names::spoken;
use super::outgoing::Events;
use plenum_actors::aggregates::conference::ConferenceView;
use plenum_schema::board::{BoardSignal, ItemId, ItemStatus};
use plenum_schema::conference::{
    Audience, ConferenceEvent, ConferenceInfo, ConferenceStatus, QuestionFrozen, ResultsShown,
};
use plenum_schema::poll::{Answer, Definition, OptionId, Results};
use plenum_schema::wire::{
    AskQuestion, Command, ConferenceQuestion, Gap, LiveReactions, ModerateQuestion, ReactLive, ReplyTo, ShowResults,
    Subscribe, Unsubscribe, Upvote, Vote, Withdraw,
};
use plenum_schema::{ConferenceId, Offset, QuestionId, Refusal, RefusalCode, Topic};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// There is no event of this name.
pub(super) fn unknown() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such event")
}

fn required(field: &str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, format!("{field} is required"))
}

/// An option as clients name it: by its number, perhaps as text.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OptionNumber {
    Number(OptionId),
    Text(String),
}

/// What the events of a conference carry.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wish {
    conference_id: Option<ConferenceId>,
    code: Option<String>,
    question_id: Option<QuestionId>,
    option_id: Option<OptionNumber>,
    answer: Option<Answer>,
    pressed_after_ms: Option<u32>,
    sequence: Option<u32>,
    since: Option<Offset>,
    text: Option<String>,
    client_ref: Option<String>,
    /// A question of the audience.
    id: Option<ItemId>,
    up: Option<bool>,
    shown: Option<bool>,
    status: Option<ItemStatus>,
    pinned: Option<bool>,
    labels: Option<Vec<String>>,
    emoji: Option<String>,
}

impl Wish {
    fn conference(&self, here: Here<'_>) -> Result<ConferenceId, Refusal> {
        self.conference_id.or_else(here).ok_or_else(|| required("conferenceId"))
    }

    /// From the beginning, unless the client knows better: what is over and what is live is told by the same events.
    fn join(mut self, here: Here<'_>) -> Result<Request, Refusal> {
        let since = self.since.unwrap_or(0);
        match self.code.take() {
            Some(_) if self.conference_id.is_some() => {
                Err(Refusal::field(RefusalCode::Invalid, "code", "conferenceId and code exclude each other"))
            }
            Some(code) => Ok(Request::Join(code, since)),
            None => {
                let topic = Topic::Conference(self.conference(here)?);
                Ok(Request::Native(Command::Subscribe(Subscribe { topic, since: Some(since) })))
            }
        }
    }

    fn item(&self) -> Result<ItemId, Refusal> {
        self.id.ok_or_else(|| required("id"))
    }

    fn text(&mut self) -> Result<String, Refusal> {
        self.text.take().ok_or_else(|| required("text"))
    }

    fn question(&self) -> Result<QuestionId, Refusal> {
        self.question_id.ok_or_else(|| required("questionId"))
    }

    fn answer(&self) -> Result<Answer, Refusal> {
        let wrong = || Refusal::field(RefusalCode::Invalid, "optionId", "an option is named by its number");
        match (&self.answer, &self.option_id) {
            (Some(_), Some(_)) => {
                Err(Refusal::field(RefusalCode::Invalid, "optionId", "answer and optionId exclude each other"))
            }
            (Some(answer), None) => Ok(answer.clone()),
            (None, Some(OptionNumber::Number(id))) => Ok(Answer::Choice(vec![*id])),
            (None, Some(OptionNumber::Text(text))) => Ok(Answer::Choice(vec![text.parse().map_err(|_| wrong())?])),
            (None, None) => Err(required("answer")),
        }
    }

    fn asked(&self, here: Here<'_>) -> Result<ConferenceQuestion, Refusal> {
        Ok(ConferenceQuestion { conference: self.conference(here)?, question: self.question()? })
    }
}

/// Tells the conference that the client is in.
type Here<'h> = &'h dyn Fn() -> Option<ConferenceId>;

/// Reads an event of a conference by its name.
pub(super) fn read(name: &str, argument: Argument<'_>, here: Here<'_>) -> Result<Heard, Refusal> {
    let wish = wish(name, argument)?;
    let by = (wish.answer.is_none() && wish.option_id.is_some()).then_some("optionId");
    let request = match name {
        "join_conference" => wish.join(here)?,
        _ => Request::Native(command(name, wish, here)?),
    };
    Ok(Heard { request, vocabulary: spoken(name), by })
}

/// Where all can be left out, so can the argument; where one id says all, it may stand alone.
fn wish(name: &str, argument: Argument<'_>) -> Result<Wish, Refusal> {
    if argument.is_nothing() {
        return Ok(Wish::default());
    }
    argument.read().or_else(|refusal| match (bare(name, argument), alone(name)) {
        (Some(wish), _) => Ok(wish),
        (None, Some(alone)) => Err(argument.neither(refusal, alone)),
        (None, None) => Err(refusal),
    })
}

/// What may stand alone as the argument of an event.
fn alone(name: &str) -> Option<&'static str> {
    Some(match name {
        "join_conference" => "an id, a code",
        "leave_conference" | "withdraw_answer" | "push_question" | "close_question" | "show_results" => "an id",
        "upvote_question" => "a whole number",
        "react" | "ask_question" => "text",
        _ => return None,
    })
}

fn bare(name: &str, argument: Argument<'_>) -> Option<Wish> {
    let nothing = Wish::default();
    Some(match name {
        "join_conference" => match argument.read().ok() {
            Some(id) => Wish { conference_id: Some(id), ..nothing },
            None => Wish { code: Some(argument.read().ok()?), ..nothing },
        },
        "leave_conference" => Wish { conference_id: Some(argument.read().ok()?), ..nothing },
        "withdraw_answer" | "push_question" | "close_question" | "show_results" => {
            Wish { question_id: Some(argument.read().ok()?), ..nothing }
        }
        "upvote_question" => Wish { id: Some(argument.read().ok()?), ..nothing },
        "react" => Wish { emoji: Some(argument.read().ok()?), ..nothing },
        "ask_question" => Wish { text: Some(argument.read().ok()?), ..nothing },
        _ => return None,
    })
}

fn command(name: &str, mut wish: Wish, here: Here<'_>) -> Result<Command, Refusal> {
    Ok(match name {
        "leave_conference" => Command::Unsubscribe(Unsubscribe { topic: Topic::Conference(wish.conference(here)?) }),
        "submit_answer" => Command::Vote(Vote {
            question: wish.question()?,
            answer: wish.answer()?,
            pressed_after_ms: wish.pressed_after_ms,
            sequence: wish.sequence,
        }),
        "withdraw_answer" => Command::Withdraw(Withdraw { question: wish.question()?, sequence: wish.sequence }),
        "push_question" => Command::PushQuestion(wish.asked(here)?),
        "show_results" => Command::ShowResults(ShowResults {
            conference: wish.conference(here)?,
            question: wish.question()?,
            shown: wish.shown.unwrap_or(true),
        }),
        "ask_question" => Command::Ask(AskQuestion {
            conference: wish.conference(here)?,
            text: wish.text()?,
            client_ref: wish.client_ref,
        }),
        "upvote_question" => Command::Upvote(Upvote {
            conference: wish.conference(here)?,
            item: wish.item()?,
            up: wish.up.unwrap_or(true),
        }),
        "reply_question" => Command::Reply(ReplyTo {
            conference: wish.conference(here)?,
            item: wish.item()?,
            text: wish.text()?,
            client_ref: wish.client_ref,
        }),
        "moderate_question" => Command::Moderate(ModerateQuestion {
            conference: wish.conference(here)?,
            item: wish.item()?,
            status: wish.status,
            pinned: wish.pinned,
            answer: wish.text,
            labels: wish.labels,
        }),
        "react" => Command::ReactLive(ReactLive {
            conference: wish.conference(here)?,
            emoji: wish.emoji.ok_or_else(|| required("emoji"))?,
        }),
        "close_question" => Command::CloseQuestion(wish.asked(here)?),
        _ => return Err(unknown()),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'e> {
    conference_id: ConferenceId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_code: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conference: Option<&'e ConferenceInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Live<'e> {
    conference_id: ConferenceId,
    question: LiveQuestion<'e>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LiveQuestion<'e> {
    id: QuestionId,
    #[serde(flatten)]
    definition: &'e Definition,
    live_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_at: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClosedQuestion<'e> {
    conference_id: ConferenceId,
    question: ClosedId,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Shown<'e>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FrozenQuestion {
    conference_id: ConferenceId,
    question_id: QuestionId,
    frozen: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClosedId {
    id: QuestionId,
    total_responses: u64,
}

/// Results with their counts by option.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'e> {
    question_id: QuestionId,
    counts: BTreeMap<i64, u64>,
    total_responses: u64,
    closed: bool,
    hidden: bool,
    /// What hosts see, whatever everybody sees.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    for_hosts: bool,
    /// Everything, as in the native protocol.
    results: &'e Results,
}

impl<'e> Shown<'e> {
    fn of(results: &'e Results) -> Self {
        Self {
            for_hosts: false,
            question_id: results.question,
            counts: results.counts.iter().map(|count| (count.option, count.count)).collect(),
            total_responses: results.total_responses,
            closed: results.closed,
            hidden: results.hidden,
            results,
        }
    }
}

/// Results that nobody but hosts may see any more. How many there are stays public, as in the native protocol.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NotShown {
    question_id: QuestionId,
    counts: BTreeMap<i64, u64>,
    /// Absent in what was hidden before it stood in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_responses: Option<u64>,
    hidden: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    conference_id: ConferenceId,
    count: u64,
    unique: u64,
    peak: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Over {
    conference_id: ConferenceId,
}

/// Says what happened in a conference.
pub(super) fn on_event(events: &mut Events, id: ConferenceId, at: i64, event: &ConferenceEvent) {
    match event {
        ConferenceEvent::Created(created) => state(events, id, "DRAFT", Some(&created.code), Some(&created.info)),
        ConferenceEvent::Changed(changed) => state(events, id, "CHANGED", None, Some(&changed.info)),
        ConferenceEvent::Started(_) => state(events, id, "ACTIVE", None, None),
        ConferenceEvent::Ended(_) => events.underscore("conference_ended", &Over { conference_id: id }),
        ConferenceEvent::Anonymised(_) => state(events, id, "ANONYMISED", None, None),
        ConferenceEvent::Deleted(_) => state(events, id, "DELETED", None, None),
        ConferenceEvent::HostChanged(_) => {}
        ConferenceEvent::QuestionLive(live) => {
            let question = LiveQuestion {
                id: live.question,
                definition: &live.definition,
                live_at: at,
                closes_at: live.closes_at,
            };
            events.underscore("question_live", &Live { conference_id: id, question });
        }
        ConferenceEvent::QuestionClosed(closed) => {
            let question = ClosedId { id: closed.question, total_responses: closed.total_responses };
            let results = closed.results.as_deref().map(Shown::of);
            events.underscore("question_closed", &ClosedQuestion { conference_id: id, question, results });
        }
        ConferenceEvent::QuestionFrozen(QuestionFrozen { question, frozen }) => {
            let said = FrozenQuestion { conference_id: id, question_id: *question, frozen: *frozen };
            events.underscore("question_frozen", &said);
        }
        ConferenceEvent::ResultsShown(ResultsShown { results: Some(results), shown: true, .. }) => {
            events.underscore("results_updated", &Shown::of(results));
        }
        ConferenceEvent::ResultsShown(ResultsShown { question, shown: false, total_responses, .. }) => {
            let (question_id, total_responses) = (*question, *total_responses);
            let hidden = NotShown { question_id, counts: BTreeMap::new(), total_responses, hidden: true };
            events.underscore("results_updated", &hidden);
        }
        // They are told as they change.
        ConferenceEvent::ResultsShown(ResultsShown { results: None, shown: true, .. }) => {}
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Missing {
    conference_id: ConferenceId,
    from: Offset,
    to: Offset,
}

/// Says what of a conference's log retention has removed. How it stands follows when everything else has been told.
pub(super) fn on_gap(events: &mut Events, id: ConferenceId, gap: &Gap) {
    events.say("gap", &Missing { conference_id: id, from: gap.from, to: gap.to });
}

/// How a conference stands as a whole.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'v> {
    #[serde(flatten)]
    state: State<'v>,
    /// Questions that can be answered now.
    live: Vec<QuestionId>,
    anonymised: bool,
}

/// Says how a conference stands, to whoever has just heard what has happened in it: this one `conference_state` says it all.
pub(super) fn on_standing(events: &mut Events, view: &ConferenceView) {
    let status = match view.status {
        ConferenceStatus::Draft => "DRAFT",
        ConferenceStatus::Active => "ACTIVE",
        ConferenceStatus::Ended => "ENDED",
    };
    let (public_code, conference) = (Some(&*view.code), Some(&view.info));
    let state = State { conference_id: view.id, status, public_code, conference };
    let live = view.asked.iter().filter(|(_, asked)| asked.closed.is_none()).map(|(question, _)| *question).collect();
    events.underscore("conference_state", &Whole { state, live, anonymised: view.anonymised });
}

fn state(
    events: &mut Events,
    id: ConferenceId,
    status: &'static str,
    public_code: Option<&str>,
    conference: Option<&ConferenceInfo>,
) {
    events.underscore("conference_state", &State { conference_id: id, status, public_code, conference });
}

/// Says how a question stands.
pub(super) fn on_results(events: &mut Events, topic: Topic, results: &Results) {
    let for_hosts = matches!(topic, Topic::PollHost(_));
    events.underscore("results_updated", &Shown { for_hosts, ..Shown::of(results) });
}

/// Says how large an audience is.
pub(super) fn on_audience(events: &mut Events, topic: Topic, audience: &Audience) {
    let Topic::Conference(conference_id) = topic else { return };
    let Audience { live, unique, peak } = *audience;
    events.underscore("audience_count", &Count { conference_id, count: live, unique, peak });
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Questions<'e> {
    conference_id: ConferenceId,
    #[serde(flatten)]
    board: &'e BoardSignal,
}

/// Says what an audience asks.
pub(super) fn on_board(events: &mut Events, topic: Topic, board: &BoardSignal) {
    let (Topic::Board(conference_id) | Topic::BoardHost(conference_id)) = topic else { return };
    events.underscore("qa_updated", &Questions { conference_id, board });
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reacted<'e> {
    conference_id: ConferenceId,
    counts: BTreeMap<&'e str, u64>,
}

/// Says how an audience reacts.
pub(super) fn on_reactions(events: &mut Events, topic: Topic, reactions: &LiveReactions) {
    let Topic::Conference(conference_id) = topic else { return };
    let counts = reactions.counts.iter().map(|one| (one.emoji.as_str(), one.count)).collect();
    events.underscore("reactions", &Reacted { conference_id, counts });
}
