//! The core against a plain model: nodes that die, fall silent and come back, reports that are lost, late and repeated.

use super::core::Moment;
use super::{Core, Line, Report, Standing};
use plenum_schema::{NodeId, UserId};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const GRACE: u64 = 5_000;
const SILENT: u64 = 15_000;

fn user(n: usize) -> UserId {
    UserId(Uuid::from_u128(n as u128 + 1))
}

fn node(n: usize) -> NodeId {
    NodeId(Uuid::from_u128(n as u128 + 1))
}

fn at(mono: u64) -> Moment {
    Moment { mono, wall: 1_000_000 + i64::try_from(mono).unwrap() }
}

fn alone() -> Core {
    Core::new(node(0), GRACE, SILENT, false)
}

#[test]
fn who_left_while_nothing_could_be_told_left_when_they_did() {
    for is_asked_first in [false, true] {
        let (mut a, mut b) = (Core::new(node(0), GRACE, SILENT, true), Core::new(node(1), GRACE, SILENT, true));
        a.here(user(1), 1, at(1));
        b.report(&a.full_report(), at(1));
        b.report(&a.next_report(), at(1));
        a.here(user(1), 0, at(100));
        a.tick(at(90_000));
        // The bus was away until now.
        if is_asked_first {
            b.report(&a.full_report(), at(90_000));
        }
        b.report(&a.next_report(), at(90_000));
        b.tick(at(90_000 + GRACE));
        assert_eq!(b.take_gone(), [(user(1), at(100).wall)], "{is_asked_first}");
        assert_eq!(b.online(), 0);
    }
}

#[test]
fn somebody_is_online_from_their_first_connection_until_a_grace_after_their_last() {
    let mut core = alone();
    core.here(user(1), 1, at(0));
    core.here(user(1), 2, at(10));
    assert_eq!((core.take_changed(), core.standing(user(1))), (vec![user(1)], Standing::Online(1_000_000)));
    core.here(user(1), 1, at(20));
    core.here(user(1), 0, at(30));
    core.tick(at(29 + GRACE));
    assert_eq!((core.take_changed(), core.online()), (vec![], 1));
    core.tick(at(30 + GRACE));
    assert_eq!((core.take_changed(), core.online()), (vec![user(1)], 0));
    assert_eq!((core.take_gone(), core.take_seen()), (vec![(user(1), 1_000_030)], vec![(user(1), 1_000_030)]));
}

#[test]
fn a_quick_reconnect_is_not_told_however_often_it_happens() {
    let mut core = alone();
    core.here(user(1), 1, at(0));
    core.take_changed();
    for round in 1..50_u64 {
        core.here(user(1), 0, at(round * 1_000));
        core.tick(at(round * 1_000 + 500));
        core.here(user(1), 1, at(round * 1_000 + 600));
    }
    core.tick(at(1_000_000));
    assert_eq!((core.take_changed(), core.take_returned()), (vec![], 49));
    assert_eq!(core.standing(user(1)), Standing::Online(1_000_000));
}

#[test]
fn when_the_process_stops_whoever_is_in_their_grace_has_left() {
    let mut core = alone();
    core.here(user(1), 1, at(0));
    core.here(user(2), 1, at(0));
    core.here(user(1), 0, at(10));
    core.end_graces();
    assert_eq!((core.take_seen(), core.online()), (vec![(user(1), 1_000_010)], 1));
}

#[test]
fn moving_to_another_node_is_not_told_and_keeps_the_time() {
    let (mut a, mut b) = (Core::new(node(0), GRACE, SILENT, true), Core::new(node(1), GRACE, SILENT, true));
    a.here(user(1), 1, at(0));
    b.report(&a.full_report(), at(1));
    b.report(&a.next_report(), at(1));
    assert_eq!(b.take_changed(), vec![user(1)]);
    a.here(user(1), 0, at(100));
    b.report(&a.next_report(), at(100));
    b.here(user(1), 1, at(300));
    a.report(&b.full_report(), at(301));
    a.report(&b.next_report(), at(301));
    a.tick(at(14_000));
    b.tick(at(14_000));
    assert_eq!((a.standing(user(1)), b.standing(user(1))), (Standing::Online(1_000_000), Standing::Online(1_000_000)));
    assert_eq!((b.take_changed(), a.take_seen(), b.take_seen()), (vec![], vec![], vec![]));
}

