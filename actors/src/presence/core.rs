//! The decisions, without I/O, clock or thread.

use super::report::{Line, Report};
use crate::clock::{MonoMillis, WallMillis};
use plenum_schema::{NodeId, UserId};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// A node is asked for everybody again at most this often, milliseconds.
const ASK_EVERY_MS: u64 = 1_000;

/// Both clocks, read once for an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// For deadlines.
    pub mono: MonoMillis,
    /// For display.
    pub wall: WallMillis,
}

/// How somebody stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Online since then, milliseconds since 1970.
    Online(WallMillis),
    /// Not online.
    Offline,
}

/// Somebody who is online.
#[derive(Debug)]
struct Person {
    /// Connections on this node.
    here: u32,
    /// Other nodes that have some.
    elsewhere: Vec<NodeId>,
    since: WallMillis,
    /// Nobody has a connection of theirs any more.
    leaving: Option<Leaving>,
}

/// The grace after the last connection.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    until: MonoMillis,
    seen: WallMillis,
    /// Where the last connection was.
    from: NodeId,
}

/// What is known of another node.
#[derive(Debug)]
struct Node {
    heard: MonoMillis,
    /// The report that `people` stands for; `None` before the first that says everybody.
    version: Option<u64>,
    asked: Option<MonoMillis>,
    people: HashSet<UserId>,
}

/// Who is online, on all nodes.
#[derive(Debug)]
pub struct Core {
    me: NodeId,
    grace_ms: u64,
    silent_ms: u64,
    people: HashMap<UserId, Person>,
    nodes: HashMap<NodeId, Node>,
    /// Deadlines in order, because the grace is the same for all; those that came back are passed over.
    leaving: VecDeque<(MonoMillis, UserId)>,
    /// Whether reports are made.
    is_shared: bool,
    version: u64,
    /// People whose line is not in a report yet, and when they came or went last: reports may have to wait.
    unreported: HashMap<UserId, WallMillis>,
    changed: Vec<UserId>,
    seen: Vec<(UserId, WallMillis)>,
    gone: Vec<(UserId, WallMillis)>,
    ask: BTreeSet<NodeId>,
    returned: u64,
}

impl Core {
    /// Nobody is online. `is_shared`: whether there are other nodes to report to.
    #[must_use]
    pub fn new(me: NodeId, grace_ms: u64, node_silent_ms: u64, is_shared: bool) -> Self {
        Self {
            me,
            grace_ms,
            silent_ms: node_silent_ms,
            people: HashMap::new(),
            nodes: HashMap::new(),
            leaving: VecDeque::new(),
            is_shared,
            version: 0,
            unreported: HashMap::new(),
            changed: Vec::new(),
            seen: Vec::new(),
            gone: Vec::new(),
            ask: BTreeSet::new(),
            returned: 0,
        }
    }

    /// Somebody has so many identified connections on this node now.
    pub fn here(&mut self, user: UserId, connections: u32, now: Moment) {
        let before = self.people.get(&user).map_or(0, |person| person.here);
        if before == connections {
            return;
        }
        if self.is_shared {
            self.unreported.insert(user, now.wall);
        }
        if connections > 0 {
            self.arrive(user, now.wall).here = connections;
        } else if let Some(person) = self.people.get_mut(&user) {
            person.here = 0;
            self.leave_if_last(user, self.me, now.wall, now.mono);
        }
    }

    /// Another node's report, in whatever order, late or twice.
    pub fn report(&mut self, report: &Report, now: Moment) {
        if report.node == self.me {
            return;
        }
        let fresh = Node { heard: now.mono, version: None, asked: None, people: HashSet::new() };
        let node = self.nodes.entry(report.node).or_insert(fresh);
        node.heard = now.mono;
        let is_old = node.version.is_some_and(|version| report.version < version);
        match report.base {
            _ if is_old => {}
            None => self.take_all(report, now),
            Some(base) if node.version == Some(base) => self.take_lines(report, now),
            Some(_) if node.version == Some(report.version) => {}
            Some(_) => {
                if node.asked.is_none_or(|asked| now.mono >= asked + ASK_EVERY_MS) {
                    node.asked = Some(now.mono);
                    self.ask.insert(report.node);
                }
            }
        }
    }

