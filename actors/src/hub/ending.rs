//! How the hub ends a connection: goodbye with advice and resume points, then the close frame.

use super::connection::{ConnectionKey, Ending, Phase, Shut, Stand, Subscription};
use super::core::{Core, gauge};
use super::outbox::Piece;
use crate::publication::Dialect;
use plenum_schema::wire::{Goodbye, ServerFrame};
use plenum_schema::{Offset, Topic};
use std::collections::BTreeMap;

impl Core {
    /// The last offset of a topic that this connection was handed; `None`: it is not subscribed, has gone, or something still waits for it.
    #[must_use]
    pub fn handed(&self, key: ConnectionKey, topic: Topic) -> Option<Offset> {
        let index = *self.by_topic.get(&topic)?;
        let connection = self.connections.get(key.slot as usize).filter(|_| self.is_quiet(key))?;
        let subscription = connection.subscriptions.iter().find(|subscription| subscription.topic == index)?;
        self.position(subscription, connection.dialect, &[]).map(|(_, offset)| offset)
    }

    /// Goodbye frame, close frame, and no more. What was not yet begun is dropped; the goodbye tells where to resume.
    pub(super) fn end(&mut self, slot: u32, ending: &Ending) {
        let (now, timeout) = (self.clock.mono(), self.config.close_timeout_ms);
        let positions = self.positions_after_drop(slot);
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if !connection.is_open() {
            return;
        }
        let (dialect, before) = (connection.dialect, connection.outbox.cost());
        connection.phase = Phase::Closing { until: now + timeout, then: Shut::AwaitPeer };
        tracing::debug!(connection = %connection.id, reason = ending.code.reason(), "closing");
        self.metrics.closed.with_label_values(&[ending.code.reason()]).inc();
        let goodbye = ServerFrame::Goodbye(Goodbye {
            code: ending.code.code(),
            reason: ending.code.reason().into(),
            retry_after_ms: ending.code.is_retryable().then_some(ending.retry_after_ms.unwrap_or(0)),
            positions,
        });
        let goodbye = (self.framing.encode)(dialect, &goodbye);
        let close = (self.framing.close)(dialect, ending.code.code(), ending.code.reason());
        connection.outbox.push(Piece::own(goodbye));
        connection.outbox.push(Piece::own(close));
        let after = connection.outbox.cost();
        self.metrics.outbox_bytes.add(gauge(after) - gauge(before));
        self.mark_dirty(slot);
    }

    /// Empties the outbox of what has not begun and answers, for each topic, the last offset handed over before that.
    fn positions_after_drop(&mut self, slot: u32) -> BTreeMap<Topic, Offset> {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return BTreeMap::new() };
        if !connection.is_open() {
            return BTreeMap::new();
        }
        let before = connection.outbox.cost();
        if !connection.blocked {
            // What has room still goes out: the answers to the commands before this end, above all.
            let _reported_by_the_next_write = connection.outbox.write(&*connection.socket, &mut self.writes);
        }
        let dropped = connection.outbox.drop_waiting();
        let after = connection.outbox.cost();
        let (dialect, subscriptions) = (connection.dialect, connection.subscriptions.clone());
        self.metrics.outbox_bytes.sub(gauge(before) - gauge(after));
        subscriptions.iter().filter_map(|one| self.position(one, dialect, &dropped)).collect()
    }

    fn position(
        &self,
        subscription: &Subscription,
        dialect: Dialect,
        dropped: &[(u32, Offset)],
    ) -> Option<(Topic, Offset)> {
        let state =
            self.topics.get(subscription.topic as usize).filter(|_| !self.work.distrusts(subscription.topic))?;
        state.topic.log()?;
        let handed = match subscription.stand {
            // A round that has not reached this connection yet has not handed its offsets over.
            Stand::Live { place } => match &state.round {
                Some(round) if state.rosters.get(dialect).is_some_and(|roster| !roster.has_all(place)) => {
                    round.first.map_or(state.flushed, |first| first - 1)
                }
                _ => state.flushed,
            },
            Stand::Behind { next, .. } => next.saturating_sub(1),
        };
        let lost = dropped.iter().find(|(topic, _)| *topic == subscription.topic).map(|(_, first)| first - 1);
        Some((state.topic, lost.map_or(handed, |lost| lost.min(handed))))
    }
}
