//! The rules of a poll.

use super::command::{Answered, Command, Own, Voter, VotingLimits, page};
use super::view::Stage;
use super::{Open, Poll, View, ballot, definition, quiz};
use crate::clock::WallMillis;
use plenum_schema::poll::{
    Answer, Ballot, BallotPolicy, Closed, Definition, Erased, Frozen, Opened, PollEvent, QuestionKind, Results, Shown,
    Weighed, Withdrawn, WordHidden,
};
use plenum_schema::{ConferenceId, EntryId, ParticipantId, Refusal, RefusalCode};

pub(super) type Decided = Result<(Vec<PollEvent>, Answered), Refusal>;

pub(super) fn decide(poll: &Poll, rules: &VotingLimits, command: &Command, entry: EntryId, now: WallMillis) -> Decided {
    if poll.forgotten > 0 && !matches!(command, Command::Erase | Command::Conference) {
        return Err(Refusal::field(RefusalCode::Gone, "question", "who voted what has been erased"));
    }
    match command {
        Command::Open { conference, definition } => open(poll, rules, *conference, definition),
        Command::Vote { voter, answer, pressed_after_ms, sequence } => {
            let cast = Cast { answer, claimed: *pressed_after_ms, sequence: *sequence };
            vote(poll, rules, *voter, &cast, entry, now)
        }
        Command::Withdraw { voter, sequence } => withdraw(poll, *voter, *sequence, entry),
        Command::Show { shown } => show(poll, rules, *shown),
        Command::Freeze { frozen } => freeze(poll, *frozen),
        Command::HideWord { word, hidden } => hide_word(poll, rules, word, *hidden),
        Command::Close { audience } => close(poll, rules, *audience),
        Command::Weigh { weights } => weigh(poll, weights),
        Command::Erase => erase(poll),
        Command::Access { view, voter } => access(poll, *view, *voter),
        Command::Conference => Ok((Vec::new(), Answered::Conference(opened(poll)?.conference))),
        Command::Results { view } => results(poll, rules, *view),
        Command::Voters { after } => voters(poll, *after),
        Command::Scores { after } => scores(poll, *after),
        Command::Own { voter } => own(poll, *voter),
    }
}

fn not_live() -> Refusal {
    Refusal::field(RefusalCode::Conflict, "question", "the question is not live")
}

/// What is asked; a poll nobody opened is no poll.
fn opened(poll: &Poll) -> Result<&Open, Refusal> {
    poll.open.as_ref().ok_or_else(not_live)
}

/// What is asked, of somebody who joined the conference it is asked in. A stranger learns nothing.
fn admitted(poll: &Poll, voter: Voter) -> Result<&Open, Refusal> {
    let open = opened(poll)?;
    if open.conference != voter.conference {
        return Err(Refusal::field(RefusalCode::NotFound, "question", "there is no such question in this conference"));
    }
    Ok(open)
}

fn expect_open(poll: &Poll) -> Result<(), Refusal> {
    if poll.closed {
        return Err(Refusal::field(RefusalCode::Gone, "question", "the question is closed"));
    }
    Ok(())
}

fn expect_thawed(poll: &Poll) -> Result<(), Refusal> {
    if poll.frozen {
        return Err(Refusal::field(RefusalCode::Conflict, "question", "the question takes no answers for the moment"));
    }
    Ok(())
}

fn open(poll: &Poll, rules: &VotingLimits, conference: ConferenceId, asked: &Definition) -> Decided {
    if let Some(open) = &poll.open {
        if open.conference != conference || *open.definition != *asked {
            return Err(Refusal::field(RefusalCode::Conflict, "question", "the question is live in other words"));
        }
        expect_open(poll)?;
        return Ok((Vec::new(), standing(poll, rules)));
    }
    definition::check(rules, asked)?;
    let answer = Answered::Changed {
        offset: 0,
        results: Box::new(Results::empty(poll.id, asked.kind, 0, 1, false)),
        voters: Box::new(Results::empty(poll.id, asked.kind, 0, 1, false)),
    };
    Ok((vec![PollEvent::Opened(Box::new(Opened { conference, question: asked.clone() }))], answer))
}

