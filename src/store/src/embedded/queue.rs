//! Writes that wait for the next batch: bounded in number and bytes, handed over all at once.

use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::time::Duration;

/// A queue with one reader.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    max_items: usize,
    max_bytes: usize,
}

struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
    /// The reader sleeps, so a push has to wake it. Saves a system call for each push while it works.
    asleep: bool,
}

/// Why a push was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    Full,
    Closed,
}

/// What the reader gets.
pub(crate) enum Taken<T> {
    Batch(Vec<T>),
    /// Nothing came in the time given.
    Idle,
    /// Closed and empty.
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new(max_items: usize, max_bytes: usize) -> Self {
        let state = State { items: VecDeque::new(), bytes: 0, closed: false, asleep: false };
        Self { state: Mutex::new(state), filled: Condvar::new(), max_items, max_bytes }
    }

    /// Adds an item of this size. An item larger than the whole queue is taken when it is empty.
    ///
    /// # Errors
    /// Gives the item back with the reason.
    pub(crate) fn push(&self, item: T, bytes: usize) -> Result<(), (T, Refused)> {
        let mut state = self.state.lock();
        if state.closed {
            return Err((item, Refused::Closed));
        }
        let fits = state.items.len() < self.max_items && state.bytes.saturating_add(bytes) <= self.max_bytes;
        if !fits && !state.items.is_empty() {
            return Err((item, Refused::Full));
        }
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        let wake = std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Everything that waits, up to these limits; waits for the first item.
    pub(crate) fn take(&self, max_items: usize, max_bytes: usize, patience: Duration) -> Taken<T> {
        let mut state = self.state.lock();
        if state.items.is_empty() && !state.closed {
            state.asleep = true;
            self.filled.wait_for(&mut state, patience);
            state.asleep = false;
        }
        if state.items.is_empty() {
            return if state.closed { Taken::Closed } else { Taken::Idle };
        }
        Taken::Batch(state.drain(max_items, max_bytes))
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().items.len()
    }

    /// Refuses further items; what waits is still handed over.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_all();
    }

    /// Drops what waits.
    pub(crate) fn clear(&self) {
        let mut state = self.state.lock();
        state.bytes = 0;
        let items = std::mem::take(&mut state.items);
        drop(state);
        drop(items);
    }
}

impl<T> State<T> {
    fn drain(&mut self, max_items: usize, max_bytes: usize) -> Vec<T> {
        let (mut count, mut bytes) = (0, 0_usize);
        for (_, size) in self.items.iter().take(max_items) {
            if count > 0 && bytes.saturating_add(*size) > max_bytes {
                break;
            }
            count += 1;
            bytes = bytes.saturating_add(*size);
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        let taken = self.items.drain(..count).map(|(item, _)| item).collect();
        // After a burst the room it took is given back.
        if self.items.is_empty() && self.items.capacity() > 4_096 {
            self.items = VecDeque::new();
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(queue: &Queue<u32>, items: usize, bytes: usize) -> Vec<u32> {
        match queue.take(items, bytes, Duration::ZERO) {
            Taken::Batch(batch) => batch,
            Taken::Idle | Taken::Closed => Vec::new(),
        }
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_takes_again_after_a_batch() {
        let queue = Queue::new(2, 100);
        assert_eq!(queue.push(1, 1), Ok(()));
        assert_eq!(queue.push(2, 1), Ok(()));
        assert_eq!(queue.push(3, 1), Err((3, Refused::Full)));
        assert_eq!(batch(&queue, 10, 100), [1, 2]);
        assert_eq!(queue.push(4, 99), Ok(()));
        assert_eq!(queue.push(5, 2), Err((5, Refused::Full)));
    }

    #[test]
    fn batches_keep_the_order_and_their_limits() {
        let queue = Queue::new(10, 1_000);
        for item in 1..=6 {
            queue.push(item, 10).unwrap();
        }
        assert_eq!(batch(&queue, 2, 1_000), [1, 2]);
        assert_eq!(batch(&queue, 10, 25), [3, 4]);
        assert_eq!(batch(&queue, 10, 1), [5], "one item always fits");
    }

    #[test]
    fn a_closed_queue_hands_over_what_waits_and_then_ends() {
        let queue = Queue::new(10, 1_000);
        queue.push(1, 1).unwrap();
        queue.close();
        assert_eq!(queue.push(2, 1), Err((2, Refused::Closed)));
        assert_eq!(batch(&queue, 10, 1_000), [1]);
        assert!(matches!(queue.take(1, 1, Duration::from_secs(60)), Taken::Closed));
    }
}