#[test]
fn people_of_a_dead_node_are_offline_once_and_the_least_living_node_writes_it_down() {
    let mut cores: Vec<Core> = (0..3).map(|n| Core::new(node(n), GRACE, SILENT, true)).collect();
    cores[2].here(user(1), 1, at(0));
    for from in 0..3 {
        let full = cores[from].full_report();
        cores.iter_mut().for_each(|core| core.report(&full, at(10)));
    }
    let mut seen = Vec::new();
    for now in (1_000..60_000).step_by(1_000) {
        let signs: Vec<Report> = cores[..2].iter_mut().map(|core| core.next_report()).collect();
        for core in &mut cores[..2] {
            signs.iter().for_each(|sign| core.report(sign, at(now)));
            core.tick(at(now));
        }
        seen.push((cores[0].take_seen(), cores[1].take_seen()));
    }
    for core in &mut cores[..2] {
        assert_eq!(core.take_changed(), vec![user(1), user(1)], "came and went");
        assert_eq!((core.online(), core.take_gone()), (0, vec![(user(1), 1_000_010)]));
    }
    let by_first: Vec<_> = seen.iter().flat_map(|(first, _)| first).collect();
    let by_second: Vec<_> = seen.iter().flat_map(|(_, second)| second).collect();
    assert_eq!((by_first, by_second.len()), (vec![&(user(1), 1_000_010)], 0));
}

#[test]
fn a_lost_report_is_noticed_and_everybody_is_asked_for() {
    let (mut a, mut b) = (Core::new(node(0), GRACE, SILENT, true), Core::new(node(1), GRACE, SILENT, true));
    b.report(&a.full_report(), at(0));
    a.here(user(1), 1, at(1));
    let _lost = a.next_report();
    a.here(user(2), 1, at(2));
    b.report(&a.next_report(), at(2));
    b.report(&a.next_report(), at(3));
    assert_eq!((b.take_questions(), b.online()), (vec![node(0)], 0));
    b.report(&a.full_report(), at(4));
    assert_eq!((b.take_questions(), b.online()), (vec![], 2));
}

#[test]
fn a_report_that_comes_twice_or_late_changes_nothing() {
    let (mut a, mut b) = (Core::new(node(0), GRACE, SILENT, true), Core::new(node(1), GRACE, SILENT, true));
    b.report(&a.full_report(), at(0));
    a.here(user(1), 1, at(1));
    let came = a.next_report();
    a.here(user(1), 0, at(2));
    let went = a.next_report();
    for report in [&came, &went, &came, &went, &came] {
        b.report(report, at(3));
    }
    b.tick(at(3 + GRACE));
    assert_eq!((b.online(), b.take_questions()), (0, vec![]));
    assert_eq!(went.lines, vec![Line { user: user(1), connections: 0, at: 1_000_002 }]);
}

const NODES: usize = 3;
const PEOPLE: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Connections(usize, usize, u32),
    Report(usize),
    Full(usize),
    Die(usize),
    Deaf(usize, bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..NODES, 0..PEOPLE, 0..3_u32).prop_map(|(n, p, count)| Step::Connections(n, p, count)),
        4 => (0..NODES).prop_map(Step::Report),
        1 => (0..NODES).prop_map(Step::Full),
        1 => (0..NODES).prop_map(Step::Die),
        2 => (0..NODES, any::<bool>()).prop_map(|(n, deaf)| Step::Deaf(n, deaf)),
        4 => (1..9_000_u64).prop_map(Step::Pass),
    ]
}

/// Nodes with their cores, and what really is.
struct World {
    now: u64,
    /// A node that has died is replaced by one with another id.
    ids: Vec<usize>,
    cores: Vec<Core>,
    real: Vec<HashMap<usize, u32>>,
    /// Nodes that hear nothing and are not heard.
    deaf: Vec<bool>,
    /// What each node has told of each person last.
    told: Vec<HashMap<usize, bool>>,
}

impl World {
    fn new() -> Self {
        Self {
            now: 0,
            ids: (0..NODES).collect(),
            cores: (0..NODES).map(|n| Core::new(node(n), GRACE, SILENT, true)).collect(),
            real: vec![HashMap::new(); NODES],
            deaf: vec![false; NODES],
            told: vec![HashMap::new(); NODES],
        }
    }

