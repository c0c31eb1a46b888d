//! Exactness: every receiver checks every offset of every topic.

use serde::Serialize;

/// How many examples of violations a report keeps.
const EXAMPLES: usize = 20;

/// What one arriving offset is, judged against what the receiver has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The next one.
    InOrder,
    /// Later than the next one: this many are missing so far.
    Ahead(u64),
    /// One that was missing: it came out of order.
    Late,
    /// One that had come before.
    Duplicate,
}

/// What one subscription has received.
#[derive(Debug, Clone, Default)]
pub struct Position {
    /// The offset that must come next; 0 while it is not known where the subscription began.
    pub next: u64,
    missing: Vec<(u64, u64)>,
}

impl Position {
    /// A subscription that has everything up to `since`.
    #[must_use]
    pub fn after(since: u64) -> Self {
        Self { next: since + 1, missing: Vec::new() }
    }

    /// Takes an arriving offset; the first one is in order where the beginning is not known.
    pub fn take(&mut self, offset: u64) -> Verdict {
        if offset == self.next || self.next == 0 {
            self.next = offset + 1;
            return Verdict::InOrder;
        }
        if offset > self.next {
            let gap = (self.next, offset - 1);
            self.missing.push(gap);
            self.next = offset + 1;
            return Verdict::Ahead(gap.1 - gap.0 + 1);
        }
        if self.fill(offset, offset) { Verdict::Late } else { Verdict::Duplicate }
    }

    /// The server declared `from..=to` gone by retention: they are neither lost nor expected.
    pub fn excuse(&mut self, from: u64, to: u64) {
        if from <= self.next && to >= self.next {
            self.next = to + 1;
        }
    }

    /// Removes a range from one missing range; false when it was not missing.
    fn fill(&mut self, from: u64, to: u64) -> bool {
        let missing = &mut self.missing;
        let Some(at) = missing.iter().position(|&(low, high)| low <= from && to <= high) else { return false };
        let (low, high) = missing.swap_remove(at);
        if low < from {
            missing.push((low, from - 1));
        }
        if to < high {
            missing.push((to + 1, high));
        }
        true
    }

    /// How many offsets up to `head` never came.
    #[must_use]
    pub fn lost(&self, head: u64) -> u64 {
        let holes: u64 = self.missing.iter().map(|(low, high)| high - low + 1).sum();
        holes + (head + 1).saturating_sub(self.next)
    }
}

/// All that was checked, and all that was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checks {
    /// Events whose offset and content were checked.
    pub events: u64,
    /// Offsets that never came.
    pub lost: u64,
    /// Offsets that came twice.
    pub duplicates: u64,
    /// Offsets that came after a later one.
    pub reordered: u64,
    /// Events whose content differs between receivers, or from what was sent.
    pub diverged: u64,
    /// Frames that are not the protocol.
    pub malformed: u64,
    /// Acknowledged messages that are not in the log where the acknowledgement said.
    pub acked_lost: u64,
    /// Connections the server ended without being asked.
    pub unexpected_closes: u64,
    /// Refusals of commands that should have succeeded.
    pub unexpected_refusals: u64,
    /// Ranges the server declared gone by retention; a load run configures none.
    pub retention_gaps: u64,
    /// The first violations, in words.
    pub examples: Vec<String>,
}

