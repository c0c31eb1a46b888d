//! The rules, one by one.

use super::{Answered, Command, Conference, ConferenceLimits, Runner, read_digest};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::conference::{
    Audience, ConferenceEvent, ConferenceInfo, ConferenceStatus, HostRole, IdentityMode, Speaker,
};
use plenum_schema::poll::{BallotPolicy, ChoiceOption, Count, Definition, QuestionKind, Results, Visibility};
use plenum_schema::{EntryId, QuestionId, Refusal, RefusalCode, UserId};
use uuid::Uuid;

const HOST: UserId = UserId(Uuid::from_u128(1));
const COHOST: UserId = UserId(Uuid::from_u128(2));
const STRANGER: UserId = UserId(Uuid::from_u128(9));
const QUESTION: QuestionId = QuestionId(Uuid::from_u128(50));

struct Table {
    state: Conference,
    limits: ConferenceLimits,
    head: u64,
}

impl Table {
    fn made() -> Self {
        let (state, limits) = (Conference::empty(Uuid::from_u128(7)), ConferenceLimits::default());
        let mut table = Self { state, limits, head: 0 };
        table.ask(&create(HOST)).unwrap();
        table
    }

    fn active() -> Self {
        let mut table = Self::made();
        table.ask(&Command::Start { by: host() }).unwrap();
        table
    }

    fn ask(&mut self, command: &Command) -> Result<Answered, Refusal> {
        let entry = EntryId(Uuid::from_u128(1_000 + u128::from(self.head)));
        match self.state.decide(&self.limits, command, entry, 5_000) {
            Decision::Refuse(refusal) => Err(refusal),
            Decision::Accept { events, answer } => {
                let is_new = !events.is_empty();
                for event in events {
                    self.head += 1;
                    self.state.apply(self.head, entry, 5_000, &event);
                }
                Ok(if is_new { Conference::settle(answer, self.head, entry) } else { answer })
            }
        }
    }

    fn refused(&mut self, command: &Command) -> (RefusalCode, Option<String>) {
        let head = self.head;
        let refusal = self.ask(command).unwrap_err();
        assert_eq!(self.head, head);
        (refusal.code, refusal.field)
    }
}

fn runner(user: UserId) -> Runner {
    Runner { user, role: None }
}

fn host() -> Runner {
    runner(HOST)
}

fn info() -> ConferenceInfo {
    ConferenceInfo { title: "Town hall".into(), ..ConferenceInfo::default() }
}

fn create(by: UserId) -> Command {
    Command::Create { by, code: "K7WQ2P".into(), info: info() }
}

pub(super) fn question() -> Definition {
    let option = |id, text: &str| ChoiceOption { id, text: text.into(), image: None, image_alt: None };
    Definition {
        text: "Which?".into(),
        kind: QuestionKind::Quiz,
        options: vec![option(1, "a"), option(2, "b")],
        min: None,
        max: None,
        policy: BallotPolicy::Changeable,
        visibility: Visibility::Hidden,
        duration_ms: Some(20_000),
        correct: vec![2],
        points: None,
        target: None,
        tolerance: None,
        ..Definition::default()
    }
}

fn live(by: Runner) -> Command {
    Command::Live { by, question: QUESTION, definition: Box::new(question()) }
}

#[test]
fn a_conference_is_made_once_and_by_one() {
    let mut table = Table::made();
    assert_eq!(table.ask(&create(HOST)), Ok(Answered::Created { existing: true }));
    assert_eq!(table.refused(&create(STRANGER)).0, RefusalCode::NotFound);
    let digest = read_digest(&table.state.digest()).unwrap();
    assert_eq!((digest.title.as_str(), digest.code.as_str()), ("Town hall", "K7WQ2P"));
}

#[test]
fn only_who_runs_it_starts_changes_and_ends_it() {
    let mut table = Table::made();
    let stranger = runner(STRANGER);
    for command in [
        Command::Start { by: stranger },
        Command::End { by: stranger, audience: Audience::default() },
        Command::Change { by: stranger, info: info(), expected: None },
        Command::SetHost { by: stranger, user: STRANGER, role: Some(HostRole::Cohost) },
        live(stranger),
        Command::Start { by: Runner { user: STRANGER, role: Some(HostRole::Moderator) } },
    ] {
        assert_eq!(table.refused(&command).0, RefusalCode::Forbidden, "{command:?}");
    }
    table.ask(&Command::Start { by: Runner { user: STRANGER, role: Some(HostRole::Cohost) } }).unwrap();
    assert_eq!(table.state.status, ConferenceStatus::Active);
}

#[test]
fn a_question_goes_live_once_and_without_what_is_right() {
    let mut table = Table::active();
    assert_eq!(table.ask(&live(host())), Ok(Answered::Changed { offset: 3 }));
    assert_eq!(table.ask(&live(host())), Ok(Answered::Changed { offset: 3 }));
    let asked = &table.state.asked[&QUESTION];
    assert!(asked.definition.correct.is_empty());
    assert_eq!(asked.closes_at, Some(25_000));
    table.ask(&Command::Closed { question: QUESTION, total: 4, results: None }).unwrap();
    assert_eq!(table.refused(&live(host())).0, RefusalCode::Gone);
}

