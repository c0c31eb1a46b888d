//! What clients hear.

mod updated;

use super::answers::{Done, Failed};
use super::{conference, market, status_board};
use crate::socketio::{packet, positions};
use bytes::{Bytes, BytesMut};
use plenum_actors::aggregates::conference::ConferenceView;
use plenum_actors::connection::Me;
use plenum_actors::publication::{Parser, Vocabulary};
use plenum_schema::conversation::{ConversationEvent, Created, Message, Original};
use plenum_schema::moment::rfc3339_option;
use plenum_schema::view::MessageView;
use plenum_schema::wire::{
    CloseCode, ConversationChange, ConversationUpdated, Event, EventFrame, Gap, Goodbye, MarksSignal, PresenceSignal,
    RoomStats, ServerFrame, Signal, TypingSignal,
};
use plenum_schema::{ContentKind, ConversationId, MessageId, Offset, Topic, UserId};
use serde::Serialize;
use updated::{Conversation, Updated, changed, changed_to, unread_in, word_for};

/// Events of one frame, written one behind the other.
pub(super) struct Events {
    parser: Parser,
    vocabulary: Vocabulary,
    trail: Option<String>,
    out: Bytes,
}

impl Events {
    fn new(parser: Parser, vocabulary: Vocabulary) -> Self {
        Self { parser, vocabulary, trail: None, out: Bytes::new() }
    }

    pub(super) fn say<T: Serialize>(&mut self, name: &str, argument: &T) {
        let frame = packet::event(self.parser, name, argument, self.trail.as_deref());
        if self.out.is_empty() {
            self.out = frame;
            return;
        }
        let mut joined = BytesMut::with_capacity(self.out.len() + frame.len());
        joined.extend_from_slice(&self.out);
        joined.extend_from_slice(&frame);
        self.out = joined.freeze();
    }

    fn hyphen<T: Serialize>(&mut self, name: &str, argument: &T) {
        if self.vocabulary != Vocabulary::Underscore {
            self.say(name, argument);
        }
    }

    fn message_updated(&mut self, message: ChangedMessage<'_>, change: &'static str) {
        let updated = MessageUpdated { message, change };
        self.hyphen("message-updated", &updated);
        self.underscore("message_updated", &updated);
    }

    pub(super) fn underscore<T: Serialize>(&mut self, name: &str, argument: &T) {
        if self.vocabulary != Vocabulary::Hyphen {
            self.say(name, argument);
        }
    }
}

/// The events that a frame is in a vocabulary, framed; empty when it has no words for it.
pub fn encode(parser: Parser, vocabulary: Vocabulary, frame: &ServerFrame) -> Bytes {
    let mut events = Events::new(parser, vocabulary);
    match frame {
        ServerFrame::Event(event) => on_event(&mut events, event),
        ServerFrame::Signal(signal) => on_signal(&mut events, signal.topic, &signal.signal),
        ServerFrame::Gap(gap) => on_gap(&mut events, gap),
        ServerFrame::Goodbye(goodbye) => on_goodbye(&mut events, goodbye),
        // Engine.IO has its own heart-beats; answers go to callbacks.
        ServerFrame::Hello(_)
        | ServerFrame::Ack(_)
        | ServerFrame::Refusal(_)
        | ServerFrame::CaughtUp(_)
        | ServerFrame::Heartbeat(_) => {}
    }
    events.out
}

fn on_event(events: &mut Events, frame: &EventFrame) {
    events.trail = Some(positions::trail(frame.topic, frame.offset, events.vocabulary));
    match &frame.event {
        Event::Conversation(event) => {
            if let Topic::Conversation(id) = frame.topic {
                in_a_conversation(events, id, frame, event);
            }
        }
        Event::Conference(event) => {
            if let Topic::Conference(id) = frame.topic {
                conference::on_event(events, id, frame.at, event);
            }
        }
    }
}