/// How long after the opening a ballot was made, as far as it is believed.
fn pressed(open: &Open, rules: &VotingLimits, claimed: Option<u32>, now: WallMillis) -> u32 {
    let elapsed = u64::try_from(now - open.at).unwrap_or(0);
    let earliest = elapsed.saturating_sub(rules.latency_ms);
    let pressed = claimed.map_or(elapsed, |claimed| u64::from(claimed).clamp(earliest, elapsed));
    u32::try_from(pressed).unwrap_or(u32::MAX)
}

/// What somebody casts.
struct Cast<'c> {
    answer: &'c Answer,
    claimed: Option<u32>,
    sequence: Option<u32>,
}

/// Refuses a copy that comes late: what its voter cast after it has been decided already.
fn expect_newest(poll: &Poll, voter: Voter, sequence: Option<u32>) -> Result<(), Refusal> {
    let Some((sequence, last)) = sequence.zip(poll.sequences.get(&voter.participant)) else { return Ok(()) };
    if sequence < *last {
        return Err(Refusal::field(RefusalCode::Conflict, "sequence", "you have cast a newer ballot since"));
    }
    Ok(())
}

/// Whether what this owner remembers of a voter may be told without asking the log. Another owner may have taken a change
/// meanwhile that this one has not seen: then the entry is written again, and the log shows it. Nothing can have changed once
/// the question is closed (its close stands behind every ballot), where ballots are fixed or not changed any more, and when this
/// very command was recorded. Clients that send no `sequence` are answered from memory.
fn stands(poll: &Poll, open: &Open, voter: Voter, sequence: Option<u32>) -> bool {
    let is_frozen = poll.closed
        || match open.definition.policy {
            BallotPolicy::Fixed => true,
            BallotPolicy::ChangeableWhileHidden => poll.voters_see(),
            BallotPolicy::Changeable => false,
        };
    is_frozen || sequence.is_none_or(|sequence| poll.sequences.get(&voter.participant) == Some(&sequence))
}

fn vote(poll: &Poll, rules: &VotingLimits, voter: Voter, cast: &Cast<'_>, entry: EntryId, now: WallMillis) -> Decided {
    let open = admitted(poll, voter)?;
    let answer = ballot::normalised(rules, &open.definition, cast.answer)?;
    expect_newest(poll, voter, cast.sequence)?;
    let held = poll.ballots.get(&voter.participant);
    // Before anything that could refuse it: what was acknowledged once is acknowledged again, also after the close.
    if let Some(held) = held.filter(|held| held.answer == answer && stands(poll, open, voter, cast.sequence)) {
        let receipt = poll.receipt(held.entry, voter.participant, Some(&answer));
        return Ok((Vec::new(), poll.voted(held.offset, true, Some(receipt))));
    }
    expect_open(poll)?;
    expect_in_time(open, rules, now)?;
    expect_thawed(poll)?;
    match held {
        Some(_) => expect_changeable(poll, open)?,
        None if poll.ballots.len() >= rules.ballots => {
            let text = format!("a question takes at most {} ballots", rules.ballots);
            return Err(Refusal::field(RefusalCode::LimitReached, "question", text));
        }
        None => {}
    }
    let is_timed = open.definition.kind == QuestionKind::Quiz;
    let pressed_ms = is_timed.then(|| pressed(open, rules, cast.claimed, now));
    let receipt = poll.receipt(entry, voter.participant, Some(&answer));
    let ballot = Ballot { voter: voter.participant, answer, pressed_ms, sequence: cast.sequence };
    Ok((vec![PollEvent::Ballot(ballot)], poll.voted(0, false, Some(receipt))))
}

