//! Changes of messages: clients edit, delete and react to what they and others wrote, on facts that may be outdated, as a service
//! that read them a moment before would have them.

use super::events::Event;
use super::{World, trace};
use crate::node::Asker;
use crate::store::Log;
use plenum_actors::aggregates::conversation::{Change, Command, Target};
use plenum_schema::conversation::{ConversationEvent, Stored};
use plenum_schema::wire::Changed;
use plenum_schema::{Content, Offset, UserId, codec};

/// A change on its way to a node.
#[derive(Debug)]
pub(super) struct Wish {
    pub conversation: usize,
    pub by: UserId,
    pub change: Change,
    pub target: Target,
    /// With a client ref an edit arrives twice now and then.
    pub client_ref: Option<String>,
}

/// What is known of a message by the events up to some offset.
#[derive(Debug, Default)]
struct Known {
    author: Option<UserId>,
    text: String,
    deleted: bool,
    revision: Offset,
    reactions: Vec<(String, UserId)>,
}

pub(super) fn event(log: &Log, offset: Offset) -> Option<ConversationEvent> {
    let entry = log.entry(offset)?;
    codec::restore::<Stored<ConversationEvent>>(&[1], &entry.payload).ok().map(|stored| stored.event)
}

/// What the log says about a message up to `as_of`.
fn known(log: &Log, target: Offset, as_of: Offset) -> Known {
    let mut known = Known::default();
    for offset in target..=as_of {
        match event(log, offset) {
            Some(ConversationEvent::Message(message)) if offset == target => {
                (known.author, known.text) = (Some(message.author), message.content.text);
                continue;
            }
            Some(event) if event.target() == Some(target) => match event {
                ConversationEvent::MessageEdited(edited) => known.text = edited.content.text,
                ConversationEvent::MessageDeleted(_) => known.deleted = true,
                ConversationEvent::ReactionAdded(added) => known.reactions.push((added.emoji, added.by)),
                ConversationEvent::ReactionRemoved(gone) => {
                    known.reactions.retain(|(emoji, by)| (emoji, by) != (&gone.emoji, &gone.by));
                }
                _ => {}
            },
            _ => continue,
        }
        known.revision = offset;
    }
    known
}

impl World {
    /// Perhaps somebody changes a message that has just been acknowledged, or an older one.
    pub(super) fn perhaps_change(&mut self, conversation: usize, offset: Offset) {
        if !self.options.changes || !self.rng.chance(600) {
            return;
        }
        let target = self.rng.between(offset.saturating_sub(3).max(1), offset);
        let by = crate::client::user(self.rng.index(self.clients.len()));
        let Some(log) = self.logs.get(conversation) else { return };
        // The facts may be older than the newest entry.
        let as_of = log.head().saturating_sub(self.rng.pick(&[0, 0, 1, 3])).max(target);
        let known = known(log, target, as_of);
        let (Some(author), Some(id)) = (known.author, log.entry(target).map(|entry| entry.id)) else { return };
        let emoji = format!("e{}", self.rng.between(0, 3));
        let (mine, has_kind) = (
            known.reactions.contains(&(emoji.clone(), by)),
            known.reactions.iter().any(|(present, _)| *present == emoji),
        );
        let (change, is_so) = match self.rng.between(0, 5) {
            0 => (Change::Delete, known.deleted),
            1 | 2 => (Change::Edit { content: Content::text(format!("edited at {as_of}")) }, false),
            3 => (Change::Unreact { emoji }, !mine),
            _ => (Change::React { emoji }, mine),
        };
        let by = if matches!(change, Change::Edit { .. }) { author } else { by };
        let mut kinds: Vec<&String> = known.reactions.iter().map(|(emoji, _)| emoji).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let facts = Target {
            offset: target,
            id,
            author,
            at: 0,
            kind: plenum_schema::ContentKind::Text,
            as_of,
            revision: known.revision,
            is_deleted: known.deleted,
            is_so,
            kinds: kinds.len(),
            has_kind,
            reactions: known.reactions.len(),
        };
        let copies = if self.rng.chance(300) { 2 } else { 1 };
        let client_ref = Some(format!("x{target}-{as_of}"));
        for _ in 0..copies {
            let wish = Wish { conversation, by, change: change.clone(), target: facts, client_ref: client_ref.clone() };
            let (node, at) = (self.rng.index(self.nodes.len()), self.now + self.network_delay());
            self.queue.push(at, Event::Change { node, wish });
        }
    }

    /// A change reaches a node. Nobody retries it: whether it is carried out is left to chance, that it is right is checked.
    pub(super) fn change(&mut self, node: usize, wish: Wish) {
        if self.is_down(node) {
            return;
        }
        trace!(self, "node {node} is asked to change {} as of {}", wish.target.offset, wish.target.as_of);
        let Wish { conversation, by, change, target, client_ref } = wish;
        let client_ref = client_ref.filter(|_| matches!(change, Change::Edit { .. }));
        let command = Command::Change { by, client_ref, change, target };
        self.tell(node, conversation, Asker::Change { conversation }, command);
    }

    /// An acknowledged change stands in the log.
    pub(super) fn changed(&mut self, conversation: usize, changed: &Changed) {
        let Some(log) = self.logs.get(conversation) else { return };
        let stands = event(log, changed.offset).and_then(|event| event.target()) == Some(changed.target);
        if !stands && !changed.duplicate {
            let what = format!("a change of {} is acked at {}, where it is not", changed.target, changed.offset);
            self.expect(Err(what));
        }
    }
}
