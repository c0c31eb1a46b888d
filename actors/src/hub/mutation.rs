//! Ways to break how the hub joins subscribers, history and what is live. Only the hub's own tests can set one: they show that its
//! random walk notices each.

/// A rule that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mutation {
    /// What retention removed is passed over without a gap record.
    SkipGap,
    /// A gap record names one event more than retention removed.
    WideGap,
    /// Live delivery begins one offset too late: a subscriber goes live before it has the last event behind it.
    JoinLate,
    /// Whoever knows one event more than the hub goes live at once, and gets that event again.
    JoinAhead,
    /// What comes after a hole is delivered, and the hole never read.
    DropRepair,
    /// A hole that retention has removed meanwhile is forgotten: live subscribers stay live.
    ForgetTrimmed,
    /// A hole that retention has removed meanwhile stays inside the events that are kept for catching up.
    KeepRing,
    /// Whoever changes the dialect in the middle of a round goes on after it.
    ForgetRound,
}

impl Mutation {
    /// Every one.
    #[cfg(test)]
    pub(super) const ALL: [Self; 8] = [
        Self::SkipGap,
        Self::WideGap,
        Self::JoinLate,
        Self::JoinAhead,
        Self::DropRepair,
        Self::ForgetTrimmed,
        Self::KeepRing,
        Self::ForgetRound,
    ];
}

impl super::Core {
    /// Whether a test has broken this rule.
    #[cfg(test)]
    pub(super) fn is_broken(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Never, outside of tests.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the same call as in tests")]
    pub(super) const fn is_broken(&self, _: Mutation) -> bool {
        false
    }
}