fn expect_in_time(open: &Open, rules: &VotingLimits, now: WallMillis) -> Result<(), Refusal> {
    let Some(duration) = open.definition.duration_ms else { return Ok(()) };
    let last = open.at.saturating_add_unsigned(duration).saturating_add_unsigned(rules.latency_ms);
    if now > last {
        return Err(Refusal::field(RefusalCode::Gone, "question", "the time for this question is over"));
    }
    Ok(())
}

fn expect_changeable(poll: &Poll, open: &Open) -> Result<(), Refusal> {
    let conflict = |text| Err(Refusal::field(RefusalCode::Conflict, "answer", text));
    match open.definition.policy {
        BallotPolicy::Fixed => conflict("you have voted, and ballots are not changed here"),
        BallotPolicy::ChangeableWhileHidden if poll.voters_see() => {
            conflict("you have voted, and ballots are not changed while results are visible")
        }
        BallotPolicy::Changeable | BallotPolicy::ChangeableWhileHidden => Ok(()),
    }
}

fn withdraw(poll: &Poll, voter: Voter, sequence: Option<u32>, entry: EntryId) -> Decided {
    let open = admitted(poll, voter)?;
    expect_newest(poll, voter, sequence)?;
    if !poll.ballots.contains_key(&voter.participant) && stands(poll, open, voter, sequence) {
        return Ok((Vec::new(), poll.voted(0, true, None)));
    }
    expect_open(poll)?;
    expect_thawed(poll)?;
    expect_changeable(poll, open)?;
    let receipt = poll.receipt(entry, voter.participant, None);
    let withdrawn = Withdrawn { voter: voter.participant, sequence };
    Ok((vec![PollEvent::Withdrawn(withdrawn)], poll.voted(0, false, Some(receipt))))
}

/// The answer to a change that was made already.
pub(super) fn standing(poll: &Poll, rules: &VotingLimits) -> Answered {
    changed(poll, rules, poll.stage())
}

/// The answer of a change that leads to this stage.
fn changed(poll: &Poll, rules: &VotingLimits, after: Stage) -> Answered {
    let as_seen = |view| {
        let nothing = || Results::empty(poll.id, QuestionKind::Single, 0, after.head, after.closed);
        Box::new(poll.results_at(rules, view, after).unwrap_or_else(nothing))
    };
    Answered::Changed { offset: poll.head, results: as_seen(View::Host), voters: as_seen(View::Public) }
}

fn show(poll: &Poll, rules: &VotingLimits, shown: bool) -> Decided {
    opened(poll)?;
    if poll.shown == Some(shown) {
        return Ok((Vec::new(), standing(poll, rules)));
    }
    let after = Stage { shown: Some(shown), head: poll.head + 1, ..poll.stage() };
    Ok((vec![PollEvent::Shown(Shown { shown })], changed(poll, rules, after)))
}

fn freeze(poll: &Poll, frozen: bool) -> Decided {
    opened(poll)?;
    if poll.frozen == frozen {
        return Ok((Vec::new(), Answered::Noted(poll.head)));
    }
    expect_open(poll)?;
    Ok((vec![PollEvent::Frozen(Frozen { frozen })], Answered::Noted(0)))
}

fn hide_word(poll: &Poll, rules: &VotingLimits, word: &str, hidden: bool) -> Decided {
    let invalid = |text| Err(Refusal::field(RefusalCode::Invalid, "word", text));
    if opened(poll)?.definition.kind != QuestionKind::Words {
        return Err(Refusal::field(RefusalCode::Conflict, "question", "only a word cloud has words to hide"));
    }
    let word = ballot::normal_word(word);
    if word.is_empty() || word.chars().count() > rules.word_chars {
        return invalid("this is no word of a cloud");
    }
    if poll.hidden_words.contains(&word) == hidden {
        return Ok((Vec::new(), Answered::Noted(poll.head)));
    }
    expect_open(poll)?;
    if hidden && poll.hidden_words.len() >= rules.hidden_words {
        return Err(Refusal::new(RefusalCode::LimitReached, "as many words are hidden as may be"));
    }
    Ok((vec![PollEvent::WordHidden(WordHidden { word, hidden })], Answered::Noted(0)))
}