fn in_a_conversation(events: &mut Events, id: ConversationId, frame: &EventFrame, event: &ConversationEvent) {
    match event {
        ConversationEvent::Created(created) => on_created(events, id, created),
        ConversationEvent::Message(message) => on_message(events, (id, frame.offset, frame.at), message),
        ConversationEvent::MemberAdded(added) => {
            let member = Member { room_id: id, user_id: added.user };
            events.hyphen("conversation-updated", &changed_to(id, "members", added.now.as_deref()));
            // A change of role is no coming.
            if !added.known {
                events.underscore("user_joined", &member);
            }
        }
        ConversationEvent::MemberRemoved(removed) => {
            let member = Member { room_id: id, user_id: removed.user };
            events.hyphen("conversation-updated", &changed_to(id, "members", removed.now.as_deref()));
            events.underscore("user_left", &member);
        }
        ConversationEvent::TitleChanged(change) => {
            let mut updated = changed_to(id, "title", change.now.as_deref());
            updated.conversation.title = Some(&change.title);
            events.hyphen("conversation-updated", &updated);
        }
        ConversationEvent::RoomChanged(change) => {
            let mut updated = changed_to(id, "room", change.now.as_deref());
            updated.conversation.title = Some(&change.title);
            events.hyphen("conversation-updated", &updated);
        }
        ConversationEvent::RoomClosed(_) => events.hyphen("conversation-updated", &changed(id, "closed")),
        ConversationEvent::BlockChanged(change) => {
            let change = if change.blocked { "blocked" } else { "unblocked" };
            events.hyphen("conversation-updated", &changed(id, change));
        }
        ConversationEvent::MessageEdited(edited) => {
            let message = ChangedMessage {
                content: Some(&edited.content.text),
                edited_at: Some(frame.at),
                ..ChangedMessage::at(id, (edited.target, edited.message), (edited.by, edited.original))
            };
            events.message_updated(message, "edited");
        }
        ConversationEvent::MessageDeleted(deleted) => {
            let message = ChangedMessage {
                is_deleted: Some(true),
                ..ChangedMessage::at(id, (deleted.target, deleted.message), (deleted.by, deleted.original))
            };
            events.message_updated(message, "deleted");
        }
        ConversationEvent::ReactionAdded(added) => {
            let reaction = Some(Reaction { emoji: &added.emoji, added: true });
            let message = ChangedMessage {
                reaction,
                ..ChangedMessage::at(id, (added.target, added.message), (added.by, added.original))
            };
            events.message_updated(message, "reaction");
        }
        ConversationEvent::ReactionRemoved(removed) => {
            let reaction = Some(Reaction { emoji: &removed.emoji, added: false });
            let message = ChangedMessage {
                reaction,
                ..ChangedMessage::at(id, (removed.target, removed.message), (removed.by, removed.original))
            };
            events.message_updated(message, "reaction");
        }
    }
}

fn on_message(events: &mut Events, (id, offset, at): (ConversationId, Offset, i64), message: &Message) {
    let view = MessageView::new(id, offset, at, message);
    events.hyphen("new-message", &view);
    if events.vocabulary != Vocabulary::Hyphen {
        let name = if message.direct { "new_direct_message" } else { "new_message" };
        events.underscore(name, &view.in_a_room());
    }
}

fn on_created(events: &mut Events, id: ConversationId, created: &Created) {
    let title = created.title.as_deref();
    let participants = &created.members[..];
    let participant_count = Some(participants.len() as u64);
    let kind = Some(word_for(created.kind));
    let change = Some("created");
    let conversation = Conversation { kind, title, participants, participant_count, change, ..Conversation::of(id) };
    events.hyphen("conversation-updated", &Updated { conversation });
}

