//! Subscribing, and how a subscriber gets from its position to live without gap or double.
//!
//! A subscriber that is behind reads the ring or the log up to the topic's flushed offset, then joins the roster: what is
//! pending at that moment reaches it with the next round. Both happen on the hub's thread, so nothing fits in between.

use super::connection::{ConnectionKey, Ending, Stand, Subscription};
use super::core::{Core, Wish, slot_number};
use super::mutation::Mutation;
use super::outbox::{OVERHEAD, Piece};
use super::roster::Roster;
use super::topic::{TopicState, join};
use crate::publication::{Dialect, Publication};
use plenum_schema::wire::{CaughtUp, CloseCode, Gap, GapReason, ServerFrame};
use plenum_schema::{Offset, Topic};
use std::sync::Arc;

/// What to do next for one subscriber.
enum Step {
    GoLive,
    Ring(Vec<Arc<Publication>>),
    Read,
    Wait,
}

impl Core {
    /// Subscribes: delivery continues after `since`. `head` is the topic's durable head, learnt after interest was registered.
    /// A second subscription to the same topic moves the position.
    pub fn subscribe(&mut self, key: ConnectionKey, topic: Topic, since: Offset, head: Offset) {
        if self.get(key).is_none_or(|connection| !connection.is_open()) {
            return;
        }
        let index = self.topic_index(topic, head);
        self.detach_keeping_topic(key.slot, index);
        self.attach(key.slot, index, since + 1, head);
        if let Some(state) = self.topics.get_mut(index as usize) {
            state.known = state.known.max(head);
        }
        self.repair(index);
    }

    /// Unsubscribes; answers whether there was anything.
    pub fn unsubscribe(&mut self, key: ConnectionKey, topic: Topic) -> bool {
        let Some(&index) = self.by_topic.get(&topic) else { return false };
        let subscribed = self.get(key).is_some_and(|connection| connection.subscription(index).is_some());
        if subscribed {
            self.detach(key.slot, index);
        }
        subscribed
    }

    /// Whether the connection is subscribed.
    pub fn is_subscribed(&mut self, key: ConnectionKey, topic: Topic) -> bool {
        let Some(&index) = self.by_topic.get(&topic) else { return false };
        self.get(key).is_some_and(|connection| connection.subscription(index).is_some())
    }

    /// The connection's topics that have a log.
    pub fn topics_with_log(&mut self, key: ConnectionKey) -> Vec<Topic> {
        self.topics_of(key).into_iter().filter(|topic| topic.log().is_some()).collect()
    }

    /// All topics of a connection.
    pub fn topics_of(&mut self, key: ConnectionKey) -> Vec<Topic> {
        let subscriptions = self.get(key).map(|connection| connection.subscriptions.clone()).unwrap_or_default();
        let topic = |one: &Subscription| Some(self.topics.get(one.topic as usize)?.topic);
        subscriptions.iter().filter_map(topic).collect()
    }

    /// How many topics the connection has.
    pub fn subscriptions(&mut self, key: ConnectionKey) -> usize {
        self.get(key).map_or(0, |connection| connection.subscriptions.len())
    }

    /// A page of the log for a subscriber that catches up: events beyond what was asked for, and the log's first offset. `None`: it
    /// could not be read now.
    pub fn page(&mut self, key: ConnectionKey, topic: Topic, page: Option<(&[Arc<Publication>], Offset)>) {
        let Some(&index) = self.by_topic.get(&topic) else { return };
        let flushed = self.topics.get(index as usize).map_or(0, |state| state.flushed);
        let (limit, retry_ms) = (self.config.read_attempts, self.config.read_retry_ms);
        let Some(subscription) = self.get(key).and_then(|connection| connection.subscription(index)) else { return };
        let Stand::Behind { next, attempts, .. } = subscription.stand else { return };
        let Some((events, first)) = page else {
            subscription.stand = Stand::Behind { next, reading: false, attempts: attempts + 1 };
            if attempts + 1 >= limit {
                self.end(key.slot, &Ending { code: CloseCode::Internal, retry_after_ms: Some(retry_ms) });
            }
            return;
        };
        let mut next = next;
        if first > next {
            let to = first - 1 + u64::from(self.is_broken(Mutation::WideGap));
            let gap = ServerFrame::Gap(Gap { topic, from: next, to, reason: GapReason::Retention });
            next = first;
            if !self.is_broken(Mutation::SkipGap) {
                self.tell_reader(key, &gap);
            }
        }
        let events: Vec<_> = events
            .iter()
            .filter(|event| event.offset().is_some_and(|offset| offset >= next && offset <= flushed))
            .cloned()
            .collect();
        let stuck = events.is_empty() && next <= flushed && first <= next;
        self.metrics.resumed_events.with_label_values(&["log"]).inc_by(events.len() as u64);
        self.set_next(key.slot, index, next, if stuck { attempts + 1 } else { 0 });
        let handed_over = self.hand_over(key.slot, index, &events);
        // Without room it goes on when what waits has been written.
        if !stuck && (handed_over || events.is_empty()) {
            self.pumps.push_back(key.slot);
        }
    }

