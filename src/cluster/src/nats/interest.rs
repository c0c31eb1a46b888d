//! Subscriptions to the topics that somebody listens to here: made with the first listener, ended a while after the last.

use super::bus::{Node, Shared};
use super::heads::Heads;
use super::packet::{self, TopicPacket};
use super::standing;
use async_nats::{Message, Subscriber};
use futures_util::StreamExt;
use parking_lot::Mutex;
use plenum_actors::clock::MonoMillis;
use plenum_actors::hub::InterestWatcher;
use plenum_actors::publication::Publisher;
use plenum_schema::Topic;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Topics whose interest has changed, each once.
#[derive(Debug, Default)]
struct Noted {
    topics: Mutex<HashSet<Topic>>,
    notify: Notify,
}

impl InterestWatcher for Noted {
    fn changed(&self, topic: Topic) {
        self.topics.lock().insert(topic);
        self.notify.notify_one();
    }
}

pub fn start(shared: &Arc<Shared>, node: &Node, heads: &Arc<Heads>) {
    let noted = Arc::new(Noted::default());
    node.hubs.watch(noted.clone());
    // Whoever came before. Never asked while the topics noted are locked: whoever notes one has locked it in the hubs.
    let wanted = node.hubs.wanted();
    noted.topics.lock().extend(wanted);
    noted.notify.notify_one();
    let interest = Interest {
        shared: shared.clone(),
        node: node.clone(),
        heads: heads.clone(),
        single: Arc::default(),
        beyond: HashSet::new(),
        wide: None,
        lingering: VecDeque::new(),
    };
    shared.spawn(interest.run(noted));
}

/// A subscription under way; dropped, it ends.
type Stop = oneshot::Sender<()>;

struct Interest {
    shared: Arc<Shared>,
    node: Node,
    heads: Arc<Heads>,
    /// Topics with a subscription of their own.
    single: Arc<Mutex<HashMap<Topic, Stop>>>,
    /// Topics that come with the subscription to all of them.
    beyond: HashSet<Topic>,
    wide: Option<Stop>,
    /// Topics without listeners, in the order in which their subscriptions end.
    lingering: VecDeque<(MonoMillis, Topic)>,
}

impl Interest {
    async fn run(mut self, noted: Arc<Noted>) {
        loop {
            let wait = self.lingering.front().map(|(until, _)| until.saturating_sub(self.shared.clock.mono()).max(1));
            let wait = wait.map_or(Duration::from_secs(3_600), Duration::from_millis);
            // Whichever comes first: both mean that there may be something to do.
            let _noted = tokio::time::timeout(wait, noted.notify.notified()).await.is_ok();
            let topics = std::mem::take(&mut *noted.topics.lock());
            let mut fresh = Vec::new();
            for topic in topics {
                if self.changed(topic).await {
                    fresh.push(topic);
                }
            }
            self.end_lingering().await;
            let count = self.single.lock().len() + self.beyond.len();
            self.shared.metrics.topics.set(i64::try_from(count).unwrap_or(i64::MAX));
            if !fresh.is_empty() {
                // What was published before the subscription reached the server is found in the log.
                let _sent = self.shared.client.flush().await.is_ok();
                fresh.into_iter().for_each(|topic| self.heads.look_at(topic));
            }
        }
    }

    /// Answers whether a subscription was made.
    async fn changed(&mut self, topic: Topic) -> bool {
        let is_subscribed = self.beyond.contains(&topic) || self.single.lock().contains_key(&topic);
        if !self.node.hubs.is_wanted(topic) {
            if !is_subscribed {
                return false;
            }
            self.lingering.push_back((self.shared.clock.mono() + self.shared.config.linger_ms, topic));
            return false;
        }
        !is_subscribed && self.subscribe(topic).await
    }

    async fn subscribe(&mut self, topic: Topic) -> bool {
        let Some(subject) = self.shared.subjects.topic(topic) else { return false };
        if self.single.lock().len() >= self.shared.config.topics {
            self.beyond.insert(topic);
            return self.widen().await;
        }
        let Some(subscriber) = self.shared.listen(subject).await else { return false };
        let (stop, stopped) = oneshot::channel();
        self.single.lock().insert(topic, stop);
        self.shared.spawn(take_one(self.shared.clone(), self.node.clone(), topic, subscriber, stopped));
        true
    }

    /// More topics than are subscribed to one by one: all of them come, and those that nobody wants are passed over.
    async fn widen(&mut self) -> bool {
        if self.wide.is_some() {
            return true;
        }
        let Some(subscriber) = self.shared.listen(self.shared.subjects.all_topics()).await else { return false };
        let (stop, stopped) = oneshot::channel();
        self.wide = Some(stop);
        let single = self.single.clone();
        self.shared.spawn(take_all(self.shared.clone(), self.node.clone(), single, subscriber, stopped));
        true
    }

    async fn end_lingering(&mut self) {
        let now = self.shared.clock.mono();
        while self.lingering.front().is_some_and(|(until, _)| *until <= now) {
            let Some((_, topic)) = self.lingering.pop_front() else { break };
            if self.node.hubs.is_wanted(topic) {
                continue;
            }
            self.node.standings.unhear(topic);
            self.beyond.remove(&topic);
            // Dropped, the subscription ends.
            self.single.lock().remove(&topic);
        }
        while self.single.lock().len() < self.shared.config.topics {
            let Some(topic) = self.beyond.iter().next().copied() else { break };
            self.beyond.remove(&topic);
            self.subscribe(topic).await;
        }
        if self.beyond.is_empty() {
            self.wide = None;
        }
    }
}

async fn take_one(shared: Arc<Shared>, node: Node, topic: Topic, mut from: Subscriber, stopped: oneshot::Receiver<()>) {
    let take = async {
        while let Some(message) = from.next().await {
            hand_on(&shared, &node, topic, &message);
        }
    };
    let is_over = tokio::select! {
        () = take => true,
        _dropped = stopped => false,
    };
    if !is_over {
        // The connection may be over too.
        let _told = from.unsubscribe().await.is_ok();
    }
}

async fn take_all(
    shared: Arc<Shared>,
    node: Node,
    single: Arc<Mutex<HashMap<Topic, Stop>>>,
    mut from: Subscriber,
    stopped: oneshot::Receiver<()>,
) {
    let take = async {
        while let Some(message) = from.next().await {
            let Some(topic) = shared.subjects.topic_of(&message.subject) else { continue };
            let is_taken = single.lock().contains_key(&topic);
            if !is_taken && node.hubs.is_wanted(topic) {
                hand_on(&shared, &node, topic, &message);
            }
        }
    };
    tokio::select! {
        () = take => return,
        _dropped = stopped => {}
    }
    let _told = from.unsubscribe().await.is_ok();
}

/// Publications of another node go to the hubs here.
fn hand_on(shared: &Shared, node: &Node, topic: Topic, message: &Message) {
    shared.metrics.count_received("publications", message.payload.len());
    match packet::decode::<TopicPacket>(&message.payload) {
        Ok(TopicPacket::Published(items)) => {
            let publications: Vec<_> = items.into_iter().map(|item| item.into_publication(topic)).collect();
            // Kept, then handed out: who subscribes in between gets it from one or the other.
            standing::hear(node, topic, &publications);
            node.hubs.publish(publications);
        }
        Ok(TopicPacket::Head(head)) => node.hubs.announce(topic, head),
        Err(_) => shared.metrics.count_lost("unreadable"),
    }
}
