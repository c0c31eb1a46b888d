//! Who is in an audience: participants with a connection, and everybody who has ever joined. Other nodes tell how many are with them, and
//! who has joined there; somebody with a device on each of two nodes is counted on both.
//!
//! Those who have joined are a set of ids, never a sum: rows that are read, joins on this node and reports of others may overlap, come
//! twice and in any order, and the set is what it is. What was not heard shows by a number and is read from the rows.

use dashmap::DashMap;
use dashmap::mapref::multiple::RefMulti;
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
use std::sync::atomic::{AtomicBool, Ordering};

/// The class of audience signals on a conference's topic: only the newest matters.
const CONFLATED: u64 = 1;

/// Ended conferences that are still to be told to other nodes; of more, these keep an empty hall.
const MOST_OVER: usize = 10_000;

/// Participants of one conference that one report names.
const NAMED: usize = 1_000;

/// Participants of one conference that wait to be named; of more, the other nodes read the rows.
const MOST_UNNAMED: usize = 20_000;

/// One conference's audience, as this process knows it.
#[derive(Debug, Default)]
struct Hall {
    here: HashSet<ParticipantId>,
    /// How many are on other nodes, and how many of those who joined there have been told.
    elsewhere: HashMap<NodeId, (u64, u64)>,
    /// Who has joined, ever, on any node, as far as it is known here; `None` until the rows are read, and when nobody is inside.
    members: Option<HashSet<ParticipantId>>,
    /// Everybody is in `members` who is known to have joined.
    is_complete: bool,
    /// How often somebody was heard of who is in the rows only.
    missed: u64,
    /// How many had joined when the ids were forgotten.
    before: u64,
    /// Who has joined here and has not been named to the other nodes.
    unnamed: Vec<ParticipantId>,
    /// How many have joined here, of those who were named or never will be.
    told: u64,
    peak: u64,
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

    /// Somebody is a participant, whoever says so.
    fn knows(&mut self, participant: ParticipantId) {
        if let Some(members) = &mut self.members {
            self.changed |= members.insert(participant);
        }
    }

    /// Somebody has joined here. Where there is no other node nobody need be named.
    fn joined(&mut self, participant: ParticipantId, is_alone: bool) {
        self.knows(participant);
        self.untold = true;
        if is_alone {
            self.told += 1;
            return;
        }
        self.unnamed.push(participant);
        if self.unnamed.len() > MOST_UNNAMED {
            self.told += self.unnamed.len() as u64;
            self.unnamed.clear();
        }
    }

    /// Somebody has joined who is not known by name.
    fn missed(&mut self) {
        self.missed += 1;
        self.is_complete = false;
    }

    /// Another node says how many are with it, and who has joined there.
    fn hear(&mut self, node: NodeId, crowd: &Crowd) {
        let before = self.elsewhere.insert(node, (crowd.live, crowd.joined));
        let (live, joined) = before.unwrap_or_default();
        crowd.named.iter().for_each(|participant| self.knows(*participant));
        // Of a node that is heard of for the first time everybody is new.
        if crowd.joined > joined + crowd.named.len() as u64 {
            self.missed();
        }
        if (live, joined) != (crowd.live, crowd.joined) {
            self.is_other();
        }
    }

    /// What the other nodes are told: those who wait to be named, up to a number.
    fn crowd(&mut self, conference: ConferenceId) -> Crowd {
        let named: Vec<ParticipantId> = self.unnamed.drain(..self.unnamed.len().min(NAMED)).collect();
        self.told += named.len() as u64;
        self.untold = !self.unnamed.is_empty();
        Crowd { conference, live: self.here.len() as u64, joined: self.told, over: false, named }
    }

    fn audience(&self) -> Audience {
        let live = self.live();
        // Before the rows were read: at least so many.
        let unique = self.members.as_ref().map_or(live.max(self.before), |members| members.len() as u64);
        Audience { live, unique, peak: self.peak }
    }

    /// Nobody is inside: the ids are not kept for whoever may never come.
    fn rest(&mut self) {
        if self.live() == 0
            && let Some(members) = self.members.take()
        {
            self.before = members.len() as u64;
            self.is_complete = false;
        }
    }
}

/// The audiences of all conferences. Cheap to clone; halls without anybody inside are kept for their peak until they are forgotten.
#[derive(Clone, Default)]
pub struct Audiences {
    halls: Arc<DashMap<ConferenceId, Mutex<Hall>>>,
    /// Conferences that have ended and that other nodes are to forget.
    over: Arc<Mutex<Vec<ConferenceId>>>,
    /// Whether there is somebody to report to.
    has_others: Arc<AtomicBool>,
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

    /// Whether everybody who has joined is known here, as far as has been heard.
    pub(super) fn is_counted(&self, conference: ConferenceId) -> bool {
        self.halls.get(&conference).is_some_and(|hall| hall.lock().is_complete)
    }

