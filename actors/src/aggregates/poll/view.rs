//! The results as somebody may see them.

use super::command::VotingLimits;
use super::tally::Tally;
use super::{Open, Poll, quiz};
use plenum_schema::Offset;
use plenum_schema::poll::{
    Bucket, Count, Definition, Number, NumberResults, QuestionKind, QuorumResult, Results, Visibility, WordCount,
};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Ranges of a histogram.
const BUCKETS: i128 = 20;

/// As whom results are seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum View {
    /// As everybody.
    Public,
    /// As somebody who has voted.
    Voted,
    /// As somebody who runs the conference.
    Host,
}

/// What decides who sees what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub shown: Option<bool>,
    pub closed: bool,
    pub head: Offset,
    /// How many had joined at the close, where that matters.
    pub audience: Option<u64>,
}

impl Poll {
    pub(super) fn stage(&self) -> Stage {
        Stage { shown: self.shown, closed: self.closed, head: self.head, audience: self.audience }
    }

    /// The results as somebody sees them; `None` before the question was opened.
    #[must_use]
    pub fn results(&self, rules: &VotingLimits, view: View) -> Option<Results> {
        self.results_at(rules, view, self.stage())
    }

    /// The results with these ballots at another stage.
    pub(super) fn results_at(&self, rules: &VotingLimits, view: View, stage: Stage) -> Option<Results> {
        let open = self.open.as_ref()?;
        let kind = open.definition.kind;
        if !may_see(&open.definition, view, stage) {
            return Some(Results::hidden(self.id, kind, self.total(), stage.head, stage.closed));
        }
        let mut results = Results::empty(self.id, kind, self.total(), stage.head, stage.closed);
        results.frozen = self.frozen && !stage.closed;
        results.quorum = quorum(&open.definition, self.total(), stage.audience);
        self.fill(&mut results, rules, open, view);
        Some(results)
    }

    fn fill(&self, results: &mut Results, rules: &VotingLimits, open: &Open, view: View) {
        let question = &open.definition;
        // What is right is nobody's business but the hosts' while people can still answer.
        let tells_right = results.closed || view == View::Host;
        match &self.tally {
            Tally::None => {}
            Tally::Options(counts) => results.counts = (1..).zip(counts).map(count).collect(),
            Tally::Ratings { low, counts } => {
                results.counts = (*low..).zip(counts).map(count).collect();
                let sum: i128 = results.counts.iter().map(|one| i128::from(one.option) * i128::from(one.count)).sum();
                results.average = (self.total() > 0).then(|| Number::mean(sum * 1_000_000, self.total()));
            }
            Tally::Ranking { first, rankings } => {
                results.counts = (1..).zip(first).map(count).collect();
                results.ranking = Some(rankings.results());
            }
            Tally::Words(counts) => {
                let of = |is_hidden: bool| {
                    let is_wanted = |word: &String| self.hidden_words.contains(word) == is_hidden;
                    most_frequent(counts.iter().filter(|(word, _)| is_wanted(word)), rules.shown_items)
                };
                results.words = of(false);
                if view == View::Host && !self.hidden_words.is_empty() {
                    results.hidden_words = of(true);
                }
            }
            Tally::Points(grid) => results.heat = grid.heat(),
            Tally::Feedback(beats) => {
                results.counts = (1..).zip(beats.current()).map(|(option, count)| Count { option, count }).collect();
                results.pulse = beats.pulse();
            }
            Tally::Texts(texts) => results.texts = texts.values().rev().take(rules.shown_items).cloned().collect(),
            Tally::Numbers { counts, sum } => results.numbers = numbers(counts, *sum, question, tells_right),
        }
        results.weighted = self.weights.as_ref().map(|weights| weights.results(question.kind));
        if question.kind == QuestionKind::Quiz && tells_right {
            results.correct.clone_from(&question.correct);
        }
        if question.kind == QuestionKind::Quiz && results.closed {
            results.leaders = quiz::leaders(self, question);
        }
    }
}

/// How it stands with the quorum of a question.
fn quorum(question: &Definition, ballots: u64, audience: Option<u64>) -> Option<QuorumResult> {
    let share = question.quorum_share.map(|share| u64::try_from(share.millionths()).unwrap_or(0));
    if question.quorum.is_none() && share.is_none() {
        return None;
    }
    let least = question.quorum.unwrap_or(0);
    match (share, audience) {
        (Some(_), None) => Some(QuorumResult { needed: least, reached: None }),
        (share, audience) => {
            let of_all = audience.unwrap_or(0).saturating_mul(share.unwrap_or(0)).div_ceil(1_000_000);
            let needed = least.max(of_all);
            Some(QuorumResult { needed, reached: Some(ballots >= needed) })
        }
    }
}

fn most_frequent<'w>(words: impl Iterator<Item = (&'w String, &'w u64)>, most: usize) -> Vec<WordCount> {
    let mut words: Vec<(&String, &u64)> = words.collect();
    words.sort_unstable_by_key(|(word, count)| (Reverse(**count), *word));
    let word = |(word, count): (&String, &u64)| WordCount { word: word.clone(), count: *count };
    words.into_iter().take(most).map(word).collect()
}

fn count((option, count): (i64, &u64)) -> Count {
    Count { option, count: *count }
}

fn may_see(question: &Definition, view: View, stage: Stage) -> bool {
    match view {
        View::Host => true,
        View::Voted => stage.shown.unwrap_or(question.visibility != Visibility::Hidden),
        View::Public => stage.shown.unwrap_or(question.visibility == Visibility::Live),
    }
}

fn numbers(
    counts: &BTreeMap<Number, u64>,
    sum: i128,
    question: &Definition,
    tells_right: bool,
) -> Option<NumberResults> {
    let (min, max) = (*counts.first_key_value()?.0, *counts.last_key_value()?.0);
    let total: u64 = counts.values().sum();
    let within = question.target.filter(|_| tells_right).map(|target| {
        let tolerance = question.tolerance.unwrap_or_default().millionths();
        let is_right = |number: &Number| number.millionths().abs_diff(target.millionths()) <= tolerance.unsigned_abs();
        counts.iter().filter(|(number, _)| is_right(number)).map(|(_, count)| count).sum()
    });
    let mean = Number::mean(sum, total);
    Some(NumberResults { min, max, mean, median: median(counts, total), buckets: buckets(counts, min, max), within })
}

fn median(counts: &BTreeMap<Number, u64>, total: u64) -> Number {
    let mut seen = 0;
    let middle = counts.iter().find(|(_, count)| {
        seen += **count;
        seen * 2 >= total
    });
    middle.map(|(number, _)| *number).unwrap_or_default()
}

/// Ranges of the same width from the lowest to the highest number; one when all are the same.
fn buckets(counts: &BTreeMap<Number, u64>, min: Number, max: Number) -> Vec<Bucket> {
    let (low, width) = (i128::from(min.millionths()), i128::from(max.millionths()) - i128::from(min.millionths()));
    let many = if width == 0 { 1 } else { BUCKETS.min(i128::try_from(counts.len()).unwrap_or(BUCKETS)) };
    let edge = |place: i128| Number::from_millionths(low + width * place / many);
    let mut all: Vec<Bucket> =
        (0..many).map(|place| Bucket { from: edge(place), to: edge(place + 1), count: 0 }).collect();
    for (number, count) in counts {
        let place = all.partition_point(|bucket| bucket.to <= *number).min(all.len().saturating_sub(1));
        all.get_mut(place).into_iter().for_each(|bucket| bucket.count += count);
    }
    all
}