    fn take_all(&mut self, report: &Report, now: Moment) {
        let there: HashSet<UserId> =
            report.lines.iter().filter(|line| line.connections > 0).map(|line| line.user).collect();
        let Some(node) = self.nodes.get(&report.node) else { return };
        let missing: Vec<UserId> = node.people.difference(&there).copied().collect();
        // Those of whom it still knows when they left, by that time.
        self.take_lines(report, now);
        for user in missing {
            self.away(report.node, user, now.wall, now.mono);
        }
    }

    fn take_lines(&mut self, report: &Report, now: Moment) {
        for line in &report.lines {
            if line.connections > 0 {
                self.there(report.node, line.user, line.at);
            } else {
                self.away(report.node, line.user, line.at, now.mono);
            }
        }
        if let Some(node) = self.nodes.get_mut(&report.node) {
            node.version = Some(report.version);
        }
    }

    /// A node says that it stops: nobody is on it any more.
    pub fn node_ended(&mut self, node: NodeId, now: Moment) {
        if let Some(known) = self.nodes.remove(&node) {
            for user in known.people {
                self.away(node, user, now.wall, now.mono);
            }
        }
    }

    /// Time has passed: graces and silent nodes end.
    pub fn tick(&mut self, now: Moment) {
        let silent: Vec<(NodeId, MonoMillis)> = self
            .nodes
            .iter()
            .filter(|(_, node)| now.mono >= node.heard.saturating_add(self.silent_ms))
            .map(|(id, node)| (*id, node.heard))
            .collect();
        for (node, heard) in silent {
            // They may have left at any time since; the last sign of the node is the last sign of them.
            let ago = WallMillis::try_from(now.mono - heard).unwrap_or(0);
            self.node_ended(node, Moment { wall: now.wall - ago, ..now });
        }
        while let Some((until, user)) = self.leaving.front().copied() {
            if until > now.mono {
                break;
            }
            self.leaving.pop_front();
            self.end_grace(user, until);
        }
    }

    /// Ends every grace at once: the process stops.
    pub fn end_graces(&mut self) {
        while let Some((until, user)) = self.leaving.pop_front() {
            self.end_grace(user, until);
        }
    }

    fn end_grace(&mut self, user: UserId, until: MonoMillis) {
        let Some(leaving) = self.people.get(&user).and_then(|person| person.leaving) else { return };
        if leaving.until != until {
            return;
        }
        self.people.remove(&user);
        self.changed.push(user);
        self.gone.push((user, leaving.seen));
        if self.writes_for(leaving.from) {
            self.seen.push((user, leaving.seen));
        }
    }

    /// Whether this node writes down who left from there: its own people, and as the least of those alive those of the dead.
    fn writes_for(&self, from: NodeId) -> bool {
        let is_heir = || !self.nodes.contains_key(&from) && self.nodes.keys().all(|node| *node > self.me);
        from == self.me || is_heir()
    }

    /// Somebody has a connection somewhere.
    fn arrive(&mut self, user: UserId, since: WallMillis) -> &mut Person {
        let (changed, returned) = (&mut self.changed, &mut self.returned);
        let person = self.people.entry(user).or_insert_with(|| {
            changed.push(user);
            Person { here: 0, elsewhere: Vec::new(), since, leaving: None }
        });
        if person.leaving.take().is_some() {
            *returned += 1;
        }
        person
    }

    /// Another node has somebody.
    fn there(&mut self, node: NodeId, user: UserId, since: WallMillis) {
        let person = self.arrive(user, since);
        person.since = person.since.min(since);
        if !person.elsewhere.contains(&node) {
            person.elsewhere.push(node);
        }
        if let Some(node) = self.nodes.get_mut(&node) {
            node.people.insert(user);
        }
    }