    /// Whether the rows have been read, or are being read.
    pub(super) fn is_known(&self, conference: ConferenceId) -> bool {
        self.halls.get(&conference).is_some_and(|hall| hall.lock().members.is_some())
    }

    /// Whether other nodes may let people in.
    pub(super) fn is_shared(&self) -> bool {
        self.has_others.load(Ordering::Relaxed)
    }

    /// The rows are about to be read: whoever joins from now on is kept beside them. Answers what [`Self::counted_all`] wants.
    pub(super) fn counting(&self, conference: ConferenceId) -> u64 {
        self.with(conference, |hall| {
            hall.members.get_or_insert_default();
            hall.missed
        })
    }

    /// These have joined, by their rows.
    pub(super) fn counted(&self, conference: ConferenceId, participants: impl IntoIterator<Item = ParticipantId>) {
        self.with(conference, |hall| participants.into_iter().for_each(|participant| hall.knows(participant)));
    }

    /// All rows have been read since [`Self::counting`], which had answered `missed`.
    pub(super) fn counted_all(&self, conference: ConferenceId, missed: u64) {
        self.with(conference, |hall| hall.is_complete = hall.members.is_some() && hall.missed == missed);
    }

    /// Somebody has joined here.
    pub(super) fn joined(&self, conference: ConferenceId, participant: ParticipantId) {
        let is_alone = !self.is_shared();
        self.with(conference, |hall| hall.joined(participant, is_alone));
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
                hall.rest();
            }
        });
    }

    /// The audiences that have changed since this was asked the last time, and whether anybody is inside.
    pub(super) fn take_changed(&self) -> Vec<(ConferenceId, bool)> {
        let changed = |entry: RefMulti<'_, ConferenceId, Mutex<Hall>>| {
            let mut hall = entry.value().lock();
            std::mem::take(&mut hall.changed).then(|| (*entry.key(), hall.live() > 0))
        };
        self.halls.iter().filter_map(changed).collect()
    }

    /// Tells an audience how large it is.
    pub(super) fn tell(&self, conference: ConferenceId, publisher: &dyn Publisher) {
        let (topic, signal) = (Topic::Conference(conference), Signal::Audience(self.of(conference)));
        publisher.publish(vec![Publication::signal(topic, Class::Conflated(CONFLATED), signal)]);
    }
}

impl Crowds for Audiences {
    fn report(&self, everything: bool) -> Vec<Crowd> {
        self.has_others.store(true, Ordering::Relaxed);
        let over = std::mem::take(&mut *self.over.lock());
        let over =
            over.into_iter().map(|conference| Crowd { conference, live: 0, joined: 0, over: true, named: vec![] });
        let changed = self.halls.iter().filter_map(|entry| {
            let mut hall = entry.value().lock();
            let is_news = hall.untold || (everything && !hall.here.is_empty());
            is_news.then(|| hall.crowd(*entry.key()))
        });
        changed.collect::<Vec<_>>().into_iter().chain(over).collect()
    }

    fn hear(&self, node: NodeId, crowds: &[Crowd]) {
        for crowd in crowds {
            if crowd.over {
                self.halls.remove_if(&crowd.conference, |_, hall| hall.lock().here.is_empty());
            } else {
                self.with(crowd.conference, |hall| {
                    hall.hear(node, crowd);
                    hall.rest();
                });
            }
        }
    }

