//! What a connection makes of the server's messages: sign-in, subscriptions, events, answers.

use super::{Answer, Connection, Delivery, Phase, Shared, Sink, Subscription};
use crate::book::{Body, TopicIndex};
use crate::checker::Position;
use crate::clock::Nanos;
use crate::wire::{self, Dialect};
use plenum_schema::codec::{self, Codec};
use plenum_schema::wire::{Ack, AckResult, EventFrame, Gap, ServerFrame};
use std::rc::Rc;

impl Connection {
    pub(super) fn payload<S: Sink>(&mut self, payload: &[u8], shared: &mut Shared, sink: &mut S, at: Nanos) -> bool {
        let encoding = self.plan.dialect.encoding();
        for one in &mut self.subscriptions {
            let offset = one.position.next;
            if let Some(marker) = shared.book.recognise(encoding, one.topic, offset, payload) {
                let verdict = one.position.take(offset);
                shared.checks.events += 1;
                sink.delivered(self.number, &Delivery { topic: one.topic, offset, marker, verdict, at });
                return true;
            }
        }
        match self.plan.dialect {
            Dialect::Raw { .. } => self.raw(payload, shared, sink, at),
            Dialect::SocketIo => self.socketio(payload, shared, sink, at),
            Dialect::Plenum(codec) => match codec::decode::<ServerFrame>(codec, payload) {
                Ok(frame) => self.server_frame(frame, codec, payload, shared, sink, at),
                Err(error) => {
                    let text = format!("{error}: {}", String::from_utf8_lossy(payload));
                    self.violation(shared, &text)
                }
            },
        }
    }

    fn raw<S: Sink>(&mut self, payload: &[u8], shared: &mut Shared, sink: &mut S, at: Nanos) -> bool {
        let Some((topic, offset, marker)) = wire::read_raw(payload) else {
            return self.violation(shared, "a payload nobody sent");
        };
        self.event(topic, offset, Some(marker), Body::Raw(payload.to_vec()), payload, shared, sink, at)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one arrival, used at two places")]
    pub(super) fn event<S: Sink>(
        &mut self,
        topic: TopicIndex,
        offset: u64,
        marker: Option<u64>,
        body: Body,
        payload: &[u8],
        shared: &mut Shared,
        sink: &mut S,
        at: Nanos,
    ) -> bool {
        let encoding = self.plan.dialect.encoding();
        shared.payload_bytes = payload.len();
        if shared.book.learn(encoding, topic, offset, marker, body, payload).is_err() {
            shared.checks.diverged += 1;
            shared.checks.example(|| format!("topic {topic} offset {offset}: another content than before"));
        }
        let Some(one) = self.subscriptions.iter_mut().find(|one| one.topic == topic) else {
            return self.violation(shared, "an event of a topic that is not subscribed");
        };
        let expected = one.position.next;
        let verdict = one.position.take(offset);
        let number = self.number;
        if shared
            .checks
            .count(verdict, || format!("connection {number}, topic {topic}: offset {offset} where {expected} was next"))
        {
            sink.delivered(number, &Delivery { topic, offset, marker, verdict, at });
        }
        true
    }

    fn server_frame<S: Sink>(
        &mut self,
        frame: ServerFrame,
        codec: Codec,
        payload: &[u8],
        shared: &mut Shared,
        sink: &mut S,
        at: Nanos,
    ) -> bool {
        match frame {
            ServerFrame::Event(event) => self.plenum_event(event, payload, shared, sink, at),
            ServerFrame::Ack(ack) => self.ack(ack, codec, shared, sink, at),
            ServerFrame::Refusal(refused) => match (self.phase, refused.id) {
                (Phase::Ready, Some(id)) => {
                    sink.answered(self.number, id, Answer::Refused(refused.refusal), at);
                    true
                }
                _ => self.violation(shared, &format!("refused: {}", refused.refusal)),
            },
            ServerFrame::Hello(_) if self.phase == Phase::Greeting => {
                self.phase = Phase::Identifying;
                let token = Rc::clone(&self.plan.token);
                self.command(shared, |id| wire::identify(codec, id, &token)).is_ok()
            }
            ServerFrame::Hello(_) => self.violation(shared, "a second hello"),
            ServerFrame::Gap(gap) => self.gap(&gap, shared),
            ServerFrame::Signal(signal) => {
                sink.signalled(self.number, &signal.signal, at);
                true
            }
            ServerFrame::Goodbye(goodbye) => {
                sink.dismissed(self.number, goodbye.retry_after_ms);
                true
            }
            ServerFrame::CaughtUp(_) | ServerFrame::Heartbeat(_) => true,
        }
    }

    fn plenum_event<S: Sink>(
        &mut self,
        event: EventFrame,
        payload: &[u8],
        shared: &mut Shared,
        sink: &mut S,
        at: Nanos,
    ) -> bool {
        let Some(topic) = shared.book.index_of(event.topic) else {
            return self.violation(shared, "an event of an unknown topic");
        };
        let offset = event.offset;
        let (body, marker) = wire::body_of(event);
        self.event(topic, offset, marker, body, payload, shared, sink, at)
    }

    fn ack<S: Sink>(&mut self, ack: Ack, codec: Codec, shared: &mut Shared, sink: &mut S, at: Nanos) -> bool {
        match (ack.result, self.phase) {
            (AckResult::Identified(_), Phase::Identifying) => self.identified(codec, shared, sink),
            (AckResult::Subscribed(subscribed), Phase::Subscribing(left)) => {
                let Some(topic) = shared.book.index_of(subscribed.topic) else {
                    return self.violation(shared, "a subscription nobody asked for");
                };
                self.subscriptions.push(Subscription { topic, position: Position::after(subscribed.since) });
                self.subscribed(left.saturating_sub(1), sink);
                true
            }
            (AckResult::Sent(sent), Phase::Ready) => {
                sink.answered(self.number, ack.id, Answer::Sent(sent), at);
                true
            }
            (AckResult::Page(page), Phase::Ready) => {
                sink.answered(self.number, ack.id, Answer::Page(page), at);
                true
            }
            (AckResult::Voted(voted), Phase::Ready) => {
                sink.answered(self.number, ack.id, Answer::Voted(voted), at);
                true
            }
            (result, phase) => self.violation(shared, &format!("unexpected in {phase:?}: {result:?}")),
        }
    }

    fn identified<S: Sink>(&mut self, codec: Codec, shared: &mut Shared, sink: &mut S) -> bool {
        let wanted = std::mem::take(&mut self.plan.topics);
        for &(index, since) in &wanted {
            let Some(topic) = shared.book.topic(index) else { continue };
            if self.command(shared, |id| wire::subscribe(codec, id, topic, since)).is_err() {
                return false;
            }
        }
        self.subscribed(u32::try_from(wanted.len()).unwrap_or(u32::MAX), sink);
        true
    }

    pub(super) fn subscribed<S: Sink>(&mut self, left: u32, sink: &mut S) {
        self.phase = Phase::Subscribing(left);
        if left == 0 {
            self.phase = Phase::Ready;
            sink.ready(self.number);
        }
    }

    fn gap(&mut self, gap: &Gap, shared: &mut Shared) -> bool {
        let topic = shared.book.index_of(gap.topic);
        for one in self.subscriptions.iter_mut().filter(|one| Some(one.topic) == topic) {
            one.position.excuse(gap.from, gap.to);
        }
        shared.checks.retention_gaps += 1;
        shared.checks.example(|| format!("gap {}..={} in {}", gap.from, gap.to, gap.topic));
        true
    }
}
