//! The rules of a conference.

use super::command::{Answered, Command, ConferenceLimits, ConferenceView, Runner};
use super::{Asked, Conference};
use crate::clock::WallMillis;
use plenum_schema::conference::{
    Anonymised, ConferenceChanged, ConferenceCreated, ConferenceEnded, ConferenceEvent, ConferenceInfo,
    ConferenceStarted, ConferenceStatus, Deleted, HostChanged, HostRole, IdentityMode, QuestionClosed, QuestionFrozen,
    QuestionLive, ResultsShown,
};
use plenum_schema::poll::{Definition, Results};
use plenum_schema::{Offset, QuestionId, Refusal, RefusalCode, UserId};

pub(super) type Decided = Result<(Vec<ConferenceEvent>, Answered), Refusal>;

/// Longest date or time as its host writes it, characters.
const MOMENT_CHARS: usize = 40;

pub(super) fn decide(state: &Conference, rules: &ConferenceLimits, command: &Command, now: WallMillis) -> Decided {
    if !state.is_made() && !matches!(command, Command::Create { .. }) {
        return Err(unknown());
    }
    if state.deleted && !matches!(command, Command::Forget { .. }) {
        return Err(unknown());
    }
    match command {
        Command::Create { by, code, info } => create(state, rules, *by, code, info),
        Command::Change { by, info, expected } => change(state, rules, by, info, *expected),
        Command::Start { by } => start(state, by),
        Command::End { by, audience } => {
            authorize(state, by, HostRole::Cohost)?;
            if state.status == ConferenceStatus::Ended {
                return unchanged(state);
            }
            changed(ConferenceEvent::Ended(ConferenceEnded { audience: *audience }))
        }
        Command::SetHost { by, user, role } => set_host(state, rules, by, *user, *role),
        Command::Live { by, question, definition } => live(state, rules, by, *question, definition, now),
        Command::Closed { question, total, results } => closed(state, *question, *total, results.as_deref()),
        Command::Shown { question, shown, results } => show(state, *question, *shown, results.as_deref()),
        Command::Frozen { question, frozen } => freeze(state, *question, *frozen),
        Command::Forget { everything } => forget(state, *everything),
        Command::Authorize { by, least } => {
            authorize(state, by, *least).map(|role| (Vec::new(), Answered::Granted(role)))
        }
        Command::MayAsk { by, question } => {
            may_ask(state, rules, by, *question).map(|role| (Vec::new(), Answered::Granted(role)))
        }
        Command::View { by, .. } => Ok((Vec::new(), Answered::View(Box::new(view(state, by.as_ref()))))),
    }
}

fn unknown() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such conference")
}

fn changed(event: ConferenceEvent) -> Decided {
    Ok((vec![event], Answered::Changed { offset: 0 }))
}

fn unchanged(state: &Conference) -> Decided {
    Ok((Vec::new(), Answered::Changed { offset: state.head }))
}

fn authorize(state: &Conference, by: &Runner, least: HostRole) -> Result<HostRole, Refusal> {
    match state.role_of(by) {
        Some(role) if role >= least => Ok(role),
        _ => Err(Refusal::new(RefusalCode::Forbidden, "your role in this conference does not allow this")),
    }
}

fn create(state: &Conference, rules: &ConferenceLimits, by: UserId, code: &str, info: &ConferenceInfo) -> Decided {
    if state.is_made() {
        if state.hosts.get(&by) != Some(&HostRole::Host) {
            return Err(unknown());
        }
        return Ok((Vec::new(), Answered::Created { existing: true }));
    }
    check_info(rules, info)?;
    let created = ConferenceCreated { code: code.to_owned(), by, info: info.clone() };
    Ok((vec![ConferenceEvent::Created(created)], Answered::Created { existing: false }))
}

/// Checks what is said about a conference.
pub(super) fn check_info(rules: &ConferenceLimits, info: &ConferenceInfo) -> Result<(), Refusal> {
    check_line(&info.title, "title", rules.title_chars)?;
    check_text(info.description.as_deref(), "description", rules.description_chars)?;
    for (moment, field) in [(&info.date, "date"), (&info.start_time, "startTime"), (&info.end_time, "endTime")] {
        check_text(moment.as_deref(), field, MOMENT_CHARS)?;
    }
    if info.speakers.len() > rules.speakers {
        let text = format!("there are at most {} speakers", rules.speakers);
        return Err(Refusal::field(RefusalCode::LimitReached, "speakers", text));
    }
    for (place, speaker) in info.speakers.iter().enumerate() {
        check_line(&speaker.name, &format!("speakers.{place}.name"), rules.title_chars)?;
        check_text(speaker.bio.as_deref(), &format!("speakers.{place}.bio"), rules.description_chars)?;
    }
    if info.expires_after_days.is_some_and(|days| days > rules.most_expiry_days) {
        let text = format!("it is at most {} days", rules.most_expiry_days);
        return Err(Refusal::field(RefusalCode::Invalid, "expiresAfterDays", text));
    }
    if info.roster && info.identity != IdentityMode::SignedIn {
        let text = "a roster is of accounts: it needs identity signedIn";
        return Err(Refusal::field(RefusalCode::Invalid, "roster", text));
    }
    check_teams(rules, info)?;
    check_agenda(rules, info)
}

