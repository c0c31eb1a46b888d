//! Who is in an audience: participants with a connection, and how many have ever joined. Other nodes tell how many are with them;
//! somebody with a device on each of two nodes is counted on both.

use dashmap::DashMap;
use parking_lot::Mutex;
use plenum_actors::connection::Comings;
use plenum_actors::crowds::{Crowd, Crowds};
use plenum_actors::identity::{ConferenceRole, Identity, Scope};
use plenum_actors::presence::Presence;
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_schema::conference::Audience;
use plenum_schema::wire::Signal;
use plenum_schema::{ConferenceId, NodeId, ParticipantId, Topic};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The class of audience signals on a conference's topic: only the newest matters.
const CONFLATED: u64 = 1;

/// Ended conferences that are still to be told to other nodes; of more, these keep an empty hall.
const MOST_OVER: usize = 10_000;

/// One conference's audience, as this process knows it.
#[derive(Debug, Default)]
struct Hall {
    here: HashSet<ParticipantId>,
    /// How many are on other nodes, and have joined there.
    elsewhere: HashMap<NodeId, (u64, u64)>,
    /// How many have joined here.
    joined: u64,
    peak: u64,
    /// Participants who have joined; `None` until their rows were counted.
    unique: Option<u64>,
    /// Rows are to be counted again: a node was heard of for the first time, and nobody knows what was counted of it.
    recount: bool,
    /// Since the audience was told.
    changed: bool,
    /// Since other nodes were told.
    untold: bool,
}

impl Hall {
    fn live(&self) -> u64 {
        self.elsewhere.values().map(|(live, _)| live).sum::<u64>() + self.here.len() as u64
    }

    fn is_other(&mut self) {
        self.changed = true;
        self.peak = self.peak.max(self.live());
    }

    /// Another node says how many are with it.
    fn hear(&mut self, node: NodeId, crowd: &Crowd) {
        let before = self.elsewhere.insert(node, (crowd.live, crowd.joined));
        let (live, joined) = before.unwrap_or_default();
        self.recount |= before.is_none() && crowd.joined > 0;
        let news = if before.is_some() { crowd.joined.saturating_sub(joined) } else { 0 };
        self.unique = self.unique.map(|unique| unique + news);
        if (live, joined) != (crowd.live, crowd.joined) {
            self.is_other();
        }
    }

    fn crowd(&self, conference: ConferenceId) -> Crowd {
        Crowd { conference, live: self.here.len() as u64, joined: self.joined, over: false }
    }

    fn audience(&self) -> Audience {
        let live = self.live();
        Audience { live, unique: self.unique.unwrap_or(live), peak: self.peak }
    }
}

/// The audiences of all conferences. Cheap to clone; halls without anybody inside are kept for their peak until they are forgotten.
#[derive(Clone, Default)]
pub struct Audiences {
    halls: Arc<DashMap<ConferenceId, Mutex<Hall>>>,
    /// Conferences that have ended and that other nodes are to forget.
    over: Arc<Mutex<Vec<ConferenceId>>>,
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audiences").field("halls", &self.halls.len()).finish()
    }
}

impl Audiences {
    /// The audience now.
    #[must_use]
    pub fn of(&self, conference: ConferenceId) -> Audience {
        self.halls.get(&conference).map(|hall| hall.lock().audience()).unwrap_or_default()
    }

    fn with<T>(&self, conference: ConferenceId, change: impl FnOnce(&mut Hall) -> T) -> T {
        if let Some(hall) = self.halls.get(&conference) {
            return change(&mut hall.lock());
        }
        let hall = self.halls.entry(conference).or_default();
        let mut hall = hall.lock();
        change(&mut hall)
    }

    /// Whether the participants of a conference have been counted.
    pub(super) fn is_counted(&self, conference: ConferenceId) -> bool {
        self.halls.get(&conference).is_some_and(|hall| {
            let hall = hall.lock();
            hall.unique.is_some() && !hall.recount
        })
    }

    /// So many have joined, by their rows.
    pub(super) fn counted(&self, conference: ConferenceId, unique: u64) {
        self.with(conference, |hall| {
            hall.unique = Some(hall.unique.unwrap_or(unique).max(unique));
            hall.recount = false;
        });
    }

    /// One more has joined.
    pub(super) fn joined(&self, conference: ConferenceId) {
        self.with(conference, |hall| {
            hall.unique = hall.unique.map(|unique| unique + 1);
            hall.joined += 1;
            hall.changed = true;
            hall.untold = true;
        });
    }

    /// A conference is over: nothing of it is kept.
    pub(super) fn forget(&self, conference: ConferenceId) {
        self.halls.remove_if(&conference, |_, hall| hall.lock().here.is_empty());
        let mut over = self.over.lock();
        if over.len() < MOST_OVER {
            over.push(conference);
        }
    }

    fn connections(&self, conference: ConferenceId, participant: ParticipantId, count: usize) {
        self.with(conference, |hall| {
            let changed = if count > 0 { hall.here.insert(participant) } else { hall.here.remove(&participant) };
            if changed {
                hall.untold = true;
                hall.is_other();
            }
        });
    }

