//! What happened to the messages that waited longest for their acknowledgement.

use crate::clock::{Nanos, seconds};
use std::collections::HashMap;
use std::fmt::{self, Write as _};

/// Stories that are told.
const SLOWEST: usize = 3;
/// Steps of one that are kept.
const STEPS: usize = 40;
/// What took less is not worth telling.
const WORTH: Nanos = 5_000_000_000;

/// Something that happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It went out.
    Sent,
    /// It was refused, by this code.
    Refused(&'static str),
    /// Its sender's connection ended, by this code.
    Ended(Option<u16>),
    /// Its sender is in service again.
    Back,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::Refused(code) => write!(f, "refused ({code})"),
            Self::Ended(None) => f.write_str("connection lost"),
            Self::Ended(Some(code)) => write!(f, "connection closed ({code})"),
            Self::Back => f.write_str("in service"),
        }
    }
}

/// The steps of messages without an acknowledgement, and of those that got theirs last.
#[derive(Default)]
pub struct Stories {
    open: HashMap<u64, Vec<(Nanos, Step)>>,
    slowest: Vec<(Nanos, String)>,
}

impl Stories {
    /// Something happened to a message.
    pub fn note(&mut self, marker: u64, at: Nanos, step: Step) {
        let steps = self.open.entry(marker).or_default();
        if steps.len() < STEPS {
            steps.push((at, step));
        }
    }

    /// It was acknowledged.
    pub fn end(&mut self, marker: u64, at: Nanos) {
        let Some(steps) = self.open.remove(&marker) else { return };
        let since = steps.first().map_or(at, |(first, _)| *first);
        let waited = at.saturating_sub(since);
        if waited < WORTH {
            return;
        }
        self.slowest.push((waited, tell(marker, since, &steps, waited)));
        self.slowest.sort_unstable_by_key(|(waited, _)| std::cmp::Reverse(*waited));
        self.slowest.truncate(SLOWEST);
    }

    /// The longest first.
    pub fn slowest(&self) -> impl Iterator<Item = &str> {
        self.slowest.iter().map(|(_, story)| story.as_str())
    }
}

fn tell(marker: u64, since: Nanos, steps: &[(Nanos, Step)], waited: Nanos) -> String {
    let mut story = format!("message {marker:x} waited {:.1} s:", seconds(waited));
    for (at, step) in steps {
        // Writing to a string cannot fail.
        let _ = write!(story, " {:.1} {step},", seconds(at.saturating_sub(since)));
    }
    story.push_str(" acknowledged");
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn only_the_longest_waits_are_told() {
        let mut stories = Stories::default();
        for marker in 1..=8 {
            stories.note(marker, SECOND, Step::Sent);
            stories.note(marker, 2 * SECOND, Step::Refused("busy"));
            stories.end(marker, marker * 2 * SECOND);
        }
        assert_eq!(stories.slowest().count(), SLOWEST);
        let told = "message 8 waited 15.0 s: 0.0 sent, 1.0 refused (busy), acknowledged";
        assert_eq!(stories.slowest().next(), Some(told));
        assert!(stories.open.is_empty());
    }
}
