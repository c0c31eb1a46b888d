//! Slices of work: rounds over subscribers, then connections with something of their own, then catch-ups.

use super::connection::{Ending, Phase, Stand, Subscription};
use super::core::{Core, gauge};
use super::outbox::{OVERHEAD, Outbox, Piece, Written};
use super::restart::At;
use super::topic::Chunk;
use crate::publication::{Body, Class, Dialect, Publication};
use plenum_schema::wire::CloseCode;
use plenum_schema::{ConferenceId, Offset, QuestionId, UserId};
use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;

/// Shorter rests are not worth a timer.
const SHORTEST_REST_MICROS: u64 = 300;

/// Receivers that are looked at before the first of them is written to. More would fall out of the nearest cache again.
const AHEAD: usize = 16;

/// What one receiver gets in a round.
struct Delivery {
    topic: u32,
    first: Option<Offset>,
    last: Option<Offset>,
    chunk: Chunk,
}

impl Core {
    /// One slice; answers whether there is more. Between slices the thread lets other work (sockets, timers) run.
    pub fn slice(&mut self) -> bool {
        let writes = self.writes;
        self.wake_rested();
        let mut budget = self.config.slice_connections;
        for _ in 0..self.active.len() {
            if budget == 0 {
                break;
            }
            let Some(index) = self.active.pop_front() else { break };
            self.work.at = At::Topic(index, None);
            self.work_on_topic(index, &mut budget);
        }
        // Acks and other frames of single connections come after the rounds: most have left with a round's write already.
        for _ in 0..self.config.slice_connections.min(self.dirty.len()) {
            let Some(slot) = self.dirty.pop_front() else { break };
            self.work.at = At::Connection(slot);
            self.write_out(slot);
        }
        self.work.at = At::Unknown;
        for _ in 0..self.config.slice_connections.min(self.pumps.len()) {
            let Some(slot) = self.pumps.pop_front() else { break };
            self.pump(slot);
        }
        self.metrics.writes.inc_by(self.writes - writes);
        self.has_work()
    }

    /// Puts topics that have rested long enough back to work.
    fn wake_rested(&mut self) {
        if self.resting.is_empty() {
            return;
        }
        let (now, active) = (self.clock.micros() + SHORTEST_REST_MICROS, &mut self.active);
        self.resting.retain(|(until, index)| {
            if *until <= now {
                active.push_back(*index);
            }
            *until > now
        });
    }

