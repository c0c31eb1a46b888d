//! The tally is what a naive recount of the log gives, after any commands in any order, for every kind and policy.

use super::tests::{CONFERENCE, open, question, vote, voter};
use super::{Answered, Command, Poll, View, VotingLimits};
use crate::aggregate::{Aggregate, Decision};
use plenum_schema::poll::{
    Answer, BallotPolicy, Definition, Number, PollEvent, QuestionKind, Results, Spot, Visibility,
};
use plenum_schema::{EntryId, ParticipantId, codec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

const KINDS: [QuestionKind; 11] = [
    QuestionKind::Single,
    QuestionKind::Multiple,
    QuestionKind::YesNo,
    QuestionKind::Rating,
    QuestionKind::Ranking,
    QuestionKind::Words,
    QuestionKind::Text,
    QuestionKind::Number,
    QuestionKind::Quiz,
    QuestionKind::Point,
    QuestionKind::Feedback,
];
const POLICIES: [BallotPolicy; 3] =
    [BallotPolicy::Fixed, BallotPolicy::Changeable, BallotPolicy::ChangeableWhileHidden];
const VISIBILITIES: [Visibility; 3] = [Visibility::Hidden, Visibility::AfterVote, Visibility::Live];

fn any_question() -> impl Strategy<Value = Definition> {
    (0..11_usize, 0..3_usize, 0..3_usize).prop_map(|(kind, policy, visibility)| {
        let kind = KINDS[kind];
        let options = match kind {
            QuestionKind::Rating
            | QuestionKind::Words
            | QuestionKind::Text
            | QuestionKind::Number
            | QuestionKind::Point => 0,
            QuestionKind::YesNo => 3,
            _ => 4,
        };
        let min = (kind == QuestionKind::Ranking).then(|| Number::whole(2));
        let policy = if kind == QuestionKind::Feedback { policy.max(1) } else { policy };
        let image = (kind == QuestionKind::Point).then(|| "/map.png".to_owned());
        let half_life_ms = (kind == QuestionKind::Feedback).then_some(1_000);
        let base = Definition { image, half_life_ms, ..question(kind, options) };
        let weighted = kind as usize <= QuestionKind::Rating as usize && visibility != 1;
        Definition { policy: POLICIES[policy], visibility: VISIBILITIES[visibility], min, weighted, ..base }
    })
}

/// Answers of every kind, some of them malformed.
fn any_answer(kind: QuestionKind) -> BoxedStrategy<Answer> {
    let picks = || prop::collection::vec(0_u16..6, 0..4);
    match kind {
        QuestionKind::Single | QuestionKind::YesNo | QuestionKind::Quiz | QuestionKind::Feedback => {
            prop::collection::vec(1_u16..5, 1..2).prop_map(Answer::Choice).boxed()
        }
        QuestionKind::Multiple => picks().prop_map(Answer::Choice).boxed(),
        QuestionKind::Rating => (0_i64..7).prop_map(Answer::Rating).boxed(),
        QuestionKind::Ranking => Just((1_u16..5).collect::<Vec<_>>())
            .prop_shuffle()
            .prop_flat_map(|all| (1..5_usize).prop_map(move |take| Answer::Ranking(all[..take].to_vec())))
            .boxed(),
        QuestionKind::Words => prop::collection::vec("[abAB]{1,2}", 0..5).prop_map(Answer::Words).boxed(),
        QuestionKind::Text => "[ab]{0,3}".prop_map(Answer::Text).boxed(),
        QuestionKind::Point => (-1_i128..22, 0_i128..21)
            .prop_map(|(x, y)| {
                let at = |n: i128| Number::from_millionths(n * 50_000 + 7);
                Answer::Point(Spot { x: at(x), y: at(y) })
            })
            .boxed(),
        QuestionKind::Number => (-3_i128..4).prop_map(|n| Answer::Number(Number::from_millionths(n * 500_000))).boxed(),
    }
}

fn any_command(kind: QuestionKind) -> impl Strategy<Value = Command> {
    let who = || (0_u128..6).prop_map(voter);
    prop_oneof![
        20 => (who(), any_answer(kind)).prop_map(|(voter, answer)| vote(voter, answer)),
        4 => who().prop_map(|voter| Command::Withdraw { voter, sequence: None }),
        2 => any::<bool>().prop_map(|shown| Command::Show { shown }),
        1 => any::<bool>().prop_map(|frozen| Command::Freeze { frozen }),
        2 => ("[ab]{1,2}", any::<bool>()).prop_map(|(word, hidden)| Command::HideWord { word, hidden }),
        2 => prop::collection::vec((who(), 0_u32..5), 0..3).prop_map(|weights| Command::Weigh {
            weights: weights.into_iter().map(|(voter, weight)| (voter.participant, weight)).collect(),
        }),
        1 => Just(Command::Close { audience: 9 }),
    ]
}

/// What was acknowledged, and the log.
#[derive(Debug, Default)]
struct Run {
    log: Vec<(EntryId, PollEvent)>,
    /// What each voter was told last: their ballot, or none.
    told: BTreeMap<ParticipantId, Option<Answer>>,
    closed: bool,
}

/// Clocks go back now and then.
fn moment(place: usize) -> i64 {
    let place = place as i64;
    1_700_000_000_000 + place * 150 - if place % 7 == 0 { 400 } else { 0 }
}

fn carry_out(state: &mut Poll, run: &mut Run, command: &Command) {
    let entry = EntryId(Uuid::from_u128(0xffff_0000 + run.log.len() as u128));
    let rules = VotingLimits::default();
    let Decision::Accept { events, answer } = state.decide(&rules, command, entry, moment(run.log.len())) else {
        return;
    };
    if run.closed {
        assert!(events.is_empty() || matches!(command, Command::Show { .. }), "nothing changes after the close");
    }
    let is_ballot = matches!(command, Command::Vote { .. } | Command::Withdraw { .. });
    assert!(!(state.frozen && is_ballot) || events.is_empty(), "nothing is let in while it is frozen");
    run.closed |= matches!(command, Command::Close { .. });
    for event in &events {
        run.log.push((entry, event.clone()));
        state.apply(run.log.len() as u64, entry, moment(run.log.len()), event);
    }
    let Answered::Voted(voted) = answer else { return };
    assert_eq!(voted.duplicate, events.is_empty());
    match command {
        Command::Vote { voter, .. } => {
            let said = state.ballots.get(&voter.participant).map(|held| held.answer.clone());
            assert!(said.is_some());
            run.told.insert(voter.participant, said);
        }
        Command::Withdraw { voter, .. } => drop(run.told.insert(voter.participant, None)),
        _ => {}
    }
}

/// The ballots that count, by the log alone.
fn recount(log: &[(EntryId, PollEvent)]) -> BTreeMap<ParticipantId, Answer> {
    let mut ballots = BTreeMap::new();
    for (_, event) in log {
        match event {
            PollEvent::Ballot(ballot) => drop(ballots.insert(ballot.voter, ballot.answer.clone())),
            PollEvent::Withdrawn(withdrawn) => drop(ballots.remove(&withdrawn.voter)),
            PollEvent::Closed(closed) => assert_eq!(closed.ballots, ballots.len() as u64),
            PollEvent::Opened(_)
            | PollEvent::Shown(_)
            | PollEvent::Frozen(_)
            | PollEvent::WordHidden(_)
            | PollEvent::Weighed(_)
            | PollEvent::Erased(_) => {}
        }
    }
    ballots
}

fn agrees(results: &Results, ballots: &BTreeMap<ParticipantId, Answer>, question: &Definition) {
    assert_eq!(results.total_responses, ballots.len() as u64);
    let times = |is: &dyn Fn(&Answer) -> bool| ballots.values().filter(|answer| is(answer)).count() as u64;
    for count in &results.counts {
        let expected = times(&|answer| match answer {
            Answer::Choice(picks) => picks.iter().any(|pick| i64::from(*pick) == count.option),
            Answer::Rating(rating) => *rating == count.option,
            Answer::Ranking(ranked) => ranked.first().is_some_and(|first| i64::from(*first) == count.option),
            _ => false,
        });
        assert_eq!(count.count, expected, "option {}", count.option);
    }
    for word in results.words.iter().chain(&results.hidden_words) {
        let has = |answer: &Answer| matches!(answer, Answer::Words(words) if words.contains(&word.word));
        assert_eq!(word.count, times(&has), "{}", word.word);
    }
    assert_eq!(results.texts.len() as u64, times(&|answer| matches!(answer, Answer::Text(_))));
    if let Some(ranking) = &results.ranking {
        let n = question.options.len();
        for points in &ranking.borda {
            let of = |answer: &Answer| {
                let Answer::Ranking(ranked) = answer else { return 0 };
                let place = ranked.iter().position(|id| *id == points.option);
                place.map_or_else(|| n - ranked.len() - 1, |place| 2 * (n - 1 - place))
            };
            let doubled: usize = ballots.values().map(of).sum();
            assert_eq!(points.points, Number::from_millionths(doubled as i128 * 500_000));
        }
    }
    let cells: u64 = results.heat.iter().flat_map(|heat| &heat.cells).map(|cell| cell.count).sum();
    assert_eq!(cells, times(&|answer| matches!(answer, Answer::Point(_))));
    for cell in results.heat.iter().flat_map(|heat| &heat.cells) {
        let lies = |at: Number, place: u16| (at.millionths() / 50_000).min(19) == i64::from(place);
        let is = |answer: &Answer| matches!(answer, Answer::Point(spot) if lies(spot.x, cell.column) && lies(spot.y, cell.row));
        assert_eq!(cell.count, times(&is));
    }
    if let Some(numbers) = &results.numbers {
        let mut all: Vec<Number> =
            ballots.values().filter_map(|a| if let Answer::Number(n) = a { Some(*n) } else { None }).collect();
        all.sort_unstable();
        assert_eq!((numbers.min, numbers.max), (all[0], all[all.len() - 1]));
        assert_eq!(numbers.median, all[(all.len() - 1) / 2]);
        assert_eq!(numbers.buckets.iter().map(|bucket| bucket.count).sum::<u64>(), all.len() as u64);
    }
}

/// What is counted by weight is what a naive count by the last weight of each voter gives.
fn weighs(results: &Results, ballots: &BTreeMap<ParticipantId, Answer>, log: &[(EntryId, PollEvent)], wanted: bool) {
    let mut weights = BTreeMap::new();
    for (_, event) in log {
        if let PollEvent::Weighed(weighed) = event {
            weights.extend(weighed.weights.iter().copied());
        }
    }
    assert_eq!(results.weighted.is_some(), wanted);
    assert!(wanted || weights.is_empty(), "nothing is kept that does not count");
    let Some(weighted) = &results.weighted else { return };
    let sum = |is: &dyn Fn(&Answer) -> bool| -> u64 {
        let of = |(voter, _): (&ParticipantId, &Answer)| u64::from(weights.get(voter).copied().unwrap_or(1));
        ballots.iter().filter(|(_, answer)| is(answer)).map(of).sum()
    };
    assert_eq!(weighted.total, sum(&|_| true));
    assert_eq!(weighted.counts.len(), results.counts.len());
    for (count, plain) in weighted.counts.iter().zip(&results.counts) {
        assert_eq!(count.option, plain.option);
        let expected = sum(&|answer| match answer {
            Answer::Choice(picks) => picks.iter().any(|pick| i64::from(*pick) == count.option),
            Answer::Rating(rating) => *rating == count.option,
            _ => false,
        });
        assert_eq!(count.count, expected, "option {}", count.option);
    }
}

/// The weights of feedback are those of a naive recount.
fn fades(state: &Poll, run: &Run) {
    let mut current = BTreeMap::new();
    for (place, (_, event)) in (1..).zip(&run.log) {
        match event {
            PollEvent::Ballot(ballot) => drop(current.insert(ballot.voter, (moment(place), ballot.answer.clone()))),
            PollEvent::Withdrawn(withdrawn) => drop(current.remove(&withdrawn.voter)),
            _ => {}
        }
    }
    let Some(pulse) = state.results(&VotingLimits::default(), View::Host).unwrap().pulse else { return };
    let newest = current.values().map(|(at, _)| *at).max().unwrap();
    assert_eq!((pulse.at, pulse.half_life_ms), (newest, 1_000));
    for weight in pulse.weights {
        let of = |(at, answer): &(i64, Answer)| match answer {
            Answer::Choice(picks) if picks == &[weight.option] => (-((newest - at) as f64) / 1_000.0).exp2(),
            _ => 0.0,
        };
        let exact: f64 = current.values().map(of).sum();
        // Moments are taken to a thirty-second of a half-life.
        assert!((weight.weight.millionths() as f64 / 1e6 - exact).abs() <= 0.045 * exact + 1e-3, "{weight:?} {exact}");
    }
}

proptest! {
    #[test]
    fn the_tally_is_a_recount_and_what_was_told_is_what_counts(
        (definition, commands) in any_question().prop_flat_map(|definition| {
            let commands = prop::collection::vec(any_command(definition.kind), 0..60);
            (Just(definition), commands)
        }),
    ) {
        let rules = VotingLimits::default();
        let mut state = Poll::empty(Uuid::from_u128(7));
        let mut run = Run::default();
        carry_out(&mut state, &mut run, &open(definition.clone()));
        for command in &commands {
            carry_out(&mut state, &mut run, command);
        }
        let ballots = recount(&run.log);
        fades(&state, &run);
        let told: BTreeMap<ParticipantId, Answer> =
            run.told.iter().filter_map(|(voter, said)| Some((*voter, said.clone()?))).collect();
        prop_assert_eq!(&told, &ballots, "what voters were told last is what counts");
        let seen = state.results(&rules, View::Host).unwrap();
        agrees(&seen, &ballots, &definition);
        weighs(&seen, &ballots, &run.log, definition.weighted);
        // Who may not see the tally gets the number of ballots and nothing that comes of them.
        for view in [View::Public, View::Voted] {
            let seen = state.results(&rules, view).unwrap();
            let bare = Results::hidden(seen.question, seen.kind, seen.total_responses, seen.revision, seen.closed);
            prop_assert!(!seen.hidden || seen == bare);
        }
        // The log alone makes the state again, and so does a snapshot.
        let mut folded = Poll::empty(Uuid::from_u128(7));
        for (offset, (entry, event)) in (1..).zip(&run.log) {
            folded.apply(offset, *entry, moment(offset as usize), event);
        }
        prop_assert_eq!(&folded.ballots, &state.ballots);
        prop_assert_eq!(&folded.tally, &state.tally);
        let saved = codec::store(1, &state.save()).unwrap();
        prop_assert_eq!(&Poll::restore(Uuid::from_u128(7), codec::restore(&[1], &saved).unwrap()), &state);
        prop_assert_eq!(state.open.as_ref().map(|open| open.conference), Some(CONFERENCE));
    }
}
