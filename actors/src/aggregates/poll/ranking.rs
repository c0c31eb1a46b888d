//! Rankings: Borda points, and the method of M. Schulze ("A new monotonic, clone-independent, reversal symmetric, and
//! Condorcet-consistent single-winner election method", Social Choice and Welfare 36, 2011) by winning votes.

use plenum_schema::poll::{Number, OptionId, Points, RankingResults};

/// Rankings put together, so that a ballot costs the square of the number of options and no result walks the ballots.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Rankings {
    options: usize,
    /// Twice the Borda points of each option.
    borda: Vec<u64>,
    /// How many ballots have the row's option before the column's.
    before: Vec<u64>,
}

impl Rankings {
    pub fn of(options: usize) -> Self {
        Self { options, borda: vec![0; options], before: vec![0; options * options] }
    }

    pub fn add(&mut self, ranked: &[OptionId]) {
        self.walk(ranked, |cell, by| *cell += by);
    }

    pub fn remove(&mut self, ranked: &[OptionId]) {
        self.walk(ranked, |cell, by| *cell = cell.saturating_sub(by));
    }

    fn walk(&mut self, ranked: &[OptionId], change: impl Fn(&mut u64, u64)) {
        let options = self.options;
        let mut rest: Vec<bool> = vec![true; options];
        let places: Vec<usize> = ranked.iter().map(|id| usize::from(*id).saturating_sub(1)).collect();
        for (place, index) in places.iter().enumerate() {
            let points = 2 * (options.saturating_sub(place + 1)) as u64;
            self.borda.get_mut(*index).into_iter().for_each(|cell| change(cell, points));
            rest.get_mut(*index).into_iter().for_each(|flag| *flag = false);
            let later = places.iter().skip(place + 1).copied();
            let unranked = (0..options).filter(|other| !places.contains(other));
            for other in later.chain(unranked) {
                self.before.get_mut(index * options + other).into_iter().for_each(|cell| change(cell, 1));
            }
        }
        // Those left out share the points that are left: (0 + 1 + … + m − 1) / m each, twice that here.
        let left = options.saturating_sub(ranked.len());
        for (cell, _) in self.borda.iter_mut().zip(&rest).filter(|(_, rest)| **rest) {
            change(cell, left.saturating_sub(1) as u64);
        }
    }

    pub fn results(&self) -> RankingResults {
        RankingResults { borda: self.points(), schulze: self.schulze() }
    }

    fn points(&self) -> Vec<Points> {
        let points = |(id, doubled): (OptionId, &u64)| Points {
            option: id,
            points: Number::from_millionths(i128::from(*doubled) * 500_000),
        };
        let mut all: Vec<Points> = (1..).zip(&self.borda).map(points).collect();
        all.sort_by(|a, b| b.points.cmp(&a.points).then(a.option.cmp(&b.option)));
        all
    }

    /// The strength of the strongest path from each option to each other one.
    fn paths(&self) -> Vec<u64> {
        let n = self.options;
        let cell = |row: usize, column: usize| self.before.get(row * n + column).copied().unwrap_or(0);
        let wins = |row, column| if cell(row, column) > cell(column, row) { cell(row, column) } else { 0 };
        let mut paths: Vec<u64> = (0..n * n).map(|at| wins(at / n.max(1), at % n.max(1))).collect();
        for over in 0..n {
            for from in 0..n {
                for to in 0..n {
                    let strength = |a: usize, b: usize| paths.get(a * n + b).copied().unwrap_or(0);
                    let better = strength(from, over).min(strength(over, to));
                    if from != to && better > strength(from, to) {
                        paths.get_mut(from * n + to).into_iter().for_each(|cell| *cell = better);
                    }
                }
            }
        }
        paths
    }

    /// Groups: first those that no other beats, then those that none of the rest beats, and so on.
    fn schulze(&self) -> Vec<Vec<OptionId>> {
        let (n, paths) = (self.options, self.paths());
        let strength = |a: usize, b: usize| paths.get(a * n + b).copied().unwrap_or(0);
        let mut rest: Vec<usize> = (0..n).collect();
        let mut groups = Vec::new();
        while !rest.is_empty() {
            let beaten = |one: usize| rest.iter().any(|other| strength(*other, one) > strength(one, *other));
            let (losers, best): (Vec<usize>, Vec<usize>) = rest.iter().copied().partition(|one| beaten(*one));
            groups.push(best.into_iter().filter_map(|index| OptionId::try_from(index + 1).ok()).collect());
            rest = losers;
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rankings(options: usize, ballots: &[(usize, &[OptionId])]) -> Rankings {
        let mut all = Rankings::of(options);
        for (times, ballot) in ballots {
            (0..*times).for_each(|_| all.add(ballot));
        }
        all
    }

    fn borda(all: &Rankings) -> Vec<(OptionId, i64)> {
        all.results().borda.iter().map(|one| (one.option, one.points.as_whole().unwrap())).collect()
    }

    #[test]
    fn the_first_example_of_schulzes_paper_comes_out_as_published() {
        // 45 voters, five candidates A to E (also the worked example of Wikipedia, "Schulze method"): E > A > C > B > D.
        let all = rankings(
            5,
            &[
                (5, &[1, 3, 2, 5, 4]),
                (5, &[1, 4, 5, 3, 2]),
                (8, &[2, 5, 4, 1, 3]),
                (3, &[3, 1, 2, 5, 4]),
                (7, &[3, 1, 5, 2, 4]),
                (2, &[3, 2, 1, 4, 5]),
                (7, &[4, 3, 5, 2, 1]),
                (8, &[5, 2, 1, 4, 3]),
            ],
        );
        assert_eq!(all.results().schulze, [[5], [1], [3], [2], [4]].map(Vec::from));
    }

    #[test]
    fn the_capital_of_tennessee_is_chosen_by_borda_and_by_condorcet_as_published() {
        // Wikipedia, "Borda count" and "Condorcet method": Memphis, Nashville, Knoxville, Chattanooga; 100 voters.
        let ballots: [(usize, &[OptionId]); 4] =
            [(42, &[1, 2, 4, 3]), (26, &[2, 4, 3, 1]), (15, &[4, 3, 2, 1]), (17, &[3, 4, 2, 1])];
        let all = rankings(4, &ballots);
        assert_eq!(borda(&all), [(2, 194), (4, 173), (1, 126), (3, 107)]);
        assert_eq!(all.results().schulze, [[2], [4], [3], [1]].map(Vec::from));
    }

    #[test]
    fn options_that_are_left_out_share_what_is_left_and_stand_behind_the_ranked() {
        let all = rankings(3, &[(1, &[2])]);
        assert_eq!(
            all.points().iter().map(|one| (one.option, one.points)).collect::<Vec<_>>(),
            [(2, Number::whole(2)), (1, Number::from_millionths(500_000)), (3, Number::from_millionths(500_000)),]
        );
        assert_eq!(all.results().schulze, [vec![2], vec![1, 3]]);
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace() {
        let mut all = rankings(4, &[(3, &[1, 2, 3, 4]), (1, &[4, 3])]);
        all.remove(&[4, 3]);
        assert_eq!(all, rankings(4, &[(3, &[1, 2, 3, 4])]));
    }

    #[test]
    fn without_ballots_nobody_beats_anybody() {
        assert_eq!(rankings(3, &[]).results().schulze, [vec![1, 2, 3]]);
    }
}
