//! A subscriber that follows the rule of the hubs: the next offset is delivered, an older one dropped, a later one means a
//! gap, and a gap is read from the log.

use plenum_schema::{EntryId, Offset};

/// What a subscriber does with news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Nothing more to do.
    Settled,
    /// Something is missing: read the log above this offset.
    Read(Offset),
}

/// One subscriber of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Subscriber {
    /// Everything up to here has been delivered, or was removed by retention.
    pub position: Offset,
    /// What was delivered, in the order it was delivered.
    pub delivered: Vec<(Offset, EntryId)>,
    /// The newest offset heard of.
    known: Offset,
    /// Whether a read is under way.
    is_reading: bool,
}

impl Subscriber {
    /// A publication arrives.
    pub fn hear(&mut self, offset: Offset, id: EntryId) -> Reaction {
        self.known = self.known.max(offset);
        if offset == self.position + 1 {
            self.deliver(offset, id);
        }
        self.react()
    }

    /// The log ends at `head`, somebody says.
    pub fn hear_head(&mut self, head: Offset) -> Reaction {
        self.known = self.known.max(head);
        self.react()
    }

    /// What was read above the position; `first` is the oldest offset that exists.
    pub fn read(&mut self, first: Offset, entries: Vec<(Offset, EntryId)>) -> Reaction {
        self.is_reading = false;
        self.position = self.position.max(first - 1);
        for (offset, id) in entries {
            if offset == self.position + 1 {
                self.deliver(offset, id);
            }
        }
        self.react()
    }

    /// The read failed.
    pub fn read_failed(&mut self) {
        self.is_reading = false;
    }

    fn deliver(&mut self, offset: Offset, id: EntryId) {
        self.position = offset;
        self.delivered.push((offset, id));
    }

    fn react(&mut self) -> Reaction {
        if self.known > self.position && !self.is_reading {
            self.is_reading = true;
            return Reaction::Read(self.position);
        }
        Reaction::Settled
    }
}
