//! What a connection makes of a Socket.IO server's packets.

use super::{Answer, Connection, FIRST_ID, Phase, Shared, Sink, Subscription};
use crate::book::Body;
use crate::checker::Position;
use crate::clock::Nanos;
use crate::wire;
use crate::wire::socketio::{self, Message, Packet};
use plenum_schema::codec::DecodeError;
use plenum_schema::id::EntryId;
use plenum_schema::refusal::{Refusal, RefusalCode};
use plenum_schema::topic::Topic;
use plenum_schema::wire::Sent;
use uuid::Uuid;

impl Connection {
    pub(super) fn socketio<S: Sink>(&mut self, payload: &[u8], shared: &mut Shared, sink: &mut S, at: Nanos) -> bool {
        let packet = match socketio::read(payload) {
            Ok(packet) => packet,
            Err(error) => {
                let text = format!("{error}: {}", String::from_utf8_lossy(payload));
                return self.violation(shared, &text);
            }
        };
        match (packet, self.phase) {
            (Packet::Ping, _) => {
                self.message(shared, socketio::PONG);
                true
            }
            (Packet::Open, Phase::Greeting) => self.greet(shared),
            (Packet::Connected, Phase::Identifying) => self.connected(shared, sink),
            (Packet::Message(message), _) => self.new_message(&message, payload, shared, sink, at),
            (Packet::Ack(id, answer), Phase::Subscribing(left)) => self.joined(id, &answer, left, shared, sink),
            (Packet::Ack(id, answer), Phase::Ready) => self.sent(id, &answer, shared, sink, at),
            (Packet::Other, _) => true,
            (Packet::End, _) => false,
            (Packet::Refused(why), _) => self.violation(shared, &format!("refused: {why}")),
            (packet, phase) => self.violation(shared, &format!("unexpected in {phase:?}: {packet:?}")),
        }
    }

    fn greet(&mut self, shared: &mut Shared) -> bool {
        let Ok(payload) = socketio::connect(&self.plan.token) else { return false };
        self.phase = Phase::Identifying;
        self.message(shared, &payload);
        true
    }

    /// Joins the planned rooms: the first numbers of this connection, so that an answer tells which room it is of.
    fn connected<S: Sink>(&mut self, shared: &mut Shared, sink: &mut S) -> bool {
        for place in 0..self.plan.topics.len() {
            let index = self.plan.topics.get(place).map(|&(index, _)| index);
            let Some(Topic::Conversation(id)) = index.and_then(|index| shared.book.topic(index)) else { return false };
            if self.command(shared, |number| socketio::join(number, id).map_err(encoding)).is_err() {
                return false;
            }
        }
        self.subscribed(u32::try_from(self.plan.topics.len()).unwrap_or(u32::MAX), sink);
        true
    }

    fn joined<S: Sink>(
        &mut self,
        id: u32,
        answer: &socketio::Answer,
        left: u32,
        shared: &mut Shared,
        sink: &mut S,
    ) -> bool {
        let place = id.checked_sub(FIRST_ID).and_then(|place| usize::try_from(place).ok());
        let topic = place.and_then(|place| self.plan.topics.get(place)).map(|&(topic, _)| topic);
        let Some(topic) = topic.filter(|_| answer.ok) else {
            return self.violation(shared, &format!("not joined: {answer:?}"));
        };
        let position = answer.head.map(Position::after).unwrap_or_default();
        self.subscriptions.push(Subscription { topic, position });
        self.subscribed(left.saturating_sub(1), sink);
        true
    }

    fn new_message<S: Sink>(
        &mut self,
        message: &Message,
        payload: &[u8],
        shared: &mut Shared,
        sink: &mut S,
        at: Nanos,
    ) -> bool {
        let Some(topic) = shared.book.index_of(Topic::Conversation(message.conversation_id)) else {
            return self.violation(shared, "a message of an unknown conversation");
        };
        // A server may deliver before it has said where: what came by then is not this connection's to judge.
        if self.phase != Phase::Ready && !self.subscriptions.iter().any(|one| one.topic == topic) {
            return true;
        }
        let marker = wire::marker_of(&message.content);
        self.event(topic, message.offset, marker, Body::Raw(payload.to_vec()), payload, shared, sink, at)
    }

    fn sent<S: Sink>(
        &mut self,
        id: u32,
        answer: &socketio::Answer,
        shared: &mut Shared,
        sink: &mut S,
        at: Nanos,
    ) -> bool {
        let topic = self.subscriptions.first().and_then(|one| shared.book.topic(one.topic));
        let answer = match (answer.ok, answer.offset, topic) {
            (true, Some(offset), Some(topic)) => {
                let (message, duplicate) = (EntryId(Uuid::nil()), answer.duplicate);
                Answer::Sent(Sent { topic, offset, message, duplicate })
            }
            (false, ..) => {
                let why = answer.error.as_ref().map_or_else(String::new, ToString::to_string);
                Answer::Refused(Refusal::new(RefusalCode::Invalid, why))
            }
            _ => return self.violation(shared, &format!("an acknowledgement without a place: {answer:?}")),
        };
        sink.answered(self.number, id, answer, at);
        true
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn encoding(error: serde_json::Error) -> DecodeError {
    DecodeError::Shape(error.to_string())
}