fn check_teams(rules: &ConferenceLimits, info: &ConferenceInfo) -> Result<(), Refusal> {
    if info.teams.len() > rules.teams {
        let text = format!("there are at most {} teams", rules.teams);
        return Err(Refusal::field(RefusalCode::LimitReached, "teams", text));
    }
    for (place, team) in info.teams.iter().enumerate() {
        let field = format!("teams.{place}");
        check_line(team, &field, MOMENT_CHARS)?;
        if info.teams.iter().take(place).any(|other| other == team) {
            return Err(Refusal::field(RefusalCode::Invalid, field, "each team has a name of its own"));
        }
    }
    Ok(())
}

fn check_agenda(rules: &ConferenceLimits, info: &ConferenceInfo) -> Result<(), Refusal> {
    if info.agenda.len() > rules.agenda_items {
        let text = format!("an agenda has at most {} points", rules.agenda_items);
        return Err(Refusal::field(RefusalCode::LimitReached, "agenda", text));
    }
    for (place, item) in info.agenda.iter().enumerate() {
        let field = |name: &str| format!("agenda.{place}.{name}");
        check_line(&item.title, &field("title"), rules.title_chars)?;
        check_text(item.start_time.as_deref(), &field("startTime"), MOMENT_CHARS)?;
        check_text(item.end_time.as_deref(), &field("endTime"), MOMENT_CHARS)?;
        if let Some(track) = &item.track {
            check_line(track, &field("track"), rules.title_chars)?;
        }
        let is_named = |id: u32| info.speakers.iter().any(|speaker| speaker.id == id);
        if item.speaker.is_some_and(|id| !is_named(id)) {
            return Err(Refusal::field(RefusalCode::Invalid, field("speaker"), "there is no such speaker"));
        }
    }
    Ok(())
}

fn check_line(text: &str, field: &str, most: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::field(RefusalCode::Invalid, field, "it must not be empty"));
    }
    if text.contains('\n') {
        return Err(Refusal::field(RefusalCode::Invalid, field, "it is one line"));
    }
    check_text(Some(text), field, most)
}

fn check_text(text: Option<&str>, field: &str, most: usize) -> Result<(), Refusal> {
    let Some(text) = text else { return Ok(()) };
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Refusal::field(RefusalCode::Invalid, field, "it has no control characters"));
    }
    if text.chars().count() > most {
        return Err(Refusal::field(RefusalCode::TooLarge, field, format!("it has at most {most} characters")));
    }
    Ok(())
}

fn change(
    state: &Conference,
    rules: &ConferenceLimits,
    by: &Runner,
    info: &ConferenceInfo,
    expected: Option<Offset>,
) -> Decided {
    authorize(state, by, HostRole::Cohost)?;
    if expected.is_some_and(|expected| expected != state.version) {
        return Err(Refusal::field(RefusalCode::Conflict, "version", "somebody changed it meanwhile"));
    }
    if info.identity != state.info.identity {
        return Err(Refusal::field(RefusalCode::Conflict, "identity", "how voters are known is fixed when it is made"));
    }
    check_info(rules, info)?;
    if state.info == *info {
        return unchanged(state);
    }
    changed(ConferenceEvent::Changed(ConferenceChanged { info: info.clone() }))
}

fn expect_not_ended(state: &Conference) -> Result<(), Refusal> {
    if state.status == ConferenceStatus::Ended {
        return Err(Refusal::new(RefusalCode::Gone, "the conference is over"));
    }
    Ok(())
}

fn start(state: &Conference, by: &Runner) -> Decided {
    authorize(state, by, HostRole::Cohost)?;
    expect_not_ended(state)?;
    if state.status == ConferenceStatus::Active {
        return unchanged(state);
    }
    changed(ConferenceEvent::Started(ConferenceStarted {}))
}