fn on_signal(events: &mut Events, topic: Topic, signal: &Signal) {
    match signal {
        Signal::Typing(typing) => on_typing(events, topic, typing),
        Signal::Marks(marks) => on_marks(events, topic, marks),
        Signal::RoomStats(stats) => on_stats(events, topic, stats),
        Signal::ConversationAdded(added) => {
            if let Topic::Conversation(id) = added.conversation {
                events.hyphen("conversation-updated", &changed(id, "added"));
            }
        }
        Signal::ConversationUpdated(update) => on_updated(events, update),
        Signal::Unread(unread) => {
            if let Topic::Conversation(id) = unread.conversation {
                events.hyphen("conversation-updated", &Updated { conversation: unread_in(id, unread) });
            }
        }
        Signal::Notification(notification) => events.say("notification", notification),
        Signal::Presence(presence) => on_presence(events, presence),
        Signal::Results(results) => conference::on_results(events, topic, results),
        Signal::Audience(audience) => conference::on_audience(events, topic, audience),
        Signal::Reactions(reactions) => conference::on_reactions(events, topic, reactions),
        Signal::Board(board) => conference::on_board(events, topic, board),
        Signal::OrderUpdated(order) => market::on_order(events, order),
        Signal::DomainChecked(checked) => status_board::on_checked(events, checked),
        // Front ends read the list when they open it.
        Signal::StatusListChanged(_) => {}
    }
}

/// A change of title or members comes as the conversation's own event, to whoever follows it.
fn on_updated(events: &mut Events, update: &ConversationUpdated) {
    let Topic::Conversation(id) = update.conversation else { return };
    match update.change {
        ConversationChange::Title | ConversationChange::Members => {}
        ConversationChange::Removed => events.hyphen("conversation-updated", &changed(id, "removed")),
    }
}

fn on_presence(events: &mut Events, presence: &PresenceSignal) {
    let PresenceSignal { user, online, since, last_seen } = *presence;
    let somebody = Somebody { user_id: user, since, last_seen };
    events.hyphen(if online { "user-online" } else { "user-offline" }, &somebody);
}

fn on_typing(events: &mut Events, topic: Topic, typing: &TypingSignal) {
    let Topic::Conversation(id) = topic else { return };
    let name = if typing.active { "typing" } else { "stop-typing" };
    events.hyphen(name, &Typist { conversation_id: id, user_id: typing.user });
    events.underscore("user_typing", &RoomTypist { room_id: id, user_id: typing.user, is_typing: typing.active });
}

fn on_marks(events: &mut Events, topic: Topic, marks: &MarksSignal) {
    let Topic::Conversation(id) = topic else { return };
    let mut status = |status, up_to, message_id| {
        let (user_id, at) = (marks.user, Some(marks.at));
        events.hyphen("message-status", &Status { message_id, conversation_id: id, status, user_id, up_to, at });
    };
    if marks.delivered > marks.read {
        status("delivered", marks.delivered, marks.delivered_message);
    }
    if marks.read > 0 {
        status("read", marks.read, marks.read_message);
    }
}

fn on_stats(events: &mut Events, topic: Topic, stats: &RoomStats) {
    let Topic::Conversation(id) = topic else { return };
    let RoomStats { members, online } = *stats;
    events.underscore("room_stats_updated", &Stats { room_id: id, members, online });
}

fn on_gap(events: &mut Events, gap: &Gap) {
    // Without a trail: a position is told with the event that follows.
    match gap.topic {
        Topic::Conversation(id) => {
            events.say("gap", &Missing { conversation_id: id, room_id: id, from: gap.from, to: gap.to });
        }
        Topic::Conference(id) => conference::on_gap(events, id, gap),
        // They have no log.
        Topic::User(_)
        | Topic::Presence(_)
        | Topic::Status
        | Topic::Board(_)
        | Topic::BoardHost(_)
        | Topic::Poll(_)
        | Topic::PollHost(_)
        | Topic::PollVoted(_) => {}
    }
}

/// Only the end of the session itself is told; any other is a connection that breaks and comes back. (That of a flood, which a client has
/// itself brought about, is told with the event that was refused, before the goodbye.)
fn on_goodbye(events: &mut Events, goodbye: &Goodbye) {
    if goodbye.code == CloseCode::SessionEnded.code() {
        events.say("session_ended", &Ended { reason: &goodbye.reason, code: goodbye.code });
    }
}

/// Who somebody is, right behind the CONNECT answer.
#[derive(Serialize)]
struct Authenticated<'m> {
    user: Own<'m>,
}

/// Absent members: the token is of no account, or the account has none.
#[derive(Serialize)]
struct Own<'m> {
    id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'m str>,
}

/// Who of the people that the client has direct conversations with is there.
pub(in crate::socketio) fn online_users(parser: Parser, vocabulary: Vocabulary, users: &[UserId]) -> Bytes {
    let mut events = Events::new(parser, vocabulary);
    events.hyphen("online-users", &users);
    events.out
}

