//! Ways to break what nodes do with commands between each other, and what subscribers do with what they hear, to show that the
//! simulation notices. Those of the owner are in [`plenum_actors::owner::core::Mutation`].

/// A rule that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BusMutation {
    /// A command that falls back gets another entry id.
    FreshIdOnFallback,
    /// A command that another node may have carried out is taken for one that nobody has.
    ForgetAgain,
    /// An errand without an answer counts as refused: whoever is told `busy` or `draining` afterwards writes once more.
    LostIsRefused,
    /// Commands are handed on however often that was done before.
    NoHopLimit,
}

impl BusMutation {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::FreshIdOnFallback, Self::ForgetAgain, Self::LostIsRefused, Self::NoHopLimit];
}

/// A rule of subscribers that is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SubscriberMutation {
    /// What comes after a hole is delivered, and the hole forgotten. Retention may remove the lost event later.
    LeapOverHoles,
    /// What retention removed is passed over without a word.
    SilentGap,
    /// A gap record names one event that is still there.
    WideGap,
}

impl SubscriberMutation {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::LeapOverHoles, Self::SilentGap, Self::WideGap];
}
