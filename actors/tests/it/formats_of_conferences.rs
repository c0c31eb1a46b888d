//! The stored bytes of conferences and polls, kept for ever.

use crate::formats::fixture_in;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::board::Board;
use plenum_actors::aggregates::conference::{Conference, read_digest};
use plenum_actors::aggregates::poll::Poll;
use plenum_schema::board::{BoardEvent, ItemStatus, Merged, Moderated, Replied, ReplyDropped, Upvoted};
use plenum_schema::conference::{
    AgendaItem, Anonymised, Audience, ConferenceChanged, ConferenceCreated, ConferenceEnded, ConferenceEvent,
    ConferenceInfo, ConferenceStarted, ConferenceStatus, Deleted, HostChanged, HostRole, IdentityMode, QuestionClosed,
    QuestionFrozen, QuestionLive, ResultsShown, Speaker,
};
use plenum_schema::conversation::Stored;
use plenum_schema::poll::{
    Answer, Ballot, BallotPolicy, ChoiceOption, Closed, Count, Definition, Frozen, Number, Opened, PollEvent,
    QuestionKind, Results, Shown, Spot, Visibility, Weighed, Withdrawn, WordHidden,
};
use plenum_schema::{ConferenceId, EntryId, ParticipantId, QuestionId, UserId, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(9);
const AT: i64 = 1_700_000_000_000;

fn question() -> Definition {
    let option = |id, image: Option<&str>| ChoiceOption {
        id,
        text: format!("option {id}"),
        image: image.map(Into::into),
        image_alt: None,
    };
    Definition {
        text: "Welche? 你好".into(),
        kind: QuestionKind::Quiz,
        options: vec![option(1, None), option(2, Some("/2.png"))],
        min: None,
        max: Some(Number::from_millionths(2_500_000)),
        policy: BallotPolicy::ChangeableWhileHidden,
        visibility: Visibility::AfterVote,
        duration_ms: Some(20_000),
        correct: vec![2],
        points: Some(500),
        target: None,
        tolerance: None,
        image: None,
        half_life_ms: None,
        survey: None,
        quorum: None,
        quorum_share: None,
        weighted: false,
        image_alt: None,
    }
}

fn polls() -> Vec<(&'static str, PollEvent)> {
    let voter = |number| ParticipantId(Uuid::from_u128(number));
    let ballot =
        |number, answer| PollEvent::Ballot(Ballot { voter: voter(number), answer, pressed_ms: None, sequence: None });
    let opened = Opened { conference: ConferenceId(Uuid::from_u128(3)), question: question() };
    let timed = Ballot { voter: voter(1), answer: Answer::Choice(vec![2]), pressed_ms: Some(1_200), sequence: Some(2) };
    vec![
        ("opened", PollEvent::Opened(Box::new(opened))),
        ("ballot-choice", PollEvent::Ballot(timed)),
        ("ballot-rating", ballot(2, Answer::Rating(-3))),
        ("ballot-ranking", ballot(3, Answer::Ranking(vec![2, 1]))),
        ("ballot-words", ballot(4, Answer::Words(vec!["fast".into()]))),
        ("ballot-text", ballot(5, Answer::Text("a text".into()))),
        ("ballot-number", ballot(6, Answer::Number(Number::from_millionths(12_500_000)))),
        ("withdrawn", PollEvent::Withdrawn(Withdrawn { voter: voter(2), sequence: Some(4) })),
        ("shown", PollEvent::Shown(Shown { shown: true })),
        ("closed", PollEvent::Closed(Closed { ballots: 5, audience: None })),
    ]
}

/// With words in the place of its pictures.
fn with_alt() -> Definition {
    let alt = Some("A harbour".to_owned());
    let mut question = Definition { image: Some("/map.png".into()), image_alt: alt.clone(), ..question() };
    question
        .options
        .iter_mut()
        .filter(|option| option.image.is_some())
        .for_each(|option| option.image_alt = alt.clone());
    question
}

/// What came later: not part of the snapshot of version 1 that is kept.
fn later_of_polls() -> Vec<(&'static str, PollEvent)> {
    let spot = Spot { x: Number::from_millionths(400_000), y: Number::whole(1) };
    let ballot = |answer| {
        PollEvent::Ballot(Ballot {
            voter: ParticipantId(Uuid::from_u128(7)),
            answer,
            pressed_ms: None,
            sequence: Some(1),
        })
    };
    let base = Definition { max: None, correct: Vec::new(), points: None, ..question() };
    let opened =
        |question| PollEvent::Opened(Box::new(Opened { conference: ConferenceId(Uuid::from_u128(3)), question }));
    vec![
        (
            "opened-point",
            opened(Definition { kind: QuestionKind::Point, image: Some("/map.png".into()), ..base.clone() }),
        ),
        ("opened-feedback", opened(Definition { kind: QuestionKind::Feedback, half_life_ms: Some(60_000), ..base })),
        (
            "opened-quorum",
            opened(Definition {
                survey: Some("Survey".into()),
                quorum: Some(10),
                quorum_share: Some(Number::from_millionths(500_000)),
                ..question()
            }),
        ),
        ("opened-alt", opened(with_alt())),
        ("opened-weighted", opened(Definition { weighted: true, ..question() })),
        ("weighed", PollEvent::Weighed(Weighed { weights: vec![(ParticipantId(Uuid::from_u128(7)), 250)] })),
        ("closed-quorum", PollEvent::Closed(Closed { ballots: 5, audience: Some(9) })),
        ("ballot-point", ballot(Answer::Point(spot))),
        ("ballot-feedback", ballot(Answer::Choice(vec![2]))),
        ("frozen", PollEvent::Frozen(Frozen { frozen: true })),
        ("word-hidden", PollEvent::WordHidden(WordHidden { word: "rude".into(), hidden: true })),
    ]
}

/// What audiences ask.
fn boards() -> Vec<(&'static str, BoardEvent)> {
    let who = |number| ParticipantId(Uuid::from_u128(number));
    let asked = |item: u32, author: Option<&str>, status| {
        let (by, author, text) = (who(item.into()), author.map(Into::into), "Why? 你好".into());
        BoardEvent::Asked(plenum_schema::board::Asked { item, by, author, text, status })
    };
    let moderated = Moderated {
        item: 1,
        status: Some(ItemStatus::Approved),
        pinned: Some(true),
        answer: Some("so".into()),
        labels: None,
    };
    let labelled = Moderated { item: 1, status: None, pinned: None, answer: None, labels: Some(vec!["ops".into()]) };
    let replied = |reply, by, author: Option<&str>| {
        BoardEvent::Replied(Replied { item: 1, reply, by, author: author.map(Into::into), text: "yes".into() })
    };
    vec![
        ("asked", asked(1, Some("Ada"), ItemStatus::Pending)),
        ("asked-too", asked(2, None, ItemStatus::Approved)),
        ("moderated", BoardEvent::Moderated(moderated)),
        ("upvoted", BoardEvent::Upvoted(Upvoted { item: 1, by: who(5), up: true })),
        ("upvoted-no-more", BoardEvent::Upvoted(Upvoted { item: 2, by: who(5), up: false })),
        ("labelled", BoardEvent::Moderated(labelled)),
        ("replied", replied(1, Some(who(6)), Some("Bob"))),
        ("replied-by-host", replied(2, None, None)),
        ("reply-dropped", BoardEvent::ReplyDropped(ReplyDropped { item: 1, reply: 1 })),
        ("merged", BoardEvent::Merged(Merged { item: 2, into: 1 })),
    ]
}

fn results() -> Box<Results> {
    let empty = Results::empty(QuestionId(Uuid::from_u128(7)), QuestionKind::Rating, 3, 6, true);
    let counts = vec![Count { option: -1, count: 3 }];
    Box::new(Results { counts, average: Some(Number::from_millionths(-1)), ..empty })
}

fn conferences() -> Vec<(&'static str, ConferenceEvent)> {
    let (user, question_id) = (UserId(Uuid::from_u128(1)), QuestionId(Uuid::from_u128(7)));
    let info = ConferenceInfo {
        title: "Town hall".into(),
        description: Some("about".into()),
        date: Some("2026-12-01".into()),
        start_time: None,
        end_time: None,
        identity: IdentityMode::Pseudonymous,
        speakers: vec![Speaker { id: 1, name: "Ada".into(), bio: None }],
        moderated: false,
        audience_replies: false,
        invited: false,
        roster: false,
        teams: Vec::new(),
        agenda: Vec::new(),
        expires_after_days: None,
    };
    let audience = Audience { live: 1, unique: 3, peak: 2 };
    vec![
        (
            "created",
            ConferenceEvent::Created(ConferenceCreated { code: "K7WQ2P".into(), by: user, info: info.clone() }),
        ),
        ("changed", ConferenceEvent::Changed(ConferenceChanged { info })),
        ("started", ConferenceEvent::Started(ConferenceStarted {})),
        (
            "host-changed",
            ConferenceEvent::HostChanged(HostChanged { user: UserId(ID), role: Some(HostRole::Moderator) }),
        ),
        (
            "question-live",
            ConferenceEvent::QuestionLive(QuestionLive {
                question: question_id,
                definition: question().public(),
                closes_at: Some(AT),
            }),
        ),
        (
            "question-closed",
            ConferenceEvent::QuestionClosed(QuestionClosed {
                question: question_id,
                total_responses: 3,
                results: Some(results()),
            }),
        ),
        (
            "results-shown",
            ConferenceEvent::ResultsShown(ResultsShown {
                question: question_id,
                shown: true,
                results: None,
                total_responses: None,
            }),
        ),
        ("ended", ConferenceEvent::Ended(ConferenceEnded { audience })),
    ]
}

fn folded<A: Aggregate>(events: &[(&'static str, A::Event)]) -> A {
    let mut state = A::empty(ID);
    for (offset, (_, event)) in (1..).zip(events) {
        state.apply(offset, EntryId(Uuid::from_u128(0xe000 + u128::from(offset))), AT, event);
    }
    state
}

fn check_events<E: Serialize + DeserializeOwned + PartialEq + Debug + Clone>(
    folder: &str,
    events: &[(&'static str, E)],
) {
    for (name, event) in events {
        let stored = Stored { at: AT, event: event.clone() };
        let written = codec::store(1, &stored).unwrap();
        let golden = fixture_in(folder, &format!("{name}.bin"), &written);
        assert_eq!(codec::restore::<Stored<E>>(&[1], &golden).unwrap(), stored, "{name} reads otherwise");
        assert_eq!(written, golden, "{name} is written otherwise");
    }
}

#[test]
fn events_and_snapshots_of_polls_of_version_1_are_read_and_written_as_ever() {
    check_events("poll-v1", &polls());
    let state: Poll = folded(&polls());
    let written = codec::store(Poll::SNAPSHOT_FORMAT, &state.save()).unwrap();
    let golden = fixture_in("poll-v1", "snapshot.bin", &written);
    assert_eq!(Poll::restore(ID, codec::restore(&[1], &golden).unwrap()), state);
    assert_eq!(written, golden);
}

#[test]
fn kinds_of_entries_that_came_later_are_read_and_written_as_ever() {
    check_events("poll-v1", &later_of_polls());
    let frozen = QuestionFrozen { question: QuestionId(Uuid::from_u128(7)), frozen: true };
    let item = AgendaItem {
        title: "Opening".into(),
        start_time: Some("10:00".into()),
        end_time: None,
        speaker: Some(1),
        track: Some("Hall 1".into()),
    };
    let info = ConferenceInfo {
        title: "Town hall".into(),
        audience_replies: true,
        invited: true,
        agenda: vec![item],
        ..ConferenceInfo::default()
    };
    let expiring = ConferenceInfo {
        title: "Town hall".into(),
        expires_after_days: Some(30),
        roster: true,
        ..ConferenceInfo::default()
    };
    let events = [
        ("question-frozen", ConferenceEvent::QuestionFrozen(frozen)),
        ("changed-agenda", ConferenceEvent::Changed(ConferenceChanged { info })),
        ("changed-expiry", ConferenceEvent::Changed(ConferenceChanged { info: expiring })),
        ("anonymised", ConferenceEvent::Anonymised(Anonymised {})),
        ("deleted", ConferenceEvent::Deleted(Deleted {})),
    ];
    check_events("conference-v1", &events);
    let erased = |texts| BoardEvent::Erased(plenum_schema::board::Erased { texts });
    check_events("board-v1", &[("erased", erased(false)), ("erased-texts", erased(true))]);
    check_events("poll-v1", &[("erased", PollEvent::Erased(plenum_schema::poll::Erased {}))]);
}

#[test]
fn events_and_snapshots_of_boards_are_read_and_written_as_ever() {
    check_events("board-v1", &boards());
    let state: Board = folded(&boards());
    let written = codec::store(Board::SNAPSHOT_FORMAT, &state.save()).unwrap();
    let golden = fixture_in("board-v1", "snapshot-2.bin", &written);
    assert_eq!(Board::restore(ID, codec::restore(&[2], &golden).unwrap()), state);
    assert_eq!(written, golden);
}

#[test]
fn events_snapshots_and_digests_of_conferences_of_version_1_are_read_and_written_as_ever() {
    check_events("conference-v1", &conferences());
    let state: Conference = folded(&conferences());
    let written = codec::store(Conference::SNAPSHOT_FORMAT, &state.save()).unwrap();
    let golden = fixture_in("conference-v1", "snapshot-changed-at.bin", &written);
    assert_eq!(Conference::restore(ID, codec::restore(&[1], &golden).unwrap()), state);
    assert_eq!(written, golden);
    // From before it was known when something happened last.
    let older = fixture_in("conference-v1", "snapshot.bin", &[]);
    let older = Conference::restore(ID, codec::restore(&[1], &older).unwrap());
    assert_eq!(older.digest(), state.digest());
    let written = state.digest();
    let golden = fixture_in("conference-v1", "digest.bin", &written);
    let digest = read_digest(&golden).unwrap();
    assert_eq!((digest.title.as_str(), digest.status), ("Town hall", ConferenceStatus::Ended));
    assert_eq!(written, golden);
}

#[test]
fn a_ballot_with_a_choice_takes_less_than_100_bytes() {
    let ballot = Ballot {
        voter: ParticipantId(Uuid::from_u128(u128::MAX)),
        answer: Answer::Choice(vec![3]),
        pressed_ms: None,
        sequence: Some(1),
    };
    let stored = Stored { at: AT, event: PollEvent::Ballot(ballot) };
    let bytes = codec::store(1, &stored).unwrap().len();
    assert!(bytes * 512 <= 48 * 1024, "{bytes} bytes: an append of 512 ballots would not fit");
}
