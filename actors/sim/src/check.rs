//! The promises, checked as things happen and at the end.
//!
//! | promise | checked |
//! |---|---|
//! | acked is durable | when an owner acknowledges, the entry stands in the log at that offset; at the end with that text |
//! | one order | numbers of messages are dense; every subscriber saw the log's order; an owner publishes each offset once, in order, only what is in the log; messages of a client that waits for each acknowledgement stand in its order |
//! | no duplicates | each text stands once in the log; all acknowledgements of one client ref name one offset |
//! | changes | a change is of a message before it, an edit by its author and once for its client ref; nothing changes a deleted message |
//! | exact resume | at the end every subscriber has everything above what retention removed |
//! | no clock | nodes' wall clocks are off by up to a day, and nothing of the above changes |
//! | liveness | when faults end every message with a client ref is acknowledged |

use crate::client::Client;
use crate::store::Log;
use crate::subscriber::Subscriber;
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

/// What a subscriber saw, when everything is quiet.
///
/// # Errors
/// When it is not the log.
pub fn subscriber(log: &Log, subscriber: &Subscriber) -> Result<(), String> {
    let mut last = 0;
    for (offset, id) in &subscriber.delivered {
        if *offset <= last {
            return Err(format!("a subscriber got {offset} after {last}"));
        }
        if *offset != last + 1 && last + 1 >= log.first {
            return Err(format!("a subscriber missed {}", last + 1));
        }
        if log.entry(*offset).map(|entry| entry.id) != Some(*id) {
            return Err(format!("a subscriber got something else at {offset}"));
        }
        last = *offset;
    }
    if subscriber.position != log.head() {
        return Err(format!("a subscriber stopped at {} of {}", subscriber.position, log.head()));
    }
    Ok(())
}
