//! The rules, one by one.

use super::{Answered, Command, Poll, View, Voter, VotingLimits};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::poll::{
    Answer, BallotPolicy, ChoiceOption, Count, Definition, Number, QuestionKind, Results, Visibility,
};
use plenum_schema::wire::Voted;
use plenum_schema::{ConferenceId, EntryId, ParticipantId, QuestionId, Refusal, RefusalCode};
use uuid::Uuid;

mod newer;

pub(super) const CONFERENCE: ConferenceId = ConferenceId(Uuid::from_u128(3));

pub(super) fn voter(number: u128) -> Voter {
    Voter { conference: CONFERENCE, participant: ParticipantId(Uuid::from_u128(100 + number)) }
}

pub(super) fn question(kind: QuestionKind, options: u16) -> Definition {
    let option = |id| ChoiceOption { id, text: format!("option {id}"), image: None, image_alt: None };
    Definition {
        text: "Which?".into(),
        kind,
        options: (1..=options).map(option).collect(),
        min: None,
        max: None,
        policy: BallotPolicy::Changeable,
        visibility: Visibility::Hidden,
        duration_ms: None,
        correct: if kind == QuestionKind::Quiz { vec![1] } else { Vec::new() },
        points: None,
        target: None,
        tolerance: None,
        ..Definition::default()
    }
}

pub(super) fn open(definition: Definition) -> Command {
    Command::Open { conference: CONFERENCE, definition: Box::new(definition) }
}

pub(super) fn vote(voter: Voter, answer: Answer) -> Command {
    Command::Vote { voter, answer, pressed_after_ms: None, sequence: None }
}

fn pick(number: u128, option: u16) -> Command {
    vote(voter(number), Answer::Choice(vec![option]))
}

struct Table {
    state: Poll,
    rules: VotingLimits,
    head: u64,
    now: i64,
}

impl Table {
    fn of(definition: Definition) -> Self {
        let mut table =
            Self { state: Poll::empty(Uuid::from_u128(7)), rules: VotingLimits::default(), head: 0, now: 1_000_000 };
        table.ask(&open(definition)).unwrap();
        table
    }

    fn single() -> Self {
        Self::of(question(QuestionKind::Single, 3))
    }

    fn ask(&mut self, command: &Command) -> Result<Answered, Refusal> {
        let entry = EntryId(Uuid::from_u128(1_000 + u128::from(self.head)));
        match self.state.decide(&self.rules, command, entry, self.now) {
            Decision::Refuse(refusal) => Err(refusal),
            Decision::Accept { events, answer } => {
                let is_new = !events.is_empty();
                for event in events {
                    self.head += 1;
                    self.state.apply(self.head, entry, self.now, &event);
                }
                Ok(if is_new { Poll::settle(answer, self.head, entry) } else { answer })
            }
        }
    }