    /// In how many microseconds the next topic has rested enough.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        let until = self.resting.iter().map(|(until, _)| *until).min()?;
        Some(until.saturating_sub(self.clock.micros()))
    }

    /// Begins or continues a topic's round; puts the topic back when it is not finished.
    fn work_on_topic(&mut self, index: u32, budget: &mut usize) {
        let now = self.clock.micros();
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        if state.round.is_none() {
            if state.pending.is_empty() {
                state.queued = false;
                return self.drop_unused(index);
            }
            if state.rest_until > now + SHORTEST_REST_MICROS {
                let until = state.rest_until;
                return self.resting.push((until, index));
            }
            // A receiver that has nothing waiting can take two rounds in a row without reading.
            state.begin_round(now, (self.config.outbox_bytes / 2).saturating_sub(OVERHEAD));
            let may_read = state.repair_attempts == 0;
            self.strike(index);
            if may_read {
                // There is room now for what came when there was none. (A log that cannot be read is the sweep's.)
                self.repair(index);
            }
        }
        if !self.walk(index, budget) {
            self.active.push_back(index);
            return;
        }
        self.work.at = At::Topic(index, None);
        self.finish_round(index);
    }

    /// Walks on; answers whether the round is complete.
    fn walk(&mut self, index: u32, budget: &mut usize) -> bool {
        loop {
            let encoder = self.framing.encode;
            let Some(state) = self.topics.get_mut(index as usize) else { return true };
            let Some(round) = state.round.as_mut() else { return true };
            let Some(dialect) = Dialect::ALL.get(round.dialect).copied() else { return true };
            if state.rosters.get(dialect).is_none_or(|roster| roster.len() == 0) {
                round.dialect += 1;
                continue;
            }
            let (count, first, last) = (round.publications.len() as u64, round.first, round.last);
            let is_told = !dialect.is_native() && state.topic.log().is_none();
            // Clients of Socket.IO show whoever types and cannot tell themselves apart: the reference spares them their own.
            let typists = if dialect.is_native() { Vec::new() } else { round.typists.clone() };
            let told = if is_told { round.publications.clone() } else { Vec::new() };
            let asked = if dialect.is_native() { Vec::new() } else { round.asked.clone() };
            let delivery = Delivery { topic: index, first, last, chunk: round.chunk(dialect, encoder).clone() };
            let mut reached = 0;
            let mut ahead = [0; AHEAD];
            while *budget > 0 {
                let count = self.look_ahead(index, dialect, ahead.get_mut(..AHEAD.min(*budget)).unwrap_or_default());
                if count == 0 {
                    break;
                }
                *budget -= count;
                reached += count as u64;
                for slot in ahead.iter().take(count).copied() {
                    self.work.at = At::Topic(index, Some(slot));
                    let types = !typists.is_empty() && self.is_one_of(slot, &typists);
                    if types || !self.deliver_at_once(slot, &delivery) {
                        self.deliver(slot, &delivery, types);
                    }
                    if is_told {
                        self.tell(slot, &told);
                    }
                    if !asked.is_empty() {
                        self.tell_asked(slot, &asked);
                    }
                }
            }
            self.metrics.deliveries.inc_by(reached * count);
            if *budget == 0 {
                return false;
            }
            if let Some(round) = self.topics.get_mut(index as usize).and_then(|state| state.round.as_mut()) {
                round.dialect += 1;
            }
        }
    }

    /// The next receivers of a round; answers how many there are. What is to be known of each is looked at for all of them, before the
    /// first is written to: after a pause their memory is cold, and a processor waits for a dozen at a time about as long as for one.
    fn look_ahead(&mut self, index: u32, dialect: Dialect, ahead: &mut [u32]) -> usize {
        let roster = self.topics.get_mut(index as usize).and_then(|state| state.rosters.get_mut(dialect));
        let Some(roster) = roster else { return 0 };
        let mut count = 0;
        for place in ahead.iter_mut() {
            let Some(slot) = roster.next() else { break };
            *place = slot;
            count += 1;
        }
        let mut seen = false;
        for slot in ahead.iter().take(count) {
            if let Some(connection) = self.connections.get(*slot as usize) {
                seen ^= connection.blocked ^ connection.outbox.is_empty() ^ connection.socket.look();
            }
        }
        // The looking is what counts; nobody wants the answer.
        std::hint::black_box(seen);
        count
    }

    /// The usual case, without a reference to count or a queue to touch: nothing waits and the socket takes everything.
    /// Answers `false` when nothing was written and [`Self::deliver`] must do it.
    fn deliver_at_once(&mut self, slot: u32, delivery: &Delivery) -> bool {
        let bytes = &delivery.chunk.full;
        let Some(connection) = self.connections.get_mut(slot as usize) else { return true };
        if connection.blocked || !connection.is_open() || !connection.outbox.is_empty() || bytes.is_empty() {
            return false;
        }
        if !connection.trail.goes_on(delivery.topic, delivery.last)
            && self.note_trail(slot, delivery.topic, delivery.last, bytes)
        {
            return self.deliver_own(slot);
        }
        let Some(connection) = self.connections.get_mut(slot as usize) else { return true };
        self.writes += 1;
        let before = connection.outbox.cost();
        let written = match connection.socket.try_write(&[IoSlice::new(bytes)]) {
            Ok(count) if count == bytes.len() => return true,
            Ok(count) => connection.outbox.go_on(&*connection.socket, bytes, count, &mut self.writes),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                connection.blocked = true;
                return false;
            }
            Err(_) => Written::Failed,
        };
        self.after_write(slot, before, written);
        true
    }

    fn is_one_of(&self, slot: u32, people: &[UserId]) -> bool {
        let identity = self.connections.get(slot as usize).and_then(|connection| connection.identity.as_ref());
        identity.is_some_and(|identity| people.contains(&identity.user))
    }

    /// Hands a round's bytes to one connection: straight to the socket when it keeps up. `spared`: only what is durable, and what is
    /// conflated by itself.
    fn deliver(&mut self, slot: u32, delivery: &Delivery, spared: bool) {
        let soft = self.config.outbox_soft_bytes;
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if !connection.is_open() {
            return;
        }
        let before = connection.outbox.cost();
        let slow = before >= soft;
        let bytes = if slow || spared { &delivery.chunk.durable } else { &delivery.chunk.full };
        if slow {
            self.metrics.signals_dropped.inc_by(u64::from(delivery.chunk.full.len() != bytes.len()));
        }
        if slow || spared {
            self.keep_conflated(slot, delivery.topic);
            self.mark_dirty(slot);
        }
        if bytes.is_empty() {
            return;
        }
        let first = delivery.first.map(|offset| (delivery.topic, offset));
        // A single event may be larger than any outbox: whoever has nothing waiting gets it all the same.
        if !self.has_room(slot, bytes.len() + OVERHEAD) {
            // Queued and dropped at once, so that the resume point lies before it.
            self.put(slot, Piece::of_topic(bytes.clone(), first));
            return self.end(slot, &Ending { code: CloseCode::SlowConsumer, retry_after_ms: Some(0) });
        }
        let bytes = self.own_bytes(slot, delivery.topic, delivery.last, bytes.clone());
        let piece = Piece::of_topic(bytes, first);
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let before = connection.outbox.cost();
        let written = if connection.blocked {
            connection.outbox.push(piece);
            Written::Blocked
        } else {
            connection.outbox.send(&*connection.socket, piece, &mut self.writes)
        };
        if written != Written::All || before > 0 {
            self.after_write(slot, before, written);
        }
    }

    /// Lets a connection's edge know of signals it was handed.
    fn tell(&self, slot: u32, told: &[Arc<Publication>]) {
        let Some(connection) = self.connections.get(slot as usize) else { return };
        for publication in told {
            if let Body::Signal(signal) = publication.body() {
                connection.socket.told(signal);
            }
        }
    }

    /// Lets a connection's edge know of questions that are live now.
    fn tell_asked(&self, slot: u32, asked: &[(ConferenceId, QuestionId)]) {
        let Some(connection) = self.connections.get(slot as usize) else { return };
        asked.iter().for_each(|(conference, question)| connection.socket.asked(*conference, *question));
    }

    /// Remembers which conflated signals a slow connection still needs.
    fn keep_conflated(&mut self, slot: u32, index: u32) {
        let most = self.config.conflated_keys;
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        let Some(round) = state.round.as_ref() else { return };
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let mut missed = Vec::new();
        for key in &round.conflated {
            if !connection.conflated.contains(&(index, *key)) {
                connection.conflated.push((index, *key));
            }
            let newest = round.publications.iter().rev().find(|p| p.class == Class::Conflated(*key));
            missed.extend(newest.map(|newest| (*key, newest.clone())));
        }
        for (key, newest) in missed {
            state.keep_latest(key, &newest, most);
        }
    }

    fn finish_round(&mut self, index: u32) {
        let now = self.clock.micros();
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        state.rosters.iter_mut().for_each(super::roster::Roster::finish);
        let Some(round) = state.round.take() else { return };
        self.metrics.rounds.inc();
        #[expect(clippy::cast_precision_loss, reason = "a latency in microseconds is far below 2^52")]
        self.metrics.fanout_seconds.observe(now.saturating_sub(round.arrived_micros) as f64 / 1e6);
        let rest = now.saturating_sub(round.began_micros) * self.config.rest_percent / 100;
        state.rest_until = now + rest.min(self.config.rest_max_micros);
        if state.pending.is_empty() {
            state.queued = false;
        } else {
            self.active.push_back(index);
        }
        // Whoever joined while the round ran and is behind may be able to go live now.
        if !state.behind.is_empty() {
            self.pump_topic(index);
        }
        for (user, removal) in round.revoked {
            self.revoke(index, user, removal);
        }
        self.drop_unused(index);
    }

    /// Ends the subscriptions of a person who may not read the topic any more since `removal`. One whose right was checked at or
    /// after that offset has been given it again, and stays.
    fn revoke(&mut self, index: u32, user: UserId, removal: Offset) {
        let Some(state) = self.topics.get(index as usize) else { return };
        let connections = &self.connections;
        let theirs = |slot: &u32| {
            let connection = connections.get(*slot as usize);
            connection.is_some_and(|connection| {
                connection.identity.as_ref().is_some_and(|identity| identity.user == user)
                    && connection.subscriptions.iter().any(|one| one.topic == index && one.checked < removal)
            })
        };
        let slots: Vec<u32> = state.subscribers().filter(theirs).collect();
        for slot in slots {
            self.detach(slot, index);
        }
    }

    /// Writes what waits for one connection.
    fn write_out(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        connection.dirty = false;
        if connection.blocked || connection.phase == Phase::Dead {
            return;
        }
        if connection.outbox.is_empty() && connection.conflated.is_empty() {
            if connection.is_behind() {
                self.pumps.push_back(slot);
            }
            return;
        }
        self.give_conflated(slot);
        self.write_now(slot);
    }

    /// The same without waiting for the connection's turn.
    fn write_now(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if connection.blocked || connection.phase == Phase::Dead || connection.outbox.is_empty() {
            return;
        }
        let before = connection.outbox.cost();
        let written = connection.outbox.write(&*connection.socket, &mut self.writes);
        self.after_write(slot, before, written);
    }

    /// Whether so much more may wait for a connection. What has room in the socket leaves first: only a peer that leaves what is
    /// written to it is slow. One frame always goes to a connection for which nothing waits, however large it is.
    pub(super) fn has_room(&mut self, slot: u32, cost: usize) -> bool {
        let limit = self.config.outbox_bytes;
        self.has_room_when(slot, |outbox| outbox.is_empty() || outbox.cost() + cost <= limit)
    }

    /// Asks whether there is room; when there is none, once more when what the socket takes has left.
    pub(super) fn has_room_when(&mut self, slot: u32, is_room: impl Fn(&Outbox) -> bool) -> bool {
        let ask = |core: &Self| core.connections.get(slot as usize).is_some_and(|one| is_room(&one.outbox));
        if ask(self) {
            return true;
        }
        self.write_now(slot);
        ask(self)
    }

    /// A connection that has caught its breath gets the newest of each conflated signal it missed.
    fn give_conflated(&mut self, slot: u32) {
        let (soft, encoder) = (self.config.outbox_soft_bytes, self.framing.encode);
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if connection.conflated.is_empty() || connection.outbox.cost() >= soft {
            return;
        }
        let dialect = connection.dialect;
        for (index, key) in std::mem::take(&mut connection.conflated) {
            let newest = self.topics.get(index as usize).and_then(|state| {
                state
                    .latest
                    .iter()
                    .find(|(seen, _)| *seen == key)
                    .map(|(_, value)| value.bytes(dialect, encoder).clone())
            });
            if let Some(bytes) = newest {
                let piece = Piece::of_topic(bytes, None);
                self.metrics.outbox_bytes.add(gauge(piece.cost()));
                connection.outbox.push(piece);
            }
        }
    }

    /// Takes a subscriber off a topic, whatever it was doing there.
    pub(super) fn detach(&mut self, slot: u32, index: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let Some(at) = connection.subscriptions.iter().position(|subscription| subscription.topic == index) else {
            return;
        };
        let Subscription { stand, .. } = connection.subscriptions.swap_remove(at);
        self.settle_trail(slot, index);
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        connection.conflated.retain(|(topic, _)| *topic != index);
        let dialect = connection.dialect;
        self.metrics.subscriptions.dec();
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        match stand {
            Stand::Behind { .. } => {
                state.behind.remove(&slot);
            }
            Stand::Live { place } => {
                let connections = &mut self.connections;
                let Some(roster) = state.rosters.get_mut(dialect) else { return };
                roster.leave(place, |moved, to| {
                    let subscription = connections.get_mut(moved as usize).and_then(|other| other.subscription(index));
                    if let Some(subscription) = subscription {
                        subscription.stand = Stand::Live { place: to };
                    }
                });
            }
        }
        self.drop_unused(index);
    }

    /// Forgets a topic without subscribers.
    pub(super) fn drop_unused(&mut self, index: u32) {
        let Some(state) = self.topics.get(index as usize) else { return };
        // A queued topic is dropped when its turn comes and there is nobody to serve.
        if !state.is_unused() || state.queued {
            return;
        }
        self.by_topic.remove(&state.topic);
        self.dropped.push(state.topic);
        self.topics.remove(index as usize);
        self.metrics.topics.dec();
    }
}