    fn topic_index(&mut self, topic: Topic, head: Offset) -> u32 {
        if let Some(&index) = self.by_topic.get(&topic) {
            return index;
        }
        let mut state = TopicState::new(topic, head);
        if topic.log().is_some() {
            // What was published between learning the head and now went past this hub: look once.
            state.repairing = true;
            self.wishes.push(Wish::Repair { topic, after: head, known: head });
        }
        let index = slot_number(self.topics.insert(state));
        self.by_topic.insert(topic, index);
        self.metrics.topics.inc();
        index
    }

    /// Detaches without dropping the topic, for a subscriber that is about to come back.
    fn detach_keeping_topic(&mut self, slot: u32, index: u32) {
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        let queued = std::mem::replace(&mut state.queued, true);
        self.detach(slot, index);
        if let Some(state) = self.topics.get_mut(index as usize) {
            state.queued = queued;
        }
    }

    /// Puts a connection on a topic, behind, at `next`.
    fn attach(&mut self, slot: u32, index: u32, next: Offset, checked: Offset) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let stand = Stand::Behind { next, reading: false, attempts: 0 };
        connection.subscriptions.push(Subscription { topic: index, stand, checked });
        self.metrics.subscriptions.inc();
        if let Some(state) = self.topics.get_mut(index as usize) {
            state.behind.insert(slot);
        }
        self.pumps.push_back(slot);
    }

    /// Lets everyone who is behind on a topic go on.
    pub(super) fn pump_topic(&mut self, index: u32) {
        if let Some(state) = self.topics.get(index as usize) {
            self.pumps.extend(&state.behind);
        }
    }

    /// Makes every live subscriber of a topic a follower of the log, from where it stands.
    pub(super) fn send_all_behind(&mut self, index: u32) {
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        let (reached, waiting) = (state.flushed + 1, state.round.as_ref().and_then(|round| round.first));
        let members: Vec<(u32, bool)> = state.rosters.iter().flat_map(Roster::reached).collect();
        // The followers read from the log what was pending.
        state.pending.keep_signals();
        state.flushed = state.top;
        for (slot, had_round) in members {
            let subscription = self.connections.get_mut(slot as usize).and_then(|one| one.subscription(index));
            // A round under way ends the subscriptions that were checked before a removal in it: the check stays as old as it is.
            let Some(checked) = subscription.map(|subscription| subscription.checked) else { continue };
            self.detach_keeping_topic(slot, index);
            let next = if had_round { reached } else { waiting.unwrap_or(reached) };
            self.attach(slot, index, next, checked);
        }
    }

    /// The connection is written to in another dialect from now on. Its live subscriptions move from one roster to the other by
    /// way of a catch-up, so that a round under way is neither missed nor had twice.
    pub fn change_dialect(&mut self, key: ConnectionKey, dialect: Dialect) {
        let Some(connection) = self.get(key) else { return };
        if connection.dialect == dialect {
            return;
        }
        let from = connection.dialect;
        for subscription in connection.subscriptions.clone() {
            let Stand::Live { place } = subscription.stand else { continue };
            let Some(state) = self.topics.get(subscription.topic as usize) else { continue };
            let has_round = state.rosters.get(from).is_none_or(|roster| roster.has_all(place));
            let is_forgotten = has_round || self.is_broken(Mutation::ForgetRound);
            let waiting = state.round.as_ref().and_then(|round| round.first).filter(|_| !is_forgotten);
            let next = waiting.unwrap_or(state.flushed + 1);
            self.detach_keeping_topic(key.slot, subscription.topic);
            self.attach(key.slot, subscription.topic, next, subscription.checked);
        }
        if let Some(connection) = self.get(key) {
            connection.dialect = dialect;
        }
    }

    /// Goes on with everything a connection catches up on, as far as its outbox has room.
    pub(super) fn pump(&mut self, slot: u32) {
        let Some(connection) = self.connections.get(slot as usize) else { return };
        if !connection.is_open() {
            return;
        }
        let behind: Vec<u32> = connection
            .subscriptions
            .iter()
            .filter(|subscription| matches!(subscription.stand, Stand::Behind { .. }))
            .map(|subscription| subscription.topic)
            .collect();
        for index in behind {
            while self.step(slot, index) {}
        }
    }

    /// One step of one catch-up; answers whether to go on at once.
    fn step(&mut self, slot: u32, index: u32) -> bool {
        let next_step = self.next_step(slot, index);
        match next_step {
            Step::Wait => false,
            Step::GoLive => {
                self.go_live(slot, index);
                false
            }
            Step::Ring(events) => {
                self.metrics.resumed_events.with_label_values(&["ring"]).inc_by(events.len() as u64);
                self.hand_over(slot, index, &events)
            }
            Step::Read => {
                self.wish_page(slot, index);
                false
            }
        }
    }

    fn next_step(&self, slot: u32, index: u32) -> Step {
        let (Some(connection), Some(state)) = (self.connections.get(slot as usize), self.topics.get(index as usize))
        else {
            return Step::Wait;
        };
        let Some(subscription) = connection.subscriptions.iter().find(|subscription| subscription.topic == index)
        else {
            return Step::Wait;
        };
        let Stand::Behind { next, reading, .. } = subscription.stand else { return Step::Wait };
        let next = next + u64::from(self.is_broken(Mutation::JoinLate) && next == state.flushed);
        if next > state.flushed {
            // A subscriber may know more than this hub: an event whose publication is still on its way here. It waits for it.
            let is_ahead = next == state.flushed + 2 && self.is_broken(Mutation::JoinAhead);
            return if next == state.flushed + 1 || is_ahead { Step::GoLive } else { Step::Wait };
        }
        if reading || connection.outbox.cost() >= self.config.outbox_soft_bytes {
            return Step::Wait;
        }
        state.ring_after(next, self.config.page_events).map_or(Step::Read, Step::Ring)
    }

    fn go_live(&mut self, slot: u32, index: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let (dialect, key) = (connection.dialect, ConnectionKey { slot, generation: connection.generation });
        let Some(state) = self.topics.get_mut(index as usize) else { return };
        let Some(subscription) = connection.subscription(index) else { return };
        subscription.stand = Stand::Live { place: state.rosters.join(dialect, slot) };
        state.behind.remove(&slot);
        let (topic, position) = (state.topic, state.flushed);
        let socket = connection.socket.clone();
        self.metrics.resumes.inc();
        if topic.log().is_some() {
            if !dialect.is_native() {
                socket.caught_up(topic);
            }
            self.tell_reader(key, &ServerFrame::CaughtUp(CaughtUp { topic, position }));
        }
    }

    /// A small frame in the middle of a catch-up, which never closes a connection: there is one for each page, and one for each topic.
    fn tell_reader(&mut self, key: ConnectionKey, frame: &ServerFrame) {
        let Some(dialect) =
            self.get(key).filter(|connection| connection.is_open()).map(|connection| connection.dialect)
        else {
            return;
        };
        let bytes = (self.framing.encode)(dialect, frame);
        self.put(key.slot, Piece::of_topic(bytes, None));
    }

    /// Queues as many of these events as there is room for, joined, and moves the subscriber's position. Catching up never
    /// closes a connection: what does not fit comes when the rest has been written. Answers whether anything was queued.
    fn hand_over(&mut self, slot: u32, index: u32, events: &[Arc<Publication>]) -> bool {
        let (encode, page, limit) = (self.framing.encode, self.config.page_bytes, self.config.outbox_bytes);
        let Some(connection) = self.connections.get(slot as usize) else { return false };
        let (dialect, waiting, mut total) = (connection.dialect, connection.outbox.cost(), 0);
        let fits = |event: &&Arc<Publication>| {
            total += event.bytes(dialect, encode).len();
            total <= page && waiting + total + OVERHEAD <= limit
        };
        let fitting = events.iter().take_while(fits).count();
        // One event always goes to a peer that has nothing waiting, however large it is.
        let count = if waiting == 0 { fitting.max(1) } else { fitting };
        let removed = self.removal(slot, index, events);
        let count = removed.map_or(count, |at| count.min(at + 1));
        let is_last = removed.is_some_and(|at| at < count);
        let events = events.get(..count).unwrap_or(events);
        let (Some(first), Some(last)) =
            (events.first().and_then(|event| event.offset()), events.last().and_then(|event| event.offset()))
        else {
            return false;
        };
        let bytes = join(events.iter(), dialect, encode);
        self.metrics.deliveries.inc_by(events.len() as u64);
        self.set_next(slot, index, last + 1, 0);
        let bytes = self.own_bytes(slot, index, Some(last), bytes);
        self.put(slot, Piece::of_topic(bytes, Some((index, first))));
        if is_last {
            self.detach(slot, index);
        }
        true
    }

    /// Which of these events removes the subscriber. One who was removed between the check of the right to the topic and the
    /// subscription missed the round that ends subscriptions, and is ended here.
    fn removal(&self, slot: u32, index: u32, events: &[Arc<Publication>]) -> Option<usize> {
        let connection = self.connections.get(slot as usize)?;
        let user = connection.identity.as_ref()?.user;
        let checked = connection.subscriptions.iter().find(|subscription| subscription.topic == index)?.checked;
        events.iter().position(|event| event.offset() > Some(checked) && event.revoked() == Some(user))
    }

    fn set_next(&mut self, slot: u32, index: u32, to: Offset, count: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if let Some(Subscription { stand: Stand::Behind { next, reading, attempts }, .. }) =
            connection.subscription(index)
        {
            (*next, *reading, *attempts) = (to, false, count);
        }
    }

    fn wish_page(&mut self, slot: u32, index: u32) {
        let Some((topic, known)) = self.topics.get(index as usize).map(|state| (state.topic, state.flushed)) else {
            return;
        };
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let key = ConnectionKey { slot, generation: connection.generation };
        let Some(Subscription { stand: Stand::Behind { next, reading, .. }, .. }) = connection.subscription(index)
        else {
            return;
        };
        *reading = true;
        let after = next.saturating_sub(1);
        self.wishes.push(Wish::Page { key, topic, after, known });
    }
}
