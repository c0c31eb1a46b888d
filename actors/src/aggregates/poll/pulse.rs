//! Feedback that fades: everybody has one current answer, and it weighs half after each half-life. Answers are counted in steps of a
//! thirty-second of it, in whole numbers, so that a recount gives the same weights on every machine.

use crate::clock::WallMillis;
use plenum_schema::Offset;
use plenum_schema::poll::{Definition, Number, OptionId, Pulse, Weight};
use std::collections::{BTreeMap, BTreeSet};

/// A ballot weighs half after so long when nothing is said, milliseconds.
const USUAL_HALF_LIFE_MS: u64 = 60_000;
/// Steps of a half-life.
const STEPS: u64 = 32;
/// After so many half-lives nothing is left of a ballot: less than a millionth.
const GONE: u64 = 20;
/// 2^32 times 2^(−k/32), rounded, for k from 0 on.
const FADED: [u64; 32] = [
    4_294_967_296,
    4_202_935_003,
    4_112_874_773,
    4_024_744_348,
    3_938_502_376,
    3_854_108_391,
    3_771_522_796,
    3_690_706_840,
    3_611_622_603,
    3_534_232_978,
    3_458_501_653,
    3_384_393_094,
    3_311_872_529,
    3_240_905_930,
    3_171_459_999,
    3_103_502_151,
    3_037_000_500,
    2_971_923_842,
    2_908_241_642,
    2_845_924_021,
    2_784_941_738,
    2_725_266_179,
    2_666_869_345,
    2_609_723_834,
    2_553_802_834,
    2_499_080_105,
    2_445_529_972,
    2_393_127_307,
    2_341_847_524,
    2_291_666_561,
    2_242_560_872,
    2_194_507_417,
];

/// How many current answers to each option are how old.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Beats {
    half_life_ms: u64,
    /// By option and step.
    counts: Vec<BTreeMap<i64, u64>>,
    /// When each was given, and where it stands.
    newest: BTreeSet<(WallMillis, Offset)>,
}

/// The half-life of a question.
fn half_life(question: &Definition) -> u64 {
    question.half_life_ms.unwrap_or(USUAL_HALF_LIFE_MS).max(1)
}

impl Beats {
    pub fn of(question: &Definition) -> Self {
        let counts = vec![BTreeMap::new(); question.options.len()];
        Self { half_life_ms: half_life(question), counts, newest: BTreeSet::new() }
    }

    fn step(&self, at: WallMillis) -> i64 {
        let step = (i128::from(at) * i128::from(STEPS)).div_euclid(i128::from(self.half_life_ms));
        i64::try_from(step).unwrap_or(i64::MAX)
    }

    /// Counts an answer of that moment, or (`adds` false) takes it out.
    pub fn count(&mut self, (at, offset): (WallMillis, Offset), option: OptionId, adds: bool) {
        let step = self.step(at);
        let Some(counts) = self.counts.get_mut(usize::from(option).wrapping_sub(1)) else { return };
        if adds {
            *counts.entry(step).or_default() += 1;
            self.newest.insert((at, offset));
            return;
        }
        self.newest.remove(&(at, offset));
        if let Some(count) = counts.get_mut(&step) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&step);
            }
        }
    }

    /// How many answer so now, however long ago they said it.
    pub fn current(&self) -> impl Iterator<Item = u64> + '_ {
        self.counts.iter().map(|counts| counts.values().sum())
    }

    /// What they weigh at the moment of the newest one; `None` without any.
    pub fn pulse(&self) -> Option<Pulse> {
        let (at, _) = self.newest.last()?;
        let now = self.step(*at);
        let weigh = |counts: &BTreeMap<i64, u64>| -> i128 {
            counts
                .iter()
                .map(|(step, count)| i128::from(faded(now.abs_diff(*step.min(&now)))) * i128::from(*count))
                .sum()
        };
        let weight = |(option, counts): (OptionId, &BTreeMap<i64, u64>)| Weight {
            option,
            weight: Number::from_millionths(weigh(counts)),
        };
        let weights = (1..).zip(&self.counts).map(weight).collect();
        Some(Pulse { at: *at, half_life_ms: self.half_life_ms, weights })
    }
}

/// What is left of 1 after so many steps, in millionths.
fn faded(steps: u64) -> u64 {
    let (halves, rest) = (steps / STEPS, usize::try_from(steps % STEPS).unwrap_or(0));
    if halves >= GONE {
        return 0;
    }
    (FADED.get(rest).copied().unwrap_or(0) * 1_000_000) >> (32 + halves)
}

#[cfg(test)]
mod tests {
    use super::{STEPS, faded};

    #[test]
    fn a_ballot_weighs_half_after_each_half_life() {
        assert_eq!((faded(0), faded(STEPS), faded(3 * STEPS), faded(20 * STEPS)), (1_000_000, 500_000, 125_000, 0));
        for step in 0..20 * STEPS {
            let exact = 1e6 * (-(step as f64) / STEPS as f64).exp2();
            assert!((faded(step) as f64 - exact).abs() <= 1.0, "{step}");
            assert!(faded(step) >= faded(step + 1));
        }
    }
}
