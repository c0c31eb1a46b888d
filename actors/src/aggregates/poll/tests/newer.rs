//! A quorum, freezing, hidden words, and the newer kinds.

use super::super::check_definition;
use super::{Table, pick, question, vote, voter};
use crate::aggregate::Aggregate;
use crate::aggregates::poll::{Answered, Command, Poll, View, VotingLimits};
use plenum_schema::poll::{Answer, BallotPolicy, Definition, Number, QuestionKind, Visibility};
use plenum_schema::{RefusalCode, Topic};
use uuid::Uuid;

#[test]
fn an_outcome_says_whether_as_many_voted_as_were_needed() {
    let half = Number::from_millionths(500_000);
    for (quorum, share, voted, before, after) in [
        (Some(2), None, 1, (2, Some(false)), (2, Some(false))),
        (Some(2), None, 2, (2, Some(true)), (2, Some(true))),
        (None, Some(half), 4, (0, None), (5, Some(false))),
        (None, Some(half), 5, (0, None), (5, Some(true))),
        (Some(7), Some(half), 5, (7, None), (7, Some(false))),
    ] {
        let mut table = Table::of(Definition { quorum, quorum_share: share, ..question(QuestionKind::Single, 3) });
        for number in 0..voted {
            table.ask(&pick(number, 1)).unwrap();
        }
        let of = |table: &Table| {
            let quorum = table.state.results(&table.rules, View::Public).unwrap();
            assert!(quorum.hidden && quorum.quorum.is_none(), "what is hidden says nothing");
            let quorum = table.state.results(&table.rules, View::Host).unwrap().quorum.unwrap();
            (quorum.needed, quorum.reached)
        };
        assert_eq!(of(&table), before);
        // Ten of whom one is half a person too many: nine are there.
        let Ok(Answered::Changed { results, .. }) = table.ask(&Command::Close { audience: 9 }) else {
            panic!("it closes")
        };
        assert_eq!(results.quorum.map(|quorum| (quorum.needed, quorum.reached)), Some(after));
        assert_eq!(of(&table), after);
        let saved = plenum_schema::codec::store(1, &table.state.save()).unwrap();
        let restored = Poll::restore(Uuid::from_u128(7), plenum_schema::codec::restore(&[1], &saved).unwrap());
        assert_eq!(restored, table.state);
    }
}

#[test]
fn definitions_of_the_newer_kinds_are_checked_by_member() {
    let rules = VotingLimits::default();
    let point = Definition { image: Some("/map.png".into()), ..question(QuestionKind::Point, 0) };
    let feedback = question(QuestionKind::Feedback, 3);
    let single = question(QuestionKind::Single, 3);
    for good in [&point, &feedback, &Definition { half_life_ms: Some(1_000), ..feedback.clone() }] {
        assert_eq!(check_definition(&rules, good), Ok(()));
    }
    let long = "x".repeat(2_049);
    for (wrong, field) in [
        (Definition { image: None, ..point }, "image"),
        (Definition { image: Some(long), ..single.clone() }, "image"),
        (Definition { policy: BallotPolicy::Fixed, ..feedback.clone() }, "policy"),
        (Definition { half_life_ms: Some(999), ..feedback }, "halfLifeMs"),
        (Definition { half_life_ms: Some(5_000), ..single.clone() }, "halfLifeMs"),
        (Definition { survey: Some(" a".into()), ..single.clone() }, "survey"),
        (Definition { survey: Some("a\nb".into()), ..single.clone() }, "survey"),
        (Definition { quorum: Some(0), ..single.clone() }, "quorum"),
        (Definition { quorum_share: Some(Number::whole(2)), ..single.clone() }, "quorumShare"),
        (Definition { quorum_share: Some(Number::default()), ..single }, "quorumShare"),
    ] {
        assert_eq!(check_definition(&rules, &wrong).unwrap_err().field.as_deref(), Some(field));
    }
}

#[test]
fn what_is_frozen_takes_nothing_and_forgets_nothing() {
    let mut table = Table::single();
    let first = table.ask(&pick(1, 2)).unwrap();
    assert_eq!(table.ask(&Command::Freeze { frozen: true }), Ok(Answered::Noted(3)));
    assert_eq!(table.ask(&Command::Freeze { frozen: true }), Ok(Answered::Noted(3)));
    for refused in [pick(2, 1), pick(1, 1), Command::Withdraw { voter: voter(1), sequence: None }] {
        let refusal = table.ask(&refused).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::Conflict, Some("question")));
    }
    let Ok(Answered::Voted(again)) = table.ask(&pick(1, 2)) else { panic!("what stands is acknowledged again") };
    assert!(matches!(first, Answered::Voted(voted) if voted.offset == again.offset) && again.duplicate);
    assert!(table.state.results(&table.rules, View::Host).unwrap().frozen);
    table.ask(&Command::Freeze { frozen: false }).unwrap();
    table.ask(&pick(1, 1)).unwrap();
    table.ask(&Command::Close { audience: 1 }).unwrap();
    assert_eq!(table.ask(&Command::Freeze { frozen: true }).unwrap_err().code, RefusalCode::Gone);
}

