//! A conversation: two people or a group, and what they wrote, in one order.

mod change;
mod command;
mod decide;
mod room;
mod summary;
mod touched;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use command::{Access, Answer, Change, Command, ConversationLimits, Member, RoomView, Target};

use crate::aggregate::{Aggregate, Decision};
use crate::clock::WallMillis;
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Created, Digest, Role};
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_schema::wire::{self, Changed, Sent};
use plenum_schema::{ConversationId, EntryId, Refusal, Topic, UserId, codec};
use room::Room;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use summary::Summary;
use touched::Touched;
use uuid::Uuid;

/// The state of a conversation after `head`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversation {
    id: ConversationId,
    head: Offset,
    members: BTreeMap<UserId, Seat>,
    digest: Digest,
    touched: Touched,
    room: Option<Room>,
    /// Who of a direct conversation blocks the other: two people at most.
    blocked_by: BTreeSet<UserId>,
}

/// A member's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seat {
    role: Role,
    /// The `number` of their last message; 0 before the first.
    last_number: u64,
}

/// The saved form of a [`Conversation`]. Stored: only add optional members, or raise the snapshot format.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Saved {
    head: Offset,
    members: Vec<SavedMember>,
    digest: Digest,
    #[serde(default, skip_serializing_if = "Touched::is_empty")]
    touched: Touched,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<Room>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    blocked_by: BTreeSet<UserId>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedMember {
    user: UserId,
    role: Role,
    last_number: u64,
}

/// The format byte in front of a stored digest.
pub const DIGEST_FORMAT: u8 = 1;

impl Conversation {
    /// The topic it is published to.
    #[must_use]
    pub fn topic(&self) -> Topic {
        Topic::Conversation(self.id)
    }

    /// Direct or group; `None` before it is created.
    #[must_use]
    pub fn kind(&self) -> Option<ConversationKind> {
        self.digest.kind
    }

    /// How many messages it has.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.digest.messages
    }

    fn create(&mut self, created: &Created) {
        self.digest.kind = Some(created.kind);
        self.digest.title.clone_from(&created.title);
        self.room = created.room.clone().map(|info| Room::new(info, self.head));
        for user in &created.members {
            let owns = created.kind != ConversationKind::Direct && *user == created.by;
            self.seat(*user, if owns { Role::Owner } else { Role::Member });
        }
    }

    fn seat(&mut self, user: UserId, role: Role) {
        let seat = self.members.entry(user).or_insert(Seat { role, last_number: 0 });
        seat.role = role;
        self.digest.joined(user, self.members.len());
    }

    fn unseat(&mut self, user: UserId) {
        self.members.remove(&user);
        self.digest.left(user, &self.members);
    }
}

/// Reads a stored digest.
///
/// # Errors
/// When the bytes are damaged or of an unknown format.
pub fn read_digest(bytes: &[u8]) -> Result<Digest, codec::DecodeError> {
    if bytes.is_empty() {
        return Ok(Digest::default());
    }
    codec::restore(&[DIGEST_FORMAT], bytes)
}

impl Aggregate for Conversation {
    type Command = Command;
    type Event = ConversationEvent;
    type Answer = Answer;
    type Saved = Saved;
    type Rules = ConversationLimits;

    const KIND: AggregateKind = AggregateKind::Conversation;
    const EVENT_FORMAT: u8 = 1;
    const SNAPSHOT_FORMAT: u8 = 1;

    fn empty(id: Uuid) -> Self {
        Self {
            id: ConversationId(id),
            head: 0,
            members: BTreeMap::new(),
            digest: Digest::default(),
            touched: Touched::default(),
            room: None,
            blocked_by: BTreeSet::new(),
        }
    }