impl Checks {
    /// Whether nothing was wrong.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.violations() == 0
    }

    /// How many things were wrong.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.lost
            + self.duplicates
            + self.reordered
            + self.diverged
            + self.malformed
            + self.acked_lost
            + self.unexpected_closes
            + self.unexpected_refusals
            + self.retention_gaps
    }

    /// Counts a verdict; true when the event is new to the receiver.
    pub fn count(&mut self, verdict: Verdict, describe: impl FnOnce() -> String) -> bool {
        self.events += 1;
        match verdict {
            Verdict::InOrder => return true,
            // Whether the skipped ones are lost or only late is known at the end.
            Verdict::Ahead(_) => {}
            Verdict::Late => self.reordered += 1,
            Verdict::Duplicate => self.duplicates += 1,
        }
        self.example(|| format!("{verdict:?}: {}", describe()));
        verdict != Verdict::Duplicate
    }

    /// Keeps an example, if there is room.
    pub fn example(&mut self, describe: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(describe());
        }
    }

    /// Adds what another part of the run found.
    pub fn merge(&mut self, other: Checks) {
        self.events += other.events;
        self.lost += other.lost;
        self.duplicates += other.duplicates;
        self.reordered += other.reordered;
        self.diverged += other.diverged;
        self.malformed += other.malformed;
        self.acked_lost += other.acked_lost;
        self.unexpected_closes += other.unexpected_closes;
        self.unexpected_refusals += other.unexpected_refusals;
        self.retention_gaps += other.retention_gaps;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(head: u64, arrivals: &[u64]) -> Checks {
        let (mut position, mut checks) = (Position::after(0), Checks::default());
        for &offset in arrivals {
            let verdict = position.take(offset);
            checks.count(verdict, String::new);
        }
        checks.lost = position.lost(head);
        checks
    }

    #[test]
    fn an_exact_stream_passes() {
        let checks = run(4, &[1, 2, 3, 4]);
        assert!(checks.passed());
        assert_eq!(checks.events, 4);
    }

    #[test]
    fn a_hole_in_the_middle_is_a_loss() {
        assert_eq!(run(4, &[1, 4]).lost, 2);
    }

    #[test]
    fn a_missing_end_is_a_loss() {
        assert_eq!(run(4, &[1, 2]).lost, 2);
    }

    #[test]
    fn a_repeated_offset_is_a_duplicate_and_nothing_else() {
        let checks = run(3, &[1, 2, 2, 3]);
        assert_eq!((checks.duplicates, checks.lost, checks.reordered), (1, 0, 0));
    }

    #[test]
    fn swapped_offsets_are_a_reorder_and_no_loss() {
        let checks = run(4, &[1, 3, 2, 4]);
        assert_eq!((checks.reordered, checks.lost, checks.duplicates), (1, 0, 0));
    }

    #[test]
    fn a_late_offset_that_comes_twice_is_both() {
        let checks = run(3, &[1, 3, 2, 2]);
        assert_eq!((checks.reordered, checks.duplicates), (1, 1));
    }

    #[test]
    fn a_declared_gap_is_no_loss() {
        let mut position = Position::after(0);
        position.excuse(1, 10);
        assert_eq!(position.take(11), Verdict::InOrder);
        assert_eq!(position.lost(11), 0);
    }

    proptest! {
        // Arrivals are 1..=head, some removed, some doubled, then shuffled by swaps: the checker must agree with plain counting.
        #[test]
        fn seeded_loss_duplication_and_reorder_are_counted_exactly(
            head in 1u64..60,
            removed in prop::collection::btree_set(1u64..60, 0..8),
            doubled in prop::collection::btree_set(1u64..60, 0..8),
            swaps in prop::collection::vec((0usize..60, 0usize..60), 0..6),
        ) {
            let mut arrivals: Vec<u64> = (1..=head).filter(|offset| !removed.contains(offset)).collect();
            arrivals.extend(doubled.iter().filter(|offset| **offset <= head && !removed.contains(offset)));
            for (a, b) in swaps {
                if a < arrivals.len() && b < arrivals.len() { arrivals.swap(a, b); }
            }
            let checks = run(head, &arrivals);
            let unique: std::collections::BTreeSet<u64> = arrivals.iter().copied().collect();
            prop_assert_eq!(checks.lost, head - unique.len() as u64);
            prop_assert_eq!(checks.duplicates, (arrivals.len() - unique.len()) as u64);
            let mut top = 0;
            let mut seen = std::collections::BTreeSet::new();
            let mut late = 0;
            for offset in &arrivals {
                if seen.insert(*offset) && *offset < top { late += 1; }
                top = top.max(*offset);
            }
            prop_assert_eq!(checks.reordered, late);
        }
    }
}