#[test]
fn a_hidden_word_is_seen_by_hosts_alone_and_counts_on() {
    let mut table = Table::of(Definition { visibility: Visibility::Live, ..question(QuestionKind::Words, 0) });
    let says = |number, words: &[&str]| {
        vote(voter(number), Answer::Words(words.iter().map(|word| (*word).to_owned()).collect()))
    };
    table.ask(&says(1, &["Rude", "kind"])).unwrap();
    table.ask(&Command::HideWord { word: " RUDE ".into(), hidden: true }).unwrap();
    table.ask(&says(2, &["rude"])).unwrap();
    let words = |table: &Table, view| {
        let results = table.state.results(&table.rules, view).unwrap();
        let of = |list: &[plenum_schema::poll::WordCount]| {
            list.iter().map(|word| (word.word.clone(), word.count)).collect::<Vec<_>>()
        };
        (results.total_responses, of(&results.words), of(&results.hidden_words))
    };
    let kind = vec![("kind".to_owned(), 1)];
    assert_eq!(words(&table, View::Public), (2, kind.clone(), Vec::new()));
    assert_eq!(words(&table, View::Voted), (2, kind.clone(), Vec::new()));
    assert_eq!(words(&table, View::Host), (2, kind, vec![("rude".to_owned(), 2)]));
    table.ask(&Command::HideWord { word: "rude".into(), hidden: false }).unwrap();
    assert_eq!(words(&table, View::Public).1.len(), 2);
    table.rules.hidden_words = 0;
    let refused = table.ask(&Command::HideWord { word: "kind".into(), hidden: true }).unwrap_err();
    assert_eq!(refused.code, RefusalCode::LimitReached);
    let refused = Table::single().ask(&Command::HideWord { word: "kind".into(), hidden: true }).unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("question"));
}

#[test]
fn ballots_of_a_closed_question_are_forgotten_and_everything_about_them_is_gone() {
    let mut table = Table::single();
    table.ask(&pick(1, 2)).unwrap();
    assert_eq!(table.ask(&Command::Erase).unwrap_err().code, RefusalCode::Conflict, "not while people vote");
    table.ask(&Command::Close { audience: 1 }).unwrap();
    assert!(matches!(table.ask(&Command::Erase), Ok(Answered::Noted(_))));
    assert!(matches!(table.ask(&Command::Erase), Ok(Answered::Noted(_))));
    let saved = plenum_schema::codec::store(1, &table.state.save()).unwrap();
    let id = voter(1).participant.0;
    assert!(!saved.windows(16).any(|bytes| bytes == id.as_bytes()));
    let restored = Poll::restore(Uuid::from_u128(7), plenum_schema::codec::restore(&[1], &saved).unwrap());
    assert_eq!((restored.forgotten(), restored.signals(&table.rules).len()), (table.state.forgotten(), 0));
    for command in [
        pick(1, 2),
        Command::Voters { after: None },
        Command::Own { voter: voter(1) },
        Command::Results { view: View::Host },
    ] {
        assert_eq!(table.ask(&command).unwrap_err().code, RefusalCode::Gone, "{command:?}");
    }
}

#[test]
fn the_audience_hears_of_results_when_something_has_happened_since_the_opening() {
    let live = Definition { visibility: Visibility::Live, weighted: true, ..question(QuestionKind::Single, 3) };
    let mut table = Table::of(live);
    let told = |table: &Table| {
        let signals = table.state.signals(&table.rules);
        assert!(signals.iter().any(|(topic, _)| matches!(topic, Topic::Poll(_))), "subscribers hear it at once");
        signals.iter().any(|(topic, _)| matches!(topic, Topic::Conference(_)))
    };
    assert!(!told(&table), "the question is told first");
    table.ask(&Command::Weigh { weights: vec![(voter(1).participant, 3)] }).unwrap();
    assert!(!told(&table), "weights come before the question, too");
    table.ask(&pick(1, 1)).unwrap();
    assert!(told(&table));
    table.ask(&Command::Withdraw { voter: voter(1), sequence: None }).unwrap();
    assert!(told(&table), "that nobody is left is news");
}