fn close(poll: &Poll, rules: &VotingLimits, audience: u64) -> Decided {
    let audience = opened(poll)?.definition.quorum_share.map(|_| audience);
    if poll.closed {
        return Ok((Vec::new(), standing(poll, rules)));
    }
    let after = Stage { closed: true, head: poll.head + 1, audience, ..poll.stage() };
    Ok((vec![PollEvent::Closed(Closed { ballots: poll.total(), audience })], changed(poll, rules, after)))
}

fn weigh(poll: &Poll, wanted: &[(ParticipantId, u32)]) -> Decided {
    opened(poll)?;
    let Some(known) = &poll.weights else { return Ok((Vec::new(), Answered::Noted(poll.head))) };
    let weights: Vec<_> = wanted.iter().filter(|(voter, weight)| known.weight(*voter) != *weight).copied().collect();
    if weights.is_empty() {
        return Ok((Vec::new(), Answered::Noted(poll.head)));
    }
    expect_open(poll)?;
    if weights.len() > super::MOST_WEIGHED {
        return Err(Refusal::field(RefusalCode::TooLarge, "weights", "these are too many at a time"));
    }
    Ok((vec![PollEvent::Weighed(Weighed { weights })], Answered::Noted(0)))
}

fn erase(poll: &Poll) -> Decided {
    opened(poll)?;
    if poll.forgotten > 0 {
        return Ok((Vec::new(), Answered::Noted(poll.head)));
    }
    if !poll.closed {
        return Err(Refusal::field(RefusalCode::Conflict, "question", "the question is not closed yet"));
    }
    Ok((vec![PollEvent::Erased(Erased {})], Answered::Noted(0)))
}

fn access(poll: &Poll, view: View, voter: Option<Voter>) -> Decided {
    let Some(voter) = voter else { return opened(poll).map(|_| (Vec::new(), Answered::Granted)) };
    admitted(poll, voter)?;
    match view {
        View::Public => {}
        View::Voted if poll.ballots.contains_key(&voter.participant) => {}
        View::Voted => return Err(Refusal::new(RefusalCode::Forbidden, "these results are for those who have voted")),
        View::Host => return Err(Refusal::new(RefusalCode::Forbidden, "these results are for hosts")),
    }
    Ok((Vec::new(), Answered::Granted))
}

fn results(poll: &Poll, rules: &VotingLimits, view: View) -> Decided {
    let results = poll.results(rules, view).ok_or_else(not_live)?;
    Ok((Vec::new(), Answered::Results(Box::new(results))))
}

fn voters(poll: &Poll, after: Option<ParticipantId>) -> Decided {
    opened(poll)?;
    Ok((Vec::new(), Answered::Voters(page(poll.ballots.keys().copied().collect(), after, |voter| *voter))))
}

fn scores(poll: &Poll, after: Option<ParticipantId>) -> Decided {
    let question = &opened(poll)?.definition;
    if !poll.closed {
        return Err(Refusal::field(RefusalCode::Conflict, "question", "the question is not closed yet"));
    }
    let is_quiz = question.kind == QuestionKind::Quiz;
    let scores = if is_quiz { quiz::scores(poll, question) } else { Vec::new() };
    Ok((Vec::new(), Answered::Scores(page(scores, after, |(voter, _)| *voter))))
}

fn own(poll: &Poll, voter: Voter) -> Decided {
    admitted(poll, voter)?;
    let own = poll.ballots.get(&voter.participant).map(|held| Own {
        answer: held.answer.clone(),
        offset: held.offset,
        receipt: poll.receipt(held.entry, voter.participant, Some(&held.answer)),
    });
    Ok((Vec::new(), Answered::Own(own)))
}
