//! A subscriber that follows the rule of the hubs: the next offset is delivered, an older one dropped, a later one means a
//! gap, and a gap is read from the log. What the log does not have any more is told as a gap record.

use crate::mutation::SubscriberMutation;
use plenum_schema::{EntryId, Offset};

/// What a subscriber does with news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Nothing more to do.
    Settled,
    /// Something is missing: read the log above this offset.
    Read(Offset),
}

/// "Retention removed these": what a subscriber is told in the place of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap {
    /// The first offset that will never come.
    pub from: Offset,
    /// The last one.
    pub to: Offset,
    /// The oldest offset of the log, as it was read.
    pub first: Offset,
    /// The newest one, as it was read.
    pub head: Offset,
}

/// What a subscriber was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// An event.
    Event(Offset, EntryId),
    /// That some are gone.
    Gap(Gap),
}

/// What a read of the log found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The oldest offset that there was.
    pub first: Offset,
    /// The newest one.
    pub head: Offset,
    /// What stands above the offset that was asked for.
    pub entries: Vec<(Offset, EntryId)>,
}

/// One subscriber of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Subscriber {
    /// Everything up to here has been delivered or told as gone.
    pub position: Offset,
    /// What was told, in that order.
    pub told: Vec<Told>,
    /// The newest offset heard of.
    known: Offset,
    /// Whether a read is under way.
    is_reading: bool,
    /// The rule that it breaks.
    mutation: Option<SubscriberMutation>,
}

impl Subscriber {
    /// One at the beginning, which breaks a rule or none.
    #[must_use]
    pub fn new(mutation: Option<SubscriberMutation>) -> Self {
        Self { mutation, ..Self::default() }
    }

    /// A publication arrives.
    pub fn hear(&mut self, offset: Offset, id: EntryId) -> Reaction {
        self.known = self.known.max(offset);
        let is_leap = offset > self.position && self.is_broken(SubscriberMutation::LeapOverHoles);
        if offset == self.position + 1 || is_leap {
            self.deliver(offset, id);
        }
        self.react()
    }

    /// The log ends at `head`, somebody says.
    pub fn hear_head(&mut self, head: Offset) -> Reaction {
        self.known = self.known.max(head);
        self.react()
    }

    /// What was read above the position.
    pub fn read(&mut self, page: &Page) -> Reaction {
        self.is_reading = false;
        if page.first > self.position + 1 {
            self.pass_over(page);
        }
        for (offset, id) in &page.entries {
            if *offset == self.position + 1 {
                self.deliver(*offset, *id);
            }
        }
        self.react()
    }

    /// The read failed.
    pub fn read_failed(&mut self) {
        self.is_reading = false;
    }

    /// The gaps it was told of, in that order.
    pub fn gaps(&self) -> impl DoubleEndedIterator<Item = &Gap> {
        self.told.iter().filter_map(|told| if let Told::Gap(gap) = told { Some(gap) } else { None })
    }

    /// What retention removed before it was read is told as gone.
    fn pass_over(&mut self, page: &Page) {
        let widened = u64::from(self.is_broken(SubscriberMutation::WideGap) && page.first <= page.head);
        let to = page.first - 1 + widened;
        let gap = Gap { from: self.position + 1, to, first: page.first, head: page.head };
        if !self.is_broken(SubscriberMutation::SilentGap) {
            self.told.push(Told::Gap(gap));
        }
        self.position = to;
    }

    fn deliver(&mut self, offset: Offset, id: EntryId) {
        self.position = offset;
        self.told.push(Told::Event(offset, id));
    }

    fn is_broken(&self, mutation: SubscriberMutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn react(&mut self) -> Reaction {
        if self.known > self.position && !self.is_reading {
            self.is_reading = true;
            return Reaction::Read(self.position);
        }
        Reaction::Settled
    }
}