#[test]
fn nothing_goes_live_before_the_start_nor_after_the_end() {
    let mut table = Table::made();
    assert_eq!(table.refused(&live(host())).0, RefusalCode::Conflict);
    table.ask(&Command::Start { by: host() }).unwrap();
    table.ask(&Command::End { by: host(), audience: Audience { live: 1, unique: 3, peak: 2 } }).unwrap();
    assert_eq!(table.refused(&live(host())).0, RefusalCode::Gone);
    assert_eq!(table.refused(&Command::Start { by: host() }).0, RefusalCode::Gone);
    assert_eq!(table.state.audience.unwrap().unique, 3);
}

#[test]
fn there_are_no_more_live_questions_than_allowed() {
    let mut table = Table::active();
    table.limits.live_questions = 1;
    table.ask(&live(host())).unwrap();
    let other = QuestionId(Uuid::from_u128(51));
    let more = Command::Live { by: host(), question: other, definition: Box::new(question()) };
    assert_eq!(table.refused(&more).0, RefusalCode::LimitReached);
    assert_eq!(table.refused(&Command::MayAsk { by: host(), question: other }).0, RefusalCode::LimitReached);
}

#[test]
fn a_host_names_cohosts_and_stays_the_host() {
    let mut table = Table::made();
    let named = Command::SetHost { by: host(), user: COHOST, role: Some(HostRole::Cohost) };
    table.ask(&named).unwrap();
    table.ask(&Command::Start { by: runner(COHOST) }).unwrap();
    let takeover = Command::SetHost { by: runner(COHOST), user: HOST, role: None };
    assert_eq!(table.refused(&takeover).0, RefusalCode::Forbidden);
    assert_eq!(
        table.refused(&Command::SetHost { by: host(), user: COHOST, role: Some(HostRole::Host) }).0,
        RefusalCode::Conflict
    );
    table.ask(&Command::SetHost { by: runner(COHOST), user: COHOST, role: None }).unwrap();
    assert_eq!(table.refused(&live(runner(COHOST))).0, RefusalCode::Forbidden);
}

#[test]
fn what_is_said_about_it_is_checked_by_member() {
    let mut table = Table::made();
    let changed = |change: fn(&mut ConferenceInfo)| {
        let mut info = info();
        change(&mut info);
        Command::Change { by: host(), info, expected: None }
    };
    let speaker = |name: &str| Speaker { id: 1, name: name.into(), bio: None };
    for (command, field) in [
        (changed(|info| info.title = " ".into()), "title"),
        (changed(|info| info.title = "a\nb".into()), "title"),
        (changed(|info| info.description = Some("x".repeat(2_001))), "description"),
        (changed(|info| info.date = Some("\u{7}".into())), "date"),
        (changed(|info| info.identity = IdentityMode::SignedIn), "identity"),
    ] {
        assert_eq!(table.refused(&command).1.as_deref(), Some(field));
    }
    let mut named = info();
    named.speakers = vec![speaker("")];
    let command = Command::Change { by: host(), info: named, expected: None };
    assert_eq!(table.refused(&command).1.as_deref(), Some("speakers.0.name"));
    let stale = Command::Change { by: host(), info: info(), expected: Some(9) };
    assert_eq!(table.refused(&stale), (RefusalCode::Conflict, Some("version".into())));
}

#[test]
fn a_snapshot_holds_everything() {
    let mut table = Table::active();
    table.ask(&live(host())).unwrap();
    table.ask(&Command::Shown { question: QUESTION, shown: true, results: None }).unwrap();
    let saved = plenum_schema::codec::store(1, &table.state.save()).unwrap();
    let restored = Conference::restore(Uuid::from_u128(7), plenum_schema::codec::restore(&[1], &saved).unwrap());
    assert_eq!(restored, table.state);
}

#[test]
fn hiding_results_tells_how_many_there_are_and_nothing_of_the_tally() {
    let mut table = Table::active();
    table.ask(&live(host())).unwrap();
    let mut results = Results::empty(QUESTION, QuestionKind::Single, 3, 6, false);
    results.counts = vec![Count { option: 1, count: 3 }];
    for shown in [false, true] {
        // Even a caller that hands over everything tells no more than the number.
        let command = Command::Shown { question: QUESTION, shown, results: Some(Box::new(results.clone())) };
        let decided = table.state.decide(&table.limits, &command, EntryId(Uuid::nil()), 5_000);
        let Decision::Accept { events, .. } = decided else { panic!("it was live") };
        let [ConferenceEvent::ResultsShown(told)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(told.results.as_deref(), shown.then_some(&results));
        assert_eq!(told.total_responses, (!shown).then_some(3));
    }
}

#[test]
fn what_is_over_is_forgotten_and_what_is_deleted_is_nowhere() {
    let mut table = Table::active();
    table.ask(&live(host())).unwrap();
    assert_eq!(table.refused(&Command::Forget { everything: false }).0, RefusalCode::Conflict);
    table.ask(&Command::Closed { question: QUESTION, total: 3, results: None }).unwrap();
    table.ask(&Command::End { by: host(), audience: Audience::default() }).unwrap();
    for _ in 0..2 {
        table.ask(&Command::Forget { everything: false }).unwrap();
    }
    let Ok(Answered::View(view)) = table.ask(&Command::View { by: None, known: 0 }) else { panic!("it is seen") };
    assert!(view.anonymised && view.asked.len() == 1);
    for _ in 0..2 {
        table.ask(&Command::Forget { everything: true }).unwrap();
    }
    assert_eq!(table.refused(&Command::View { by: Some(host()), known: 0 }).0, RefusalCode::NotFound);
    assert_eq!(table.refused(&Command::Start { by: host() }).0, RefusalCode::NotFound);
    assert!(table.state.digest().is_empty() && table.state.forgotten() > 0);
}