    fn decide(
        &self,
        rules: &ConversationLimits,
        command: &Command,
        entry: EntryId,
        _now: WallMillis,
    ) -> Decision<Self> {
        match decide::decide(self, rules, command, entry) {
            Ok((events, answer)) => Decision::Accept { events, answer },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    fn is_query(command: &Command) -> bool {
        matches!(command, Command::Access { .. } | Command::Digest | Command::Members { .. } | Command::Room { .. })
    }

    fn known(command: &Command) -> Offset {
        if let Command::Access { known, .. } = command { *known } else { 0 }
    }

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn weight(command: &Command) -> usize {
        command.weight()
    }

    fn entry_id(&self, command: &Command) -> Option<EntryId> {
        match command {
            Command::Send { author, client_ref: Some(client_ref), .. } => {
                let log = LogId { kind: Self::KIND, id: self.id.0 };
                Some(EntryId::of_client_ref(log, *author, client_ref))
            }
            Command::Change { by, client_ref: Some(client_ref), change: Change::Edit { .. }, target } => {
                let log = LogId { kind: Self::KIND, id: self.id.0 };
                Some(EntryId::of_edit(log, *by, target.offset, client_ref))
            }
            _ => None,
        }
    }

    fn apply(&mut self, offset: Offset, id: EntryId, at: WallMillis, event: &ConversationEvent) {
        self.head = offset;
        if event.target().is_some() {
            self.digest.changed = offset;
        }
        match event {
            ConversationEvent::Created(created) => self.create(created),
            ConversationEvent::Message(message) => {
                if let Some(seat) = self.members.get_mut(&message.author) {
                    seat.last_number = message.number;
                }
                self.digest.wrote(offset, id, at, message);
            }
            ConversationEvent::MemberAdded(added) => self.seat(added.user, added.role),
            ConversationEvent::MemberRemoved(removed) => self.unseat(removed.user),
            ConversationEvent::TitleChanged(changed) => self.digest.title = Some(changed.title.clone()),
            ConversationEvent::BlockChanged(changed) if changed.blocked => {
                self.blocked_by.insert(changed.by);
            }
            ConversationEvent::BlockChanged(changed) => {
                self.blocked_by.remove(&changed.by);
            }
            ConversationEvent::RoomChanged(changed) => {
                self.digest.title = Some(changed.title.clone());
                if let Some(room) = &mut self.room {
                    room.change(&changed.room, offset);
                }
            }
            ConversationEvent::RoomClosed(_) => {
                if let Some(room) = &mut self.room {
                    room.close(offset);
                }
            }
            ConversationEvent::MessageEdited(edited) => {
                self.touched.content(edited.target, offset);
                self.digest.edited(edited.target, &edited.content.text);
            }
            ConversationEvent::MessageDeleted(deleted) => {
                self.touched.content(deleted.target, offset);
                self.digest.deleted(deleted.target);
            }
            ConversationEvent::ReactionAdded(added) => {
                self.touched.reaction(added.target, &added.emoji, true, offset);
            }
            ConversationEvent::ReactionRemoved(removed) => {
                self.touched.reaction(removed.target, &removed.emoji, false, offset);
            }
        }
    }

    fn settle(answer: Answer, offset: Offset, id: EntryId) -> Answer {
        match answer {
            Answer::Sent(sent) => Answer::Sent(Sent { offset, message: id, ..sent }),
            Answer::Changed { .. } => Answer::Changed { offset },
            Answer::MessageChanged { changed, before } => {
                Answer::MessageChanged { changed: Changed { offset, ..changed }, before }
            }
            other => other,
        }
    }

    fn repeat(
        &self,
        _: &ConversationLimits,
        command: &Command,
        offset: Offset,
        id: EntryId,
    ) -> Result<Answer, Refusal> {
        match command {
            Command::Send { author, .. } => {
                decide::seat_of(self, *author)?;
                Ok(Answer::Sent(Sent { topic: self.topic(), offset, message: id, duplicate: true }))
            }
            Command::Change { by, target, .. } => {
                decide::seat_of(self, *by)?;
                let changed = Changed { topic: self.topic(), target: target.offset, offset, duplicate: true };
                Ok(Answer::MessageChanged { changed, before: self.digest.changed })
            }
            Command::Create { .. } | Command::CreateRoom { .. } => {
                Ok(Answer::Created { existing: true, members: self.digest.members.clone() })
            }
            _ => Ok(Answer::Changed { offset }),
        }
    }

    fn publish(event: &ConversationEvent) -> Option<wire::Event> {
        Some(wire::Event::Conversation(event.clone()))
    }

    /// What takes content out of earlier messages: who reads the log looks at the digest to learn of it.
    fn needs_digest(event: &ConversationEvent) -> bool {
        event.target().is_some()
    }

    fn digest(&self) -> Vec<u8> {
        // Our own types always encode; an empty digest would only cost a list its preview.
        codec::store(DIGEST_FORMAT, &self.digest).map(Vec::from).unwrap_or_default()
    }

    fn save(&self) -> Saved {
        let member = |(user, seat): (&UserId, &Seat)| SavedMember {
            user: *user,
            role: seat.role,
            last_number: seat.last_number,
        };
        Saved {
            head: self.head,
            members: self.members.iter().map(member).collect(),
            digest: self.digest.clone(),
            touched: self.touched.clone(),
            room: self.room.clone(),
            blocked_by: self.blocked_by.clone(),
        }
    }

    fn restore(id: Uuid, saved: Saved) -> Self {
        let seat = |member: SavedMember| (member.user, Seat { role: member.role, last_number: member.last_number });
        Self {
            id: ConversationId(id),
            head: saved.head,
            members: saved.members.into_iter().map(seat).collect(),
            digest: saved.digest,
            touched: saved.touched,
            room: saved.room,
            blocked_by: saved.blocked_by,
        }
    }
}