    fn send(&mut self, from: usize, report: &Report) {
        for to in 0..NODES {
            if to != from && !self.deaf[from] && !self.deaf[to] {
                self.cores[to].report(report, at(self.now));
            }
        }
    }

    fn exchange(&mut self) {
        for from in 0..NODES {
            let report = self.cores[from].next_report();
            self.send(from, &report);
        }
        for asking in 0..NODES {
            for asked in self.cores[asking].take_questions() {
                let Some(from) = self.ids.iter().position(|id| node(*id) == asked) else { continue };
                let full = self.cores[from].full_report();
                self.send(from, &full);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let now = at(self.now);
        match *step {
            Step::Connections(n, p, count) => {
                self.real[n].insert(p, count);
                self.cores[n].here(user(p), count, now);
            }
            Step::Report(n) => {
                let report = self.cores[n].next_report();
                self.send(n, &report);
                self.send(n, &report);
            }
            Step::Full(n) => {
                let report = self.cores[n].full_report();
                self.send(n, &report);
            }
            Step::Die(n) => {
                self.ids[n] += NODES;
                self.cores[n] = Core::new(node(self.ids[n]), GRACE, SILENT, true);
                self.real[n].clear();
                self.told[n].clear();
            }
            Step::Deaf(n, deaf) => self.deaf[n] = deaf,
            Step::Pass(ms) => {
                // Signs of life come every second, as they do on a real bus.
                for _ in 0..ms.div_ceil(1_000) {
                    self.now += 1_000;
                    self.exchange();
                    (0..NODES).for_each(|n| self.cores[n].tick(at(self.now)));
                    self.check();
                }
            }
        }
        self.check();
    }

    /// Nobody who is connected to a node is offline there, and each leaving is followed by a coming before the next one.
    fn check(&mut self) {
        for n in 0..NODES {
            for changed in self.cores[n].take_changed() {
                let p = (0..PEOPLE).find(|p| user(*p) == changed).unwrap();
                let before = self.told[n].entry(p).or_insert(false);
                // Coming and going are told one by one here: each change turns the value.
                *before = !*before;
            }
            for p in 0..PEOPLE {
                let is_online = self.cores[n].standing(user(p)) != Standing::Offline;
                assert_eq!(*self.told[n].get(&p).unwrap_or(&false), is_online, "node {n}, person {p}");
                assert!(is_online || self.real[n].get(&p).is_none_or(|count| *count == 0));
            }
            let gone = self.cores[n].take_gone().len();
            assert!(self.cores[n].take_seen().len() <= gone);
        }
    }

    fn really_online(&self) -> BTreeSet<usize> {
        let here = self.real.iter().flat_map(|people| people.iter());
        here.filter(|(_, count)| **count > 0).map(|(person, _)| *person).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn all_living_nodes_come_to_know_who_is_online_whatever_died_or_was_lost(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        (0..NODES).for_each(|n| world.step(&Step::Deaf(n, false)));
        world.step(&Step::Pass(SILENT + 2 * GRACE));
        let really = world.really_online();
        for n in 0..NODES {
            let known: BTreeSet<usize> =
                (0..PEOPLE).filter(|p| world.cores[n].standing(user(*p)) != Standing::Offline).collect();
            prop_assert_eq!(&known, &really, "node {}", n);
            prop_assert_eq!(world.cores[n].online(), really.len());
        }
    }

    #[test]
    fn one_who_leaves_for_good_is_told_to_have_left_exactly_once_by_each_node(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.step(step));
        (0..NODES).for_each(|n| world.step(&Step::Deaf(n, false)));
        world.step(&Step::Pass(SILENT + 2 * GRACE));
        (0..NODES).for_each(|n| world.step(&Step::Connections(n, 0, 1)));
        world.step(&Step::Pass(3_000));
        // All nodes know that they are online. The first nodes die with them; from the last they leave.
        world.step(&Step::Die(0));
        world.step(&Step::Die(1));
        world.step(&Step::Connections(2, 0, 0));
        let mut left = 0;
        for _ in 0..60 {
            world.now += 1_000;
            world.exchange();
            let now = at(world.now);
            (0..NODES).for_each(|n| world.cores[n].tick(now));
            left += world.cores[2].take_gone().iter().filter(|(gone, _)| *gone == user(0)).count();
        }
        prop_assert_eq!(left, 1);
    }
}
