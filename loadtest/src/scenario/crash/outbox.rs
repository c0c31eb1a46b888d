//! Messages that were due while their sender had no room for them. They go out late, and their time counts from when they were due: a
//! server that stands still is charged for everything that would have been said meanwhile, not for what was under way alone.

use crate::clock::Nanos;
use std::collections::VecDeque;

/// Messages that wait in one sender. More are not kept, but counted.
pub const ROOM: usize = 64;

/// When the messages were due that wait in one sender; the oldest goes out first.
#[derive(Debug, Default)]
pub struct Outbox {
    due: VecDeque<Nanos>,
}

/// What became of messages that could not be sent when they were due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// They wait for room, or have gone out late.
    pub late: u64,
    /// They were never sent: too many waited already.
    pub skipped: u64,
}

impl Outbox {
    /// A message is due. `has_room`: its sender can take one now.
    pub fn put(&mut self, due: Nanos, has_room: bool, held: &mut Held) {
        if self.due.len() >= ROOM {
            held.skipped += 1;
            return;
        }
        held.late += u64::from(!has_room || !self.due.is_empty());
        self.due.push_back(due);
    }

    /// The message that has waited longest: when it was due.
    pub fn take(&mut self) -> Option<Nanos> {
        self.due.pop_front()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// What still waits is never sent.
    pub fn give_up(&mut self, held: &mut Held) {
        let left = std::mem::take(&mut self.due).len() as u64;
        held.late -= left.min(held.late);
        held.skipped += left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_goes_out_in_order_and_who_finds_no_room_is_counted() {
        let (mut outbox, mut held) = (Outbox::default(), Held::default());
        outbox.put(1, true, &mut held);
        assert_eq!((outbox.take(), held), (Some(1), Held::default()), "in time");
        for due in 0..70 {
            outbox.put(due, false, &mut held);
        }
        assert_eq!(held, Held { late: 64, skipped: 6 });
        assert_eq!((outbox.take(), outbox.take()), (Some(0), Some(1)));
        outbox.put(100, true, &mut held);
        assert_eq!(held, Held { late: 65, skipped: 6 }, "behind others");
        outbox.give_up(&mut held);
        assert_eq!((held, outbox.is_empty()), (Held { late: 2, skipped: 69 }, true));
    }
}
