//! The messages that were changed last, so that a decision made on older facts about a message is noticed.
//!
//! Whoever asks for a change of an old message brings what the log says about it, and as of which offset. The state keeps
//! nothing for each message: only which few were touched last, and up to where touches are forgotten. A fact is current when it
//! is as new as the last touch of its message, known or forgotten.

use plenum_schema::Offset;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many messages are remembered.
const KEPT: usize = 32;
/// How many reactions of each.
const KEPT_KINDS: usize = 32;

/// The messages that were changed last.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Touched {
    /// Touches up to here may have been forgotten.
    forgotten: Offset,
    /// Latest last.
    messages: VecDeque<Touch>,
}

/// What happened to a message lately.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Touch {
    target: Offset,
    /// Its newest change.
    last: Offset,
    /// Its newest edit or deletion; 0 when not lately.
    content: Offset,
    /// Reactions lately added or taken back: the newest of each.
    kinds: Vec<Kind>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kind {
    emoji: String,
    at: Offset,
    added: bool,
}

/// What is known about a reaction of a message that the facts of the command may not contain yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lately {
    /// Somebody has added it: it is one of the message's kinds.
    Added,
    /// The facts hold.
    Nothing,
    /// Other kinds have come or gone since: the facts must be read again.
    Stale,
}

impl Touched {
    pub(super) fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Whether the text and the existence of a message are as they were at `as_of`.
    pub(super) fn has_content_of(&self, target: Offset, as_of: Offset) -> bool {
        let last = self.find(target).map_or(0, |touch| touch.content);
        as_of >= last && as_of >= self.forgotten
    }

    /// What happened to a reaction of a message after `as_of`.
    pub(super) fn lately(&self, target: Offset, emoji: &str, as_of: Offset) -> Lately {
        let Some(touch) = self.find(target) else { return Lately::Nothing };
        if touch.kinds.iter().any(|kind| kind.added && kind.emoji == emoji) {
            return Lately::Added;
        }
        if touch.kinds.iter().any(|kind| kind.at > as_of) { Lately::Stale } else { Lately::Nothing }
    }

    pub(super) fn content(&mut self, target: Offset, at: Offset) {
        self.touch(target, at, |touch| touch.content = at);
    }

    pub(super) fn reaction(&mut self, target: Offset, emoji: &str, added: bool, at: Offset) {
        self.touch(target, at, |touch| {
            touch.kinds.retain(|kind| kind.emoji != emoji);
            if touch.kinds.len() >= KEPT_KINDS {
                // The oldest goes, and a limit of kinds may be passed by what is decided on facts from before it.
                touch.kinds.remove(0);
            }
            touch.kinds.push(Kind { emoji: emoji.to_owned(), at, added });
        });
    }

    fn find(&self, target: Offset) -> Option<&Touch> {
        self.messages.iter().find(|touch| touch.target == target)
    }

    /// Changes the entry of a message, which becomes the latest one.
    fn touch(&mut self, target: Offset, at: Offset, change: impl FnOnce(&mut Touch)) {
        let known = self.messages.iter().position(|touch| touch.target == target);
        let known = known.and_then(|known| self.messages.remove(known));
        let mut touch = known.unwrap_or(Touch { target, last: at, content: 0, kinds: Vec::new() });
        touch.last = at;
        change(&mut touch);
        if self.messages.len() >= KEPT
            && let Some(oldest) = self.messages.pop_front()
        {
            self.forgotten = self.forgotten.max(oldest.last);
        }
        self.messages.push_back(touch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_current_until_the_content_is_touched() {
        let mut touched = Touched::default();
        assert!(touched.has_content_of(5, 0));
        touched.reaction(5, "👍", true, 10);
        assert!(touched.has_content_of(5, 0));
        touched.content(5, 11);
        assert!(!touched.has_content_of(5, 10) && touched.has_content_of(5, 11) && touched.has_content_of(6, 0));
    }

    #[test]
    fn forgotten_touches_ask_for_facts_that_are_newer() {
        let mut touched = Touched::default();
        for target in 1..=KEPT as u64 + 2 {
            touched.content(target, 100 + target);
        }
        assert_eq!(touched.messages.len(), KEPT);
        assert!(!touched.has_content_of(1, 101) && touched.has_content_of(1, 102));
        assert!(!touched.has_content_of(99, 101) && touched.has_content_of(99, 102));
    }

    #[test]
    fn a_reaction_that_came_lately_is_known_and_another_makes_facts_stale() {
        let mut touched = Touched::default();
        touched.reaction(5, "👍", true, 10);
        assert_eq!(touched.lately(5, "👍", 3), Lately::Added);
        assert_eq!(touched.lately(5, "🎉", 3), Lately::Stale);
        assert_eq!(touched.lately(5, "🎉", 10), Lately::Nothing);
        touched.reaction(5, "👍", false, 12);
        assert_eq!(touched.lately(5, "👍", 10), Lately::Stale);
        assert_eq!(touched.lately(5, "👍", 12), Lately::Nothing);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut touched = Touched::default();
        for at in 1..1_000_u64 {
            touched.reaction(at % 70, &format!("e{}", at % 61), true, 1_000 + at);
        }
        assert!(touched.messages.len() <= KEPT);
        assert!(touched.messages.iter().all(|touch| touch.kinds.len() <= KEPT_KINDS));
    }
}