/// Somebody was removed from a conversation while they were away; the same as they would have heard, as far as it may be told.
pub(in crate::socketio) fn removed(parser: Parser, vocabulary: Vocabulary, id: ConversationId, user: UserId) -> Bytes {
    let mut events = Events::new(parser, vocabulary);
    events.hyphen("conversation-updated", &changed(id, "removed"));
    events.underscore("user_left", &Member { room_id: id, user_id: user });
    events.out
}

/// How a conference stands, to whoever has joined it.
pub(in crate::socketio) fn standing(parser: Parser, vocabulary: Vocabulary, view: &ConferenceView) -> Bytes {
    let mut events = Events::new(parser, vocabulary);
    conference::on_standing(&mut events, view);
    events.out
}

/// Why an event was refused, to whoever gave no callback.
pub(in crate::socketio) fn error(parser: Parser, failed: &Failed<'_>) -> Bytes {
    packet::event(parser, "error", failed, None)
}

/// What has become of an answer, beside the callback.
pub(in crate::socketio) fn answer_accepted(parser: Parser, vocabulary: Vocabulary, done: &Done) -> Bytes {
    let mut events = Events::new(parser, vocabulary);
    events.underscore("answer_accepted", done);
    events.out
}

/// The greeting; a word of the hyphen vocabulary alone.
pub(in crate::socketio) fn authenticated(parser: Parser, user: UserId, me: Option<&Me>) -> Bytes {
    let user = Own {
        id: user,
        name: me.map(|me| me.name.as_str()),
        username: me.and_then(|me| me.username.as_deref()),
        email: me.and_then(|me| me.email.as_deref()),
        avatar: me.and_then(|me| me.avatar.as_deref()),
        role: me.map(|me| me.role.as_str()),
    };
    packet::event(parser, "authenticated", &Authenticated { user }, None)
}

#[derive(Serialize)]
struct MessageUpdated<'e> {
    message: ChangedMessage<'e>,
    change: &'static str,
}

/// What an event tells of an earlier message: its place, and what is new.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangedMessage<'e> {
    /// Absent for what was changed before ids stood in such events.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    conversation_id: ConversationId,
    room_id: ConversationId,
    offset: Offset,
    by: UserId,
    /// These three are absent for what was changed before they stood in such events.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_id: Option<UserId>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<ContentKind>,
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'e str>,
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    edited_at: Option<i64>,
    #[serde(rename = "deleted", skip_serializing_if = "Option::is_none")]
    is_deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<Reaction<'e>>,
}

#[derive(Serialize)]
struct Reaction<'e> {
    emoji: &'e str,
    added: bool,
}

impl ChangedMessage<'_> {
    fn at(
        conversation: ConversationId,
        (offset, id): (Offset, Option<MessageId>),
        (by, original): (UserId, Option<Original>),
    ) -> Self {
        Self {
            id,
            conversation_id: conversation,
            room_id: conversation,
            offset,
            by,
            sender_id: original.map(|original| original.author),
            kind: original.map(|original| original.kind),
            created_at: original.map(|original| original.at),
            content: None,
            edited_at: None,
            is_deleted: None,
            reaction: None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    room_id: ConversationId,
    user_id: UserId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Somebody {
    user_id: UserId,
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    since: Option<i64>,
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    last_seen: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Typist {
    conversation_id: ConversationId,
    user_id: UserId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomTypist {
    room_id: ConversationId,
    user_id: UserId,
    is_typing: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    /// Of the newest message that this is true of; absent for a mark that has not moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    conversation_id: ConversationId,
    status: &'static str,
    user_id: UserId,
    up_to: Offset,
    #[serde(serialize_with = "rfc3339_option")]
    at: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    room_id: ConversationId,
    members: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Missing {
    conversation_id: ConversationId,
    room_id: ConversationId,
    from: Offset,
    to: Offset,
}

#[derive(Serialize)]
struct Ended<'g> {
    reason: &'g str,
    code: u16,
}

#[cfg(test)]
mod tests;