    fn voted(&mut self, command: &Command) -> Voted {
        match self.ask(command) {
            Ok(Answered::Voted(voted)) => voted,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, command: &Command) -> (RefusalCode, Option<String>) {
        let head = self.head;
        let refusal = self.ask(command).unwrap_err();
        assert_eq!(self.head, head);
        (refusal.code, refusal.field)
    }

    fn counts(&self) -> Vec<u64> {
        self.seen(View::Host).counts.iter().map(|count| count.count).collect()
    }

    fn seen(&self, view: View) -> Results {
        self.state.results(&self.rules, view).unwrap()
    }
}

#[test]
fn the_same_ballot_again_is_the_same_ballot() {
    let mut table = Table::single();
    let first = table.voted(&pick(1, 2));
    let again = table.voted(&pick(1, 2));
    assert_eq!(again, Voted { duplicate: true, ..first.clone() });
    assert!(!first.duplicate && first.offset == 2 && first.receipt.is_some());
    assert_eq!(table.counts(), [0, 1, 0]);
    table.ask(&Command::Close { audience: 9 }).unwrap();
    assert_eq!(table.voted(&pick(1, 2)), again, "what was acknowledged stays acknowledged after the close");
}

#[test]
fn another_ballot_replaces_the_first_where_the_policy_allows() {
    let mut table = Table::single();
    table.voted(&pick(1, 2));
    assert_eq!(table.voted(&pick(1, 3)).offset, 3);
    assert_eq!(table.counts(), [0, 0, 1]);
    let mut fixed = Table::of(Definition { policy: BallotPolicy::Fixed, ..question(QuestionKind::Single, 3) });
    fixed.voted(&pick(1, 2));
    assert_eq!(fixed.refused(&pick(1, 3)), (RefusalCode::Conflict, Some("answer".into())));
    assert_eq!(fixed.refused(&Command::Withdraw { voter: voter(1), sequence: None }).0, RefusalCode::Conflict);
}

#[test]
fn a_ballot_is_changed_while_results_are_hidden_and_not_once_they_are_seen() {
    let policy = BallotPolicy::ChangeableWhileHidden;
    let mut table = Table::of(Definition { policy, ..question(QuestionKind::Single, 3) });
    table.voted(&pick(1, 2));
    table.voted(&pick(1, 1));
    table.ask(&Command::Show { shown: true }).unwrap();
    assert_eq!(table.refused(&pick(1, 3)).1.as_deref(), Some("answer"));
    table.voted(&pick(2, 3));
    table.ask(&Command::Show { shown: false }).unwrap();
    table.voted(&pick(1, 3));
    let seen = Definition { policy, visibility: Visibility::AfterVote, ..question(QuestionKind::Single, 3) };
    let mut seen = Table::of(seen);
    seen.voted(&pick(1, 2));
    assert_eq!(seen.refused(&pick(1, 3)).0, RefusalCode::Conflict);
}

#[test]
fn a_withdrawn_ballot_does_not_count_and_the_voter_may_vote_again() {
    let mut table = Table::single();
    table.voted(&pick(1, 2));
    let withdraw = Command::Withdraw { voter: voter(1), sequence: None };
    let withdrawn = table.voted(&withdraw);
    assert!(!withdrawn.duplicate && withdrawn.receipt.is_some());
    assert_eq!(table.counts(), [0, 0, 0]);
    assert!(table.voted(&withdraw).duplicate);
    table.voted(&pick(1, 3));
    assert_eq!(table.counts(), [0, 0, 1]);
}

#[test]
fn nothing_counts_after_the_close() {
    let mut table = Table::single();
    table.voted(&pick(1, 2));
    let Ok(Answered::Changed { offset, results, voters }) = table.ask(&Command::Close { audience: 9 }) else {
        panic!("it closes")
    };
    assert_eq!((offset, results.revision, results.total_responses, results.closed), (3, 3, 1, true));
    assert!(voters.hidden && voters.counts.is_empty());
    let gone = (RefusalCode::Gone, Some("question".into()));
    assert_eq!(table.refused(&pick(1, 1)), gone);
    assert_eq!(table.refused(&pick(2, 1)), gone);
    assert_eq!(table.refused(&Command::Withdraw { voter: voter(1), sequence: None }), gone);
    assert!(matches!(table.ask(&Command::Close { audience: 9 }), Ok(Answered::Changed { offset: 3, .. })));
    assert_eq!(table.refused(&open(question(QuestionKind::Single, 3))), gone);
}

#[test]
fn a_copy_that_comes_late_does_not_undo_what_was_cast_since() {
    let mut table = Table::single();
    let cast = |option, sequence| Command::Vote {
        voter: voter(1),
        answer: Answer::Choice(vec![option]),
        pressed_after_ms: None,
        sequence: Some(sequence),
    };
    table.voted(&cast(1, 1));
    table.voted(&cast(2, 2));
    let stale = (RefusalCode::Conflict, Some("sequence".into()));
    assert_eq!(table.refused(&cast(1, 1)), stale);
    assert!(table.voted(&cast(2, 2)).duplicate);
    assert!(!table.voted(&cast(2, 3)).duplicate, "cast anew: an owner that missed a change in between would notice");
    assert_eq!(table.counts(), [0, 1, 0]);
    table.voted(&Command::Withdraw { voter: voter(1), sequence: Some(4) });
    assert_eq!(table.refused(&cast(2, 2)), stale);
    let again = Command::Withdraw { voter: voter(1), sequence: Some(4) };
    assert!(table.voted(&again).duplicate);
    assert!(!table.voted(&Command::Withdraw { voter: voter(1), sequence: Some(5) }).duplicate);
    assert_eq!(table.counts(), [0, 0, 0]);
    let saved = plenum_schema::codec::store(1, &table.state.save()).unwrap();
    let restored = Poll::restore(Uuid::from_u128(7), plenum_schema::codec::restore(&[1], &saved).unwrap());
    assert_eq!(restored, table.state);
}

#[test]
fn who_did_not_join_this_conference_learns_nothing() {
    let mut table = Table::single();
    let stranger = Voter { conference: ConferenceId(Uuid::from_u128(4)), ..voter(1) };
    let missing = (RefusalCode::NotFound, Some("question".into()));
    assert_eq!(table.refused(&vote(stranger, Answer::Choice(vec![1]))), missing);
    assert_eq!(table.refused(&Command::Access { view: View::Public, voter: Some(stranger) }), missing);
    let mut unopened = Table { state: Poll::empty(Uuid::from_u128(8)), head: 0, ..Table::single() };
    assert_eq!(unopened.refused(&pick(1, 1)), (RefusalCode::Conflict, Some("question".into())));
}

#[test]
fn a_malformed_ballot_is_refused_by_the_member_that_is_wrong() {
    let (choice, ranking) = ("answer.choice", "answer.ranking");
    let text = |length: usize| "x".repeat(length);
    let cases = [
        (QuestionKind::Single, 3, Answer::Choice(vec![]), choice),
        (QuestionKind::Single, 3, Answer::Choice(vec![1, 2]), choice),
        (QuestionKind::Single, 3, Answer::Choice(vec![4]), choice),
        (QuestionKind::Single, 3, Answer::Choice(vec![0]), choice),
        (QuestionKind::Single, 3, Answer::Rating(1), "answer"),
        (QuestionKind::Multiple, 3, Answer::Choice(vec![1, 1]), choice),
        (QuestionKind::Multiple, 3, Answer::Choice(vec![]), choice),
        (QuestionKind::Rating, 0, Answer::Rating(6), "answer.rating"),
        (QuestionKind::Rating, 0, Answer::Rating(i64::MIN), "answer.rating"),
        (QuestionKind::Ranking, 3, Answer::Ranking(vec![1, 2]), ranking),
        (QuestionKind::Ranking, 3, Answer::Ranking(vec![1, 2, 2]), ranking),
        (QuestionKind::Words, 0, Answer::Words(vec![" ".into()]), "answer.words"),
        (QuestionKind::Words, 0, Answer::Words(vec![text(41)]), "answer.words"),
        (QuestionKind::Words, 0, Answer::Words((0..4).map(|n| format!("w{n}")).collect()), "answer.words"),
        (QuestionKind::Text, 0, Answer::Text("\u{7}".into()), "answer.text"),
        (QuestionKind::Text, 0, Answer::Text(text(501)), "answer.text"),
    ];
    for (kind, options, answer, field) in cases {
        let mut table = Table::of(question(kind, options));
        let (code, named) = table.refused(&vote(voter(1), answer.clone()));
        assert_eq!(named.as_deref(), Some(field), "{kind:?} {answer:?}");
        assert!(matches!(code, RefusalCode::Invalid | RefusalCode::TooLarge));
    }
    let bounded = Definition { max: Some(Number::whole(10)), ..question(QuestionKind::Number, 0) };
    let mut table = Table::of(bounded);
    assert_eq!(table.refused(&vote(voter(1), Answer::Number(Number::whole(11)))).1.as_deref(), Some("answer.number"));
}

#[test]
fn a_question_that_cannot_be_asked_is_refused_by_the_member_that_is_wrong() {
    let usual = || question(QuestionKind::Single, 3);
    let option = |id, text: &str| ChoiceOption { id, text: text.into(), image: None, image_alt: None };
    let whole = |number| Some(Number::whole(number));
    let cases = [
        (Definition { text: " ".into(), ..usual() }, "text"),
        (question(QuestionKind::Single, 1), "options"),
        (question(QuestionKind::Single, 51), "options"),
        (question(QuestionKind::Ranking, 21), "options"),
        (question(QuestionKind::Text, 2), "options"),
        (question(QuestionKind::YesNo, 2), "options"),
        (Definition { options: vec![option(1, "a"), option(3, "b")], ..usual() }, "options"),
        (Definition { options: vec![option(1, "a"), option(2, "")], ..usual() }, "options.1.text"),
        (Definition { min: whole(1), ..usual() }, "min"),
        (Definition { max: whole(4), ..question(QuestionKind::Multiple, 3) }, "max"),
        (Definition { min: whole(2), max: whole(1), ..question(QuestionKind::Multiple, 3) }, "max"),
        (Definition { max: whole(1), ..question(QuestionKind::Rating, 0) }, "max"),
        (Definition { max: Some(Number::from_millionths(5)), ..question(QuestionKind::Rating, 0) }, "max"),
        (Definition { correct: vec![1], ..usual() }, "correct"),
        (Definition { correct: vec![], ..question(QuestionKind::Quiz, 2) }, "correct"),
        (Definition { points: Some(0), ..question(QuestionKind::Quiz, 2) }, "points"),
        (Definition { target: whole(1), ..usual() }, "target"),
        (Definition { tolerance: whole(1), ..question(QuestionKind::Number, 0) }, "tolerance"),
        (Definition { duration_ms: Some(1), ..usual() }, "durationMs"),
    ];
    for (definition, field) in cases {
        let mut state = Table { state: Poll::empty(Uuid::from_u128(8)), head: 0, ..Table::single() };
        assert_eq!(state.refused(&open(definition.clone())).1.as_deref(), Some(field), "{definition:?}");
    }
}

#[test]
fn a_hidden_tally_is_in_nobodys_view_but_the_hosts() {
    let mut table = Table::single();
    table.voted(&pick(1, 2));
    for view in [View::Public, View::Voted] {
        let seen = table.seen(view);
        assert!(seen.hidden && seen.counts.is_empty() && seen.total_responses == 1, "{view:?}");
    }
    assert_eq!(table.seen(View::Host).counts[1], Count { option: 2, count: 1 });
    table.ask(&Command::Show { shown: true }).unwrap();
    assert_eq!(table.seen(View::Public).counts, table.seen(View::Host).counts);
    for (visibility, public) in [(Visibility::AfterVote, true), (Visibility::Live, false)] {
        let mut table = Table::of(Definition { visibility, ..question(QuestionKind::Single, 3) });
        assert_eq!((table.seen(View::Public).hidden, table.seen(View::Voted).hidden), (public, false));
        table.ask(&Command::Show { shown: false }).unwrap();
        assert!(table.seen(View::Public).hidden && table.seen(View::Voted).hidden);
    }
}

#[test]
fn who_has_voted_may_follow_what_voters_see_and_nobody_else() {
    let mut table = Table::single();
    let access = |view, voter| Command::Access { view, voter };
    table.voted(&pick(1, 2));
    assert_eq!(table.ask(&access(View::Voted, Some(voter(1)))), Ok(Answered::Granted));
    assert_eq!(table.refused(&access(View::Voted, Some(voter(2)))).0, RefusalCode::Forbidden);
    assert_eq!(table.refused(&access(View::Host, Some(voter(1)))).0, RefusalCode::Forbidden);
    assert_eq!(table.ask(&access(View::Host, None)), Ok(Answered::Granted));
}

#[test]
fn what_is_right_is_told_to_the_audience_after_the_close_alone() {
    let mut table = Table::of(Definition { visibility: Visibility::Live, ..question(QuestionKind::Quiz, 2) });
    table.voted(&pick(1, 1));
    assert!(table.seen(View::Public).correct.is_empty() && table.seen(View::Public).leaders.is_empty());
    assert_eq!(table.seen(View::Host).correct, [1]);
    table.ask(&Command::Close { audience: 9 }).unwrap();
    assert_eq!((table.seen(View::Public).correct, table.seen(View::Public).leaders.len()), (vec![1], 1));
}

#[test]
fn a_fast_right_answer_gets_more_points_and_a_claimed_time_is_believed_within_the_bound() {
    let mut table = Table::of(Definition { duration_ms: Some(10_000), ..question(QuestionKind::Quiz, 2) });
    let press = |number, after: Option<u32>| Command::Vote {
        voter: voter(number),
        answer: Answer::Choice(vec![1]),
        pressed_after_ms: after,
        sequence: None,
    };
    table.now += 5_000;
    table.voted(&press(1, None));
    table.voted(&press(2, Some(4_000)));
    table.voted(&press(3, Some(0)));
    table.voted(&press(4, Some(60_000)));
    table.voted(&pick(5, 2));
    table.now += 6_500;
    table.voted(&press(6, None));
    table.now += 1;
    assert_eq!(table.refused(&press(7, None)).0, RefusalCode::Gone);
    table.ask(&Command::Close { audience: 9 }).unwrap();
    let leaders = table.seen(View::Host).leaders;
    let points: Vec<(ParticipantId, u64)> = leaders.iter().map(|one| (one.participant, one.points)).collect();
    let of = |number| voter(number).participant;
    assert_eq!(points, [(of(3), 825), (of(2), 800), (of(1), 750), (of(4), 750), (of(6), 500)]);
}

#[test]
fn numbers_are_put_together() {
    let estimate = Definition {
        target: Some(Number::whole(10)),
        tolerance: Some(Number::whole(1)),
        ..question(QuestionKind::Number, 0)
    };
    let mut table = Table::of(estimate);
    for (number, said) in [(1, 8), (2, 9), (3, 10), (4, 28)] {
        table.voted(&vote(voter(number), Answer::Number(Number::whole(said))));
    }
    let numbers = table.seen(View::Host).numbers.unwrap();
    assert_eq!((numbers.min, numbers.max, numbers.median), (Number::whole(8), Number::whole(28), Number::whole(9)));
    assert_eq!(numbers.mean, Number::from_millionths(13_750_000));
    assert_eq!(numbers.within, Some(2));
    assert_eq!(numbers.buckets.iter().map(|bucket| bucket.count).collect::<Vec<_>>(), [3, 0, 0, 1]);
}

#[test]
fn words_are_normalised_and_counted_once_a_ballot() {
    let mut table = Table::of(question(QuestionKind::Words, 0));
    let say = |number, words: &[&str]| vote(voter(number), Answer::Words(words.iter().map(|w| (*w).into()).collect()));
    table.voted(&say(1, &["Rust", " rust ", "Fast  code"]));
    table.voted(&say(2, &["RUST"]));
    let words: Vec<(String, u64)> =
        table.seen(View::Host).words.into_iter().map(|word| (word.word, word.count)).collect();
    assert_eq!(words, [("rust".into(), 2), ("fast code".into(), 1)]);
}

#[test]
fn a_question_takes_no_more_ballots_than_allowed_but_changes_of_those_it_has() {
    let mut table = Table::single();
    table.rules.ballots = 1;
    table.voted(&pick(1, 1));
    assert_eq!(table.refused(&pick(2, 1)).0, RefusalCode::LimitReached);
    table.voted(&pick(1, 2));
}

#[test]
fn receipts_are_leaves_that_anybody_can_recompute() {
    let mut table = Table::single();
    let voted = table.voted(&pick(1, 2));
    let (question, who) = (QuestionId(Uuid::from_u128(7)), voter(1).participant);
    let pseudonym = plenum_schema::poll::pseudonym(question, who);
    let entry = EntryId(Uuid::from_u128(1_001));
    let leaf = plenum_schema::poll::leaf(question, entry, &pseudonym, Some(&Answer::Choice(vec![2])));
    assert_eq!(voted.receipt, Some(plenum_schema::poll::hex(&leaf)));
}
