//! Points of a quiz: right answers get half of them, and more the faster they came.

use super::{Held, Poll};
use plenum_schema::ParticipantId;
use plenum_schema::poll::{Answer, Definition, Leader};

/// Points of a question when nothing is said.
const USUAL_POINTS: u32 = 1_000;
/// The time within which speed counts when a question has no end, milliseconds.
const USUAL_MS: u64 = 30_000;
/// How many of the best are named.
const LEADERS: usize = 10;

fn points(question: &Definition, held: &Held) -> u64 {
    let Answer::Choice(picks) = &held.answer else { return 0 };
    if !picks.first().is_some_and(|pick| question.correct.contains(pick)) {
        return 0;
    }
    let most = u64::from(question.points.unwrap_or(USUAL_POINTS));
    let time = question.duration_ms.unwrap_or(USUAL_MS).max(1);
    let pressed = u64::from(held.pressed_ms.unwrap_or(u32::MAX)).min(time);
    // Half for being right, the other half in proportion to the time that was left.
    most.div_ceil(2) + most / 2 * (time - pressed) / time
}

/// What everybody who answered got, in no order.
pub(super) fn scores(poll: &Poll, question: &Definition) -> Vec<(ParticipantId, u64)> {
    poll.ballots.iter().map(|(voter, held)| (*voter, points(question, held))).collect()
}

/// The best, most points first; among equals whoever voted first.
pub(super) fn leaders(poll: &Poll, question: &Definition) -> Vec<Leader> {
    let scored = |(voter, held): (&ParticipantId, &Held)| (points(question, held), held.offset, *voter);
    let mut all: Vec<_> = poll.ballots.iter().map(scored).filter(|(points, ..)| *points > 0).collect();
    all.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let leader = |(points, _, participant)| Leader { participant, name: None, points };
    all.into_iter().take(LEADERS).map(leader).collect()
}