fn set_host(
    state: &Conference,
    rules: &ConferenceLimits,
    by: &Runner,
    user: UserId,
    role: Option<HostRole>,
) -> Decided {
    let removes_self = role.is_none() && by.user == user;
    authorize(state, by, if removes_self { HostRole::Screen } else { HostRole::Host })?;
    if role == Some(HostRole::Host) || state.hosts.get(&user) == Some(&HostRole::Host) {
        return Err(Refusal::field(RefusalCode::Conflict, "role", "a conference has one host, for ever"));
    }
    if state.hosts.get(&user).copied() == role {
        return unchanged(state);
    }
    if !state.hosts.contains_key(&user) && state.hosts.len() >= rules.hosts {
        let text = format!("at most {} people run a conference", rules.hosts);
        return Err(Refusal::field(RefusalCode::LimitReached, "user", text));
    }
    changed(ConferenceEvent::HostChanged(HostChanged { user, role }))
}

fn live(
    state: &Conference,
    rules: &ConferenceLimits,
    by: &Runner,
    question: QuestionId,
    definition: &Definition,
    now: WallMillis,
) -> Decided {
    may_ask(state, rules, by, question)?;
    if state.asked.contains_key(&question) {
        return unchanged(state);
    }
    changed(ConferenceEvent::QuestionLive(QuestionLive {
        question,
        definition: definition.public(),
        closes_at: definition.duration_ms.map(|duration| now.saturating_add_unsigned(duration)),
    }))
}

/// Whether a question may go, or is, live.
fn may_ask(
    state: &Conference,
    rules: &ConferenceLimits,
    by: &Runner,
    question: QuestionId,
) -> Result<HostRole, Refusal> {
    let role = authorize(state, by, HostRole::Cohost)?;
    match state.asked.get(&question) {
        Some(asked) if asked.closed.is_some() => {
            Err(Refusal::field(RefusalCode::Gone, "question", "the question is closed"))
        }
        Some(_) => Ok(role),
        None => expect_active(state, rules).map(|()| role),
    }
}

/// Whether one more question may go live.
fn expect_active(state: &Conference, rules: &ConferenceLimits) -> Result<(), Refusal> {
    match state.status {
        ConferenceStatus::Draft => return Err(Refusal::new(RefusalCode::Conflict, "start the conference first")),
        ConferenceStatus::Ended => return expect_not_ended(state),
        ConferenceStatus::Active => {}
    }
    let live = state.asked.values().filter(|asked| asked.closed.is_none()).count();
    if live >= rules.live_questions || state.asked.len() >= rules.asked_questions {
        return Err(Refusal::new(RefusalCode::LimitReached, "this conference has as many questions as it may have"));
    }
    Ok(())
}

fn asked(state: &Conference, question: QuestionId) -> Result<&Asked, Refusal> {
    let missing = || Refusal::field(RefusalCode::Conflict, "question", "the question was never live");
    state.asked.get(&question).ok_or_else(missing)
}

fn closed(state: &Conference, question: QuestionId, total: u64, results: Option<&Results>) -> Decided {
    if asked(state, question)?.closed.is_some() {
        return unchanged(state);
    }
    let results = results.cloned().map(Box::new);
    changed(ConferenceEvent::QuestionClosed(QuestionClosed { question, total_responses: total, results }))
}

fn show(state: &Conference, question: QuestionId, shown: bool, results: Option<&Results>) -> Decided {
    if asked(state, question)?.shown == Some(shown) {
        return unchanged(state);
    }
    // What is hidden leaves nothing but how many there are.
    let total_responses = results.filter(|_| !shown).map(|results| results.total_responses);
    let results = results.filter(|_| shown).cloned().map(Box::new);
    changed(ConferenceEvent::ResultsShown(ResultsShown { question, shown, results, total_responses }))
}

fn freeze(state: &Conference, question: QuestionId, frozen: bool) -> Decided {
    if asked(state, question)?.frozen == frozen {
        return unchanged(state);
    }
    changed(ConferenceEvent::QuestionFrozen(QuestionFrozen { question, frozen }))
}

fn forget(state: &Conference, everything: bool) -> Decided {
    if state.deleted || (state.forgotten > 0 && !everything) {
        return unchanged(state);
    }
    if state.status != ConferenceStatus::Ended {
        return Err(Refusal::new(RefusalCode::Conflict, "end the conference first"));
    }
    changed(if everything { ConferenceEvent::Deleted(Deleted {}) } else { ConferenceEvent::Anonymised(Anonymised {}) })
}

fn view(state: &Conference, by: Option<&Runner>) -> ConferenceView {
    ConferenceView {
        id: state.id,
        code: state.code.clone(),
        info: state.info.clone(),
        status: state.status,
        head: state.head,
        version: state.version,
        created_at: state.created_at,
        role: by.and_then(|by| state.role_of(by)),
        host: state.hosts.iter().find(|(_, role)| **role == HostRole::Host).map(|(user, _)| *user),
        asked: state.asked.iter().map(|(question, asked)| (*question, asked.clone())).collect(),
        audience: state.audience,
        changed_at: state.changed_at.max(state.created_at),
        anonymised: state.forgotten > 0,
    }
}
