//! The promises, checked as things happen and at the end.
//!
//! | promise | checked |
//! |---|---|
//! | acked is durable | when an owner acknowledges, the entry stands in the log at that offset; at the end with that text |
//! | one order | numbers of messages are dense; every subscriber saw the log's order; an owner publishes each offset once, in order, only what is in the log; messages of a client that waits for each acknowledgement stand in its order |
//! | no duplicates | each text stands once in the log; all acknowledgements of one client ref name one offset |
//! | changes | a change is of a message before it, an edit by its author and once for its client ref; nothing changes a deleted message |
//! | exact resume | at the end every subscriber was told of each offset once and in order: as an event, or in a gap record; a gap names only what retention had removed when it was told |
//! | no clock | nodes' wall clocks are off by up to a day, and nothing of the above changes |
//! | liveness | when faults end every message with a client ref is acknowledged |

use crate::client::Client;
use crate::store::Log;
use crate::subscriber::{Gap, Subscriber, Told};
use plenum_schema::conversation::{ConversationEvent, Stored};
use plenum_schema::wire::Sent;
use plenum_schema::{EntryId, Offset, UserId, codec};
use std::collections::{HashMap, HashSet};

/// What clients were told.
#[derive(Debug, Default)]
pub struct Acks {
    offsets: HashMap<(usize, usize), Offset>,
}

impl Acks {
    /// An owner acknowledges.
    ///
    /// # Errors
    /// When the acknowledgement says what is not so.
    pub fn check(&mut self, log: &Log, client: usize, message: usize, sent: &Sent) -> Result<(), String> {
        match log.entry(sent.offset) {
            Some(entry) if entry.id == sent.message => {}
            Some(_) => {
                return Err(format!("c{client}-m{message} is acked at {}, where something else stands", sent.offset));
            }
            None => return Err(format!("c{client}-m{message} is acked at {}, where nothing stands", sent.offset)),
        }
        let first = *self.offsets.entry((client, message)).or_insert(sent.offset);
        if first != sent.offset {
            return Err(format!("c{client}-m{message} is acked at {first} and at {}", sent.offset));
        }
        Ok(())
    }

    /// How many messages were acknowledged.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.offsets.len() as u64
    }
}

/// An owner publishes; `next` is what it must publish now.
///
/// # Errors
/// When it publishes out of order, again, or what is not in the log.
pub fn publication(log: &Log, next: Option<Offset>, offset: Offset, id: Option<EntryId>) -> Result<(), String> {
    if next != Some(offset) {
        return Err(format!("an owner publishes {offset} when {next:?} is next"));
    }
    match log.entry(offset) {
        None => Err(format!("an owner publishes {offset}, which is not in the log")),
        Some(entry) if id.is_some_and(|id| id != entry.id) => {
            Err(format!("an owner publishes {offset} with another id"))
        }
        Some(_) => Ok(()),
    }
}

/// The end of a conversation's log, when everything is quiet.
///
/// # Errors
/// The first broken promise.
pub fn log(conversation: usize, log: &Log, clients: &[Client], acks: &Acks) -> Result<(), String> {
    let mut places: HashMap<String, Offset> = HashMap::new();
    let (mut number, mut changes) = (0, Changes::default());
    for (offset, entry) in (1..).zip(&log.entries) {
        let stored: Stored<ConversationEvent> =
            codec::restore(&[1], &entry.payload).map_err(|error| format!("entry {offset} cannot be read: {error}"))?;
        changes.check(offset, &stored.event)?;
        let ConversationEvent::Message(message) = stored.event else { continue };
        number += 1;
        if message.number != number {
            return Err(format!("the message at {offset} has number {}, not {number}", message.number));
        }
        if let Some(first) = places.insert(message.content.text.clone(), offset) {
            return Err(format!("{} stands at {first} and at {offset}", message.content.text));
        }
    }
    for (client, who) in clients.iter().enumerate() {
        order(conversation, client, who, acks, &places)?;
    }
    Ok(())
}

/// What the log says about messages so far.
#[derive(Debug, Default)]
struct Changes {
    authors: HashMap<Offset, UserId>,
    deleted: HashSet<Offset>,
    edits: HashSet<(Offset, String)>,
}

