//! Votes that weigh differently, beside the count in which each is one.

use super::definition::rating_bounds;
use plenum_schema::ParticipantId;
use plenum_schema::poll::{Answer, Count, Definition, Number, QuestionKind, WeightedResults};
use std::collections::HashMap;

/// Who weighs what, and what the ballots that count come to by it. Whoever is not named weighs 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Weights {
    of: HashMap<ParticipantId, u32>,
    /// The number of the first count.
    low: i64,
    counts: Vec<u64>,
    total: u64,
}

impl Weights {
    /// Where the question wants them.
    pub fn wanted(question: &Definition) -> Option<Self> {
        if !question.weighted {
            return None;
        }
        let (low, many) = match question.kind {
            QuestionKind::Rating => {
                let (low, high) = rating_bounds(question);
                (low, usize::try_from(high - low + 1).unwrap_or(0))
            }
            _ => (1, question.options.len()),
        };
        Some(Self { of: HashMap::new(), low, counts: vec![0; many], total: 0 })
    }

    pub fn weight(&self, voter: ParticipantId) -> u32 {
        self.of.get(&voter).copied().unwrap_or(1)
    }

    /// All who do not weigh 1, in the order of their ids.
    pub fn named(&self) -> Vec<(ParticipantId, u32)> {
        let mut all: Vec<_> = self.of.iter().map(|(voter, weight)| (*voter, *weight)).collect();
        all.sort_unstable();
        all
    }

    /// Lets somebody weigh so from now on, with the ballot they have.
    pub fn set(&mut self, voter: ParticipantId, weight: u32, ballot: Option<&Answer>) {
        if let Some(answer) = ballot {
            self.count(voter, answer, false);
        }
        if weight == 1 {
            self.of.remove(&voter);
        } else {
            self.of.insert(voter, weight);
        }
        if let Some(answer) = ballot {
            self.count(voter, answer, true);
        }
    }

    /// Counts a ballot, or (`adds` false) takes it out.
    pub fn count(&mut self, voter: ParticipantId, answer: &Answer, adds: bool) {
        let weight = u64::from(self.weight(voter));
        let change = |sum: &mut u64| *sum = if adds { *sum + weight } else { sum.saturating_sub(weight) };
        change(&mut self.total);
        let mut picked = |number: i64| {
            let place = usize::try_from(number - self.low).unwrap_or(usize::MAX);
            self.counts.get_mut(place).into_iter().for_each(change);
        };
        match answer {
            Answer::Choice(picks) => picks.iter().for_each(|id| picked(i64::from(*id))),
            Answer::Rating(rating) => picked(*rating),
            _ => {}
        }
    }

    pub fn results(&self, kind: QuestionKind) -> WeightedResults {
        let counts: Vec<Count> =
            (self.low..).zip(&self.counts).map(|(option, count)| Count { option, count: *count }).collect();
        let sum: i128 = counts.iter().map(|one| i128::from(one.option) * i128::from(one.count)).sum();
        let is_mean = kind == QuestionKind::Rating && self.total > 0;
        WeightedResults {
            total: self.total,
            average: is_mean.then(|| Number::mean(sum * 1_000_000, self.total)),
            counts,
        }
    }
}