    /// Another node has somebody no longer.
    fn away(&mut self, node: NodeId, user: UserId, seen: WallMillis, now: MonoMillis) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.people.remove(&user);
        }
        let Some(person) = self.people.get_mut(&user) else { return };
        let Some(at) = person.elsewhere.iter().position(|held| *held == node) else { return };
        person.elsewhere.swap_remove(at);
        self.leave_if_last(user, node, seen, now);
    }

    fn leave_if_last(&mut self, user: UserId, from: NodeId, seen: WallMillis, now: MonoMillis) {
        let until = now.saturating_add(self.grace_ms);
        let Some(person) = self.people.get_mut(&user) else { return };
        if person.here == 0 && person.elsewhere.is_empty() {
            person.leaving = Some(Leaving { until, seen, from });
            self.leaving.push_back((until, user));
        }
    }

    /// How somebody stands.
    #[must_use]
    pub fn standing(&self, user: UserId) -> Standing {
        self.people.get(&user).map_or(Standing::Offline, |person| Standing::Online(person.since))
    }

    /// How many people are online, on all nodes, each once.
    #[must_use]
    pub fn online(&self) -> usize {
        self.people.len()
    }

    /// Whether somebody has a connection on another node.
    #[must_use]
    pub fn is_elsewhere(&self, user: UserId) -> bool {
        self.people.get(&user).is_some_and(|person| !person.elsewhere.is_empty())
    }

    /// Nothing can be heard of other nodes, through no fault of theirs: their silence does not count up to now.
    pub fn hold(&mut self, now: Moment) {
        for node in self.nodes.values_mut() {
            node.heard = now.mono;
        }
    }

    /// The other nodes that are alive.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.nodes.keys().copied()
    }

    /// People who came or went since the last call, perhaps more than once: [`Core::standing`] says how they stand now.
    pub fn take_changed(&mut self) -> Vec<UserId> {
        std::mem::take(&mut self.changed)
    }

    /// Who went since the last call, and when their last connection closed.
    pub fn take_gone(&mut self) -> Vec<(UserId, WallMillis)> {
        std::mem::take(&mut self.gone)
    }

    /// Those of them whose leaving this node is to write down.
    pub fn take_seen(&mut self) -> Vec<(UserId, WallMillis)> {
        std::mem::take(&mut self.seen)
    }

    /// Nodes to be asked for everybody, since a report of theirs was lost.
    pub fn take_questions(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.ask).into_iter().collect()
    }

    /// How often somebody came back within the grace since the last call.
    pub fn take_returned(&mut self) -> u64 {
        std::mem::take(&mut self.returned)
    }

    /// What changed on this node since the last report; without lines a sign of life.
    pub fn next_report(&mut self) -> Report {
        let base = self.version;
        let news = std::mem::take(&mut self.unreported);
        let lines: Vec<Line> = news.into_iter().map(|(user, at)| self.line(user, at)).collect();
        self.version += u64::from(!lines.is_empty());
        Report { node: self.me, version: self.version, base: Some(base), lines }
    }

    /// Everybody on this node as of the last report: for a node that is new or has lost one.
    #[must_use]
    pub fn full_report(&self) -> Report {
        // People with news are told as they are now, those who left with the time at which they did; the next report says the same of them
        // once more.
        let here = self.people.iter().filter(|(_, person)| person.here > 0).map(|(user, person)| (user, person.since));
        let gone = self.unreported.iter().map(|(user, at)| (user, *at));
        let gone = gone.filter(|(user, _)| self.people.get(user).is_none_or(|person| person.here == 0));
        let lines = gone.chain(here).map(|(user, at)| self.line(*user, at)).collect();
        Report { node: self.me, version: self.version, base: None, lines }
    }

    /// How somebody stands here who came or went at that time.
    fn line(&self, user: UserId, at: WallMillis) -> Line {
        match self.people.get(&user) {
            Some(person) if person.here > 0 => Line { user, connections: person.here, at: person.since },
            _ => Line { user, connections: 0, at },
        }
    }

    /// Whether these nodes have said everybody who is on them.
    #[must_use]
    pub fn knows(&self, nodes: &[NodeId]) -> bool {
        nodes.iter().all(|node| self.nodes.get(node).is_some_and(|node| node.version.is_some()))
    }
}