impl Changes {
    /// Changes are of messages that stand before them, edits by their authors and each once; nothing comes after a deletion.
    fn check(&mut self, offset: Offset, event: &ConversationEvent) -> Result<(), String> {
        if let ConversationEvent::Message(message) = event {
            self.authors.insert(offset, message.author);
        }
        let Some(target) = event.target() else { return Ok(()) };
        let Some(author) = self.authors.get(&target) else {
            return Err(format!("{offset} changes {target}, which is no message before it"));
        };
        if self.deleted.contains(&target) {
            return Err(format!("{offset} changes {target}, which was deleted"));
        }
        match event {
            ConversationEvent::MessageEdited(edited) if edited.by != *author => {
                Err(format!("{offset} is an edit of {target} by somebody else"))
            }
            ConversationEvent::MessageEdited(edited) if !self.edits.insert((target, edited.content.text.clone())) => {
                Err(format!("{offset} repeats an edit of {target} with the same client ref"))
            }
            ConversationEvent::MessageDeleted(_) => {
                self.deleted.insert(target);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn order(
    conversation: usize,
    client: usize,
    who: &Client,
    acks: &Acks,
    places: &HashMap<String, Offset>,
) -> Result<(), String> {
    let mut last = 0;
    for (message, wanted) in who.wanted.iter().enumerate().filter(|(_, wanted)| wanted.conversation == conversation) {
        let place = places.get(&wanted.text).copied();
        if let Some(acked) = acks.offsets.get(&(client, message)) {
            if place != Some(*acked) {
                return Err(format!("{} was acked at {acked} and stands at {place:?}", wanted.text));
            }
        } else if wanted.client_ref.is_some() {
            return Err(format!("{} was never acked", wanted.text));
        }
        // What was given up without an acknowledgement may land at any time.
        if let (1, Some(place), true) = (who.window, place, wanted.client_ref.is_some()) {
            if place < last {
                return Err(format!("{} stands at {place}, before what was sent and acked before it", wanted.text));
            }
            last = place;
        }
    }
    Ok(())
}

/// A subscriber is told that events are gone.
///
/// # Errors
/// When one of them stands in the log at that moment, or never stood there.
pub fn gap(log: &Log, gap: &Gap) -> Result<(), String> {
    let Gap { from, to, first, head } = *gap;
    if from > to || to > head || head > log.head() {
        return Err(format!("a subscriber is told of a gap {from} to {to}, when the log reaches to {head}"));
    }
    if to >= first || first > log.first {
        let oldest = log.first;
        return Err(format!(
            "a subscriber is told that {from} to {to} are gone, read at {first}, when {oldest} is the oldest"
        ));
    }
    Ok(())
}

/// What a subscriber was told, when everything is quiet: each offset of the log once and in order, as an event or as a part of a gap
/// (which was judged when it was told).
///
/// # Errors
/// When it is not the log.
pub fn subscriber(log: &Log, subscriber: &Subscriber) -> Result<(), String> {
    let mut last = 0;
    for told in &subscriber.told {
        let (from, to) = match told {
            Told::Event(offset, id) if log.entry(*offset).map(|entry| entry.id) != Some(*id) => {
                return Err(format!("a subscriber got something else at {offset}"));
            }
            Told::Event(offset, _) => (*offset, *offset),
            Told::Gap(gap) => (gap.from, gap.to),
        };
        if from <= last {
            return Err(format!("a subscriber was told of {from} after {last}"));
        }
        if from > last + 1 {
            return Err(format!("a subscriber missed {}", last + 1));
        }
        last = to;
    }
    if last != log.head() || subscriber.position != last {
        return Err(format!("a subscriber stopped at {last} ({}) of {}", subscriber.position, log.head()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscriber::Page;
    use plenum_actors::store::Entry;
    use uuid::Uuid;

    fn id(offset: Offset) -> EntryId {
        EntryId(Uuid::from_u128(u128::from(offset)))
    }

    fn log(head: Offset, first: Offset) -> Log {
        let entries = (1..=head).map(|offset| Entry { id: id(offset), payload: bytes::Bytes::new() });
        let mut log = Log::new(entries.collect(), true);
        log.trim(first - 1);
        log
    }

    fn reader(told: &[Told]) -> Subscriber {
        let position = told.iter().map(|told| match told {
            Told::Event(offset, _) => *offset,
            Told::Gap(gap) => gap.to,
        });
        let mut subscriber = Subscriber::default();
        subscriber.position = position.max().unwrap_or(0);
        subscriber.told.extend_from_slice(told);
        subscriber
    }

    fn event(offset: Offset) -> Told {
        Told::Event(offset, id(offset))
    }

    #[test]
    fn what_was_lost_is_not_excused_by_retention_that_removes_it_later() {
        let told = [event(1), event(3), event(4)];
        assert_eq!(subscriber(&log(4, 1), &reader(&told)), Err("a subscriber missed 2".into()));
        assert_eq!(subscriber(&log(4, 4), &reader(&told)), Err("a subscriber missed 2".into()));
    }

    #[test]
    fn events_and_gaps_together_are_the_log_each_offset_once() {
        let gap = Told::Gap(Gap { from: 2, to: 3, first: 4, head: 4 });
        assert_eq!(subscriber(&log(4, 4), &reader(&[event(1), gap, event(4)])), Ok(()));
        for wrong in [
            vec![event(1), event(2), gap, event(4)],
            vec![event(1), gap, event(3), event(4)],
            vec![gap, event(4)],
            vec![event(1), gap],
        ] {
            assert!(subscriber(&log(4, 4), &reader(&wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_gap_names_only_what_was_gone_when_it_was_told() {
        let told = Gap { from: 1, to: 3, first: 4, head: 5 };
        assert_eq!(gap(&log(5, 4), &told), Ok(()));
        assert!(gap(&log(5, 3), &told).is_err(), "3 is still there");
        assert!(gap(&log(5, 5), &Gap { to: 4, ..told }).is_err(), "4 was there when it was read");
        assert!(gap(&log(4, 4), &told).is_err(), "the log never reached so far");
        assert!(gap(&log(5, 4), &Gap { from: 4, ..told }).is_err(), "of nothing");
    }

    #[test]
    fn a_subscriber_tells_what_a_read_did_not_find_any_more() {
        let mut subscriber = Subscriber::default();
        subscriber.hear(1, id(1));
        subscriber.hear(5, id(5));
        subscriber.read(&Page { first: 4, head: 5, entries: vec![(4, id(4)), (5, id(5))] });
        let gap = Told::Gap(Gap { from: 2, to: 3, first: 4, head: 5 });
        assert_eq!(subscriber.told, [event(1), gap, event(4), event(5)]);
    }
}