    /// Tells every audience that has changed how large it is.
    pub fn tell(&self, publisher: &dyn Publisher) {
        for entry in self.halls.iter() {
            let topic = Topic::Conference(*entry.key());
            let mut hall = entry.value().lock();
            if std::mem::take(&mut hall.changed) && publisher.is_wanted(topic) {
                let signal = Signal::Audience(hall.audience());
                publisher.publish(vec![Publication::signal(topic, Class::Conflated(CONFLATED), signal)]);
            }
        }
    }
}

impl Crowds for Audiences {
    fn report(&self, everything: bool) -> Vec<Crowd> {
        let over = std::mem::take(&mut *self.over.lock());
        let over = over.into_iter().map(|conference| Crowd { conference, live: 0, joined: 0, over: true });
        let changed = self.halls.iter().filter_map(|entry| {
            let mut hall = entry.value().lock();
            let is_news = std::mem::take(&mut hall.untold) || (everything && !hall.here.is_empty());
            is_news.then(|| hall.crowd(*entry.key()))
        });
        changed.collect::<Vec<_>>().into_iter().chain(over).collect()
    }

    fn hear(&self, node: NodeId, crowds: &[Crowd]) {
        for crowd in crowds {
            if crowd.over {
                self.halls.remove_if(&crowd.conference, |_, hall| hall.lock().here.is_empty());
            } else {
                self.with(crowd.conference, |hall| hall.hear(node, crowd));
            }
        }
    }

    fn only(&self, nodes: &[NodeId]) {
        for entry in self.halls.iter() {
            let mut hall = entry.value().lock();
            let before = hall.elsewhere.len();
            hall.elsewhere.retain(|node, _| nodes.contains(node));
            hall.changed |= hall.elsewhere.len() != before;
        }
    }
}

/// Hears of all identified connections of a node: people's go to their presence, audiences' to their conference.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// Who of the accounts is online.
    pub presence: Presence,
    /// Who is in audiences.
    pub audiences: Audiences,
}

impl Comings for Arrivals {
    fn connections(&self, who: &Identity, count: usize) {
        match who.scope {
            Scope::Account => self.presence.connections(who, count),
            Scope::Conference { conference, role: ConferenceRole::Participant } => {
                self.audiences.connections(conference, ParticipantId(who.user.0), count);
            }
            Scope::Conference { role: ConferenceRole::Runner(_), .. } => {}
        }
    }
}

/// Tells audiences how large they are, for as long as it runs.
pub async fn run_audiences(audiences: Audiences, publisher: Arc<dyn Publisher>, every_ms: u64) {
    loop {
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
        audiences.tell(&*publisher);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const CONFERENCE: ConferenceId = ConferenceId(Uuid::from_u128(1));

    fn node(number: u128) -> NodeId {
        NodeId(Uuid::from_u128(number))
    }

    fn come(audiences: &Audiences, people: std::ops::Range<u128>) {
        people.for_each(|n| audiences.connections(CONFERENCE, ParticipantId(Uuid::from_u128(n)), 1));
    }

    #[test]
    fn audiences_of_all_nodes_are_added_up() {
        let nodes = [Audiences::default(), Audiences::default()];
        come(&nodes[0], 0..3);
        come(&nodes[1], 10..15);
        nodes[0].hear(node(1), &nodes[1].report(false));
        nodes[1].hear(node(0), &nodes[0].report(false));
        assert_eq!([nodes[0].of(CONFERENCE).live, nodes[1].of(CONFERENCE).live], [8, 8]);
        assert_eq!(nodes[0].report(false), vec![], "nothing has changed");
        assert_eq!(nodes[0].report(true).len(), 1);
        nodes[0].only(&[]);
        assert_eq!((nodes[0].of(CONFERENCE).live, nodes[0].of(CONFERENCE).peak), (3, 8));
    }

    #[test]
    fn whoever_joins_elsewhere_is_counted_once_also_after_a_lost_report() {
        let nodes = [Audiences::default(), Audiences::default()];
        nodes[0].counted(CONFERENCE, 100);
        nodes[1].joined(CONFERENCE);
        nodes[0].hear(node(1), &nodes[1].report(false));
        assert!(!nodes[0].is_counted(CONFERENCE), "the rows say whether this one was counted");
        nodes[0].counted(CONFERENCE, 101);
        nodes[1].joined(CONFERENCE);
        let _lost = nodes[1].report(false);
        nodes[1].joined(CONFERENCE);
        nodes[0].hear(node(1), &nodes[1].report(false));
        assert_eq!(nodes[0].of(CONFERENCE).unique, 103);
    }

    #[test]
    fn what_is_over_is_forgotten_everywhere() {
        let nodes = [Audiences::default(), Audiences::default()];
        nodes[0].joined(CONFERENCE);
        nodes[1].hear(node(0), &nodes[0].report(false));
        nodes[0].forget(CONFERENCE);
        nodes[1].hear(node(0), &nodes[0].report(false));
        assert!(nodes[1].halls.is_empty());
    }
}
