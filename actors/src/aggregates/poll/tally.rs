//! The tally: derived from the ballots as they come and go, so that no result has to walk them.

use super::Held;
use super::definition::rating_bounds;
use super::heat::Grid;
use super::pulse::Beats;
use super::ranking::Rankings;
use plenum_schema::Offset;
use plenum_schema::poll::{Answer, Definition, Number, OptionId, QuestionKind};
use std::collections::{BTreeMap, HashMap};

/// What the ballots that count come to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Tally {
    /// Nothing is asked yet.
    #[default]
    None,
    /// How often each option was picked.
    Options(Vec<u64>),
    /// How often each rating was given, from the lowest on.
    Ratings { low: i64, counts: Vec<u64> },
    /// Rankings, and first places.
    Ranking { first: Vec<u64>, rankings: Rankings },
    /// How many ballots have each word.
    Words(HashMap<String, u64>),
    /// Texts by the offset of their ballot.
    Texts(BTreeMap<Offset, String>),
    /// How often each number was given.
    Numbers { counts: BTreeMap<Number, u64>, sum: i128 },
    /// Points on a picture.
    Points(Grid),
    /// Answers that fade.
    Feedback(Beats),
}

impl Tally {
    /// The tally of no ballots.
    pub fn of(question: &Definition) -> Self {
        let options = question.options.len();
        match question.kind {
            QuestionKind::Single | QuestionKind::Multiple | QuestionKind::YesNo | QuestionKind::Quiz => {
                Self::Options(vec![0; options])
            }
            QuestionKind::Rating => {
                let (low, high) = rating_bounds(question);
                Self::Ratings { low, counts: vec![0; usize::try_from(high - low + 1).unwrap_or(0)] }
            }
            QuestionKind::Ranking => Self::Ranking { first: vec![0; options], rankings: Rankings::of(options) },
            QuestionKind::Words => Self::Words(HashMap::new()),
            QuestionKind::Text => Self::Texts(BTreeMap::new()),
            QuestionKind::Number => Self::Numbers { counts: BTreeMap::new(), sum: 0 },
            QuestionKind::Point => Self::Points(Grid::new()),
            QuestionKind::Feedback => Self::Feedback(Beats::of(question)),
        }
    }

    pub fn add(&mut self, held: &Held) {
        let offset = held.offset;
        match (self, &held.answer) {
            (Self::Points(grid), Answer::Point(spot)) => grid.count(*spot, true),
            (Self::Feedback(beats), Answer::Choice(picks)) => {
                picks.iter().for_each(|id| beats.count((held.at, offset), *id, true));
            }
            (Self::Words(counts), Answer::Words(words)) => {
                words.iter().for_each(|word| *counts.entry(word.clone()).or_default() += 1);
            }
            (Self::Texts(texts), Answer::Text(text)) => drop(texts.insert(offset, text.clone())),
            (Self::Numbers { counts, sum }, Answer::Number(number)) => {
                *counts.entry(*number).or_default() += 1;
                *sum += i128::from(number.millionths());
            }
            (Self::Ranking { first, rankings }, Answer::Ranking(ranked)) => {
                ranked.first().into_iter().for_each(|id| bump(first, *id, |count| *count += 1));
                rankings.add(ranked);
            }
            (tally, answer) => tally.count(answer, |count| *count += 1),
        }
    }

    pub fn remove(&mut self, held: &Held) {
        let less = |count: &mut u64| *count = count.saturating_sub(1);
        let offset = held.offset;
        match (self, &held.answer) {
            (Self::Points(grid), Answer::Point(spot)) => grid.count(*spot, false),
            (Self::Feedback(beats), Answer::Choice(picks)) => {
                picks.iter().for_each(|id| beats.count((held.at, offset), *id, false));
            }
            (Self::Words(counts), Answer::Words(words)) => {
                for word in words {
                    counts.get_mut(word).into_iter().for_each(less);
                    if counts.get(word) == Some(&0) {
                        counts.remove(word);
                    }
                }
            }
            (Self::Texts(texts), Answer::Text(_)) => drop(texts.remove(&offset)),
            (Self::Numbers { counts, sum }, Answer::Number(number)) => {
                counts.get_mut(number).into_iter().for_each(less);
                if counts.get(number) == Some(&0) {
                    counts.remove(number);
                }
                *sum -= i128::from(number.millionths());
            }
            (Self::Ranking { first, rankings }, Answer::Ranking(ranked)) => {
                ranked.first().into_iter().for_each(|id| bump(first, *id, less));
                rankings.remove(ranked);
            }
            (tally, answer) => tally.count(answer, less),
        }
    }

    /// What is a matter of counting alone.
    fn count(&mut self, answer: &Answer, change: impl Fn(&mut u64)) {
        match (self, answer) {
            (Self::Options(counts), Answer::Choice(picks)) => {
                picks.iter().for_each(|id| bump(counts, *id, &change));
            }
            (Self::Ratings { low, counts }, Answer::Rating(rating)) => {
                let index = usize::try_from(*rating - *low).unwrap_or(usize::MAX);
                counts.get_mut(index).into_iter().for_each(change);
            }
            // A ballot of another kind than its question's is refused before it is one.
            _ => {}
        }
    }
}

fn bump(counts: &mut [u64], id: OptionId, change: impl Fn(&mut u64)) {
    counts.get_mut(usize::from(id).wrapping_sub(1)).into_iter().for_each(change);
}