    fn only(&self, nodes: &[NodeId]) {
        for entry in self.halls.iter() {
            let mut hall = entry.value().lock();
            let before = hall.elsewhere.len();
            hall.elsewhere.retain(|node, _| nodes.contains(node));
            if hall.elsewhere.len() != before {
                // Whom it let in last it may not have named.
                hall.missed();
                hall.changed = true;
                hall.rest();
            }
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
            Scope::Account(_) => self.presence.connections(who, count),
            Scope::Conference { conference, role: ConferenceRole::Participant } => {
                self.audiences.connections(conference, ParticipantId(who.user.0), count);
            }
            Scope::Conference { role: ConferenceRole::Runner(_), .. } => {}
        }
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

    fn unique(audiences: &Audiences) -> u64 {
        audiences.of(CONFERENCE).unique
    }

    fn person(number: u128) -> ParticipantId {
        ParticipantId(Uuid::from_u128(number))
    }

    fn read(audiences: &Audiences, rows: std::ops::Range<u128>) {
        let missed = audiences.counting(CONFERENCE);
        audiences.counted(CONFERENCE, rows.map(person));
        audiences.counted_all(CONFERENCE, missed);
    }

    /// One that has others to report to.
    fn another() -> Audiences {
        let audiences = Audiences::default();
        assert_eq!(audiences.report(false), vec![]);
        audiences
    }

    /// Somebody stays inside, so that the ids are kept.
    fn counted(rows: std::ops::Range<u128>) -> Audiences {
        let audiences = Audiences::default();
        audiences.connections(CONFERENCE, person(0), 1);
        read(&audiences, rows);
        audiences
    }

    #[test]
    fn whoever_joins_elsewhere_is_counted_once_whether_the_rows_or_the_report_come_first() {
        let nodes = [counted(0..100), another()];
        nodes[1].joined(CONFERENCE, person(99));
        nodes[1].joined(CONFERENCE, person(100));
        nodes[0].hear(node(1), &nodes[1].report(false));
        assert!(nodes[0].is_counted(CONFERENCE), "both were named");
        assert_eq!(unique(&nodes[0]), 101, "one of them was in the rows");
        nodes[0].counted(CONFERENCE, (0..101).map(person));
        assert_eq!(unique(&nodes[0]), 101);
    }

    #[test]
    fn a_lost_report_shows_and_the_rows_are_read_again() {
        let nodes = [counted(0..100), another()];
        nodes[1].joined(CONFERENCE, person(100));
        let _lost = nodes[1].report(false);
        nodes[1].joined(CONFERENCE, person(101));
        nodes[0].hear(node(1), &nodes[1].report(false));
        assert!(!nodes[0].is_counted(CONFERENCE));
        read(&nodes[0], 0..102);
        assert_eq!((unique(&nodes[0]), nodes[0].is_counted(CONFERENCE)), (102, true));
    }

    #[test]
    fn whoever_joins_while_the_rows_are_read_is_counted_once() {
        let audiences = Audiences::default();
        audiences.connections(CONFERENCE, person(0), 1);
        let missed = audiences.counting(CONFERENCE);
        audiences.joined(CONFERENCE, person(7));
        assert!(!audiences.is_counted(CONFERENCE), "not before all rows were read");
        audiences.counted(CONFERENCE, (0..8).map(person));
        audiences.counted_all(CONFERENCE, missed);
        audiences.joined(CONFERENCE, person(8));
        assert_eq!((unique(&audiences), audiences.is_counted(CONFERENCE)), (9, true));
    }

    #[test]
    fn rows_read_while_somebody_is_heard_of_by_a_number_only_are_read_again() {
        let audiences = counted(0..10);
        let missed = audiences.counting(CONFERENCE);
        audiences.hear(node(1), &[Crowd { conference: CONFERENCE, live: 1, joined: 1, over: false, named: vec![] }]);
        audiences.counted_all(CONFERENCE, missed);
        assert!(!audiences.is_counted(CONFERENCE));
    }

    #[test]
    fn a_rush_is_named_in_several_reports_and_a_greater_one_by_a_number() {
        let nodes = [counted(0..1), another()];
        (0..2_500).for_each(|number| nodes[1].joined(CONFERENCE, person(number)));
        for _ in 0..3 {
            nodes[0].hear(node(1), &nodes[1].report(false));
        }
        assert_eq!((unique(&nodes[0]), nodes[0].is_counted(CONFERENCE)), (2_500, true));
        assert_eq!(nodes[1].report(false), vec![]);
        (0..=MOST_UNNAMED as u128).for_each(|number| nodes[1].joined(CONFERENCE, person(10_000 + number)));
        nodes[0].hear(node(1), &nodes[1].report(false));
        assert!(!nodes[0].is_counted(CONFERENCE), "the rows say who they are");
    }

    #[test]
    fn an_empty_hall_keeps_its_peak_and_no_ids() {
        let audiences = counted(0..50);
        audiences.connections(CONFERENCE, person(0), 0);
        assert!(!audiences.is_known(CONFERENCE));
        assert_eq!((audiences.of(CONFERENCE).peak, unique(&audiences)), (1, 50));
    }

    #[test]
    fn a_node_that_is_gone_may_have_let_in_somebody_whom_it_did_not_name() {
        let audiences = counted(0..50);
        let crowd = Crowd { conference: CONFERENCE, live: 1, joined: 1, over: false, named: vec![person(50)] };
        audiences.hear(node(1), &[crowd]);
        assert!(audiences.is_counted(CONFERENCE));
        audiences.only(&[]);
        assert!(!audiences.is_counted(CONFERENCE));
    }

    #[test]
    fn what_is_over_is_forgotten_everywhere() {
        let nodes = [Audiences::default(), Audiences::default()];
        nodes[0].joined(CONFERENCE, person(1));
        nodes[1].hear(node(0), &nodes[0].report(false));
        nodes[0].forget(CONFERENCE);
        nodes[1].hear(node(0), &nodes[0].report(false));
        assert!(nodes[1].halls.is_empty());
    }
}
