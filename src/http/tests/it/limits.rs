//! Limits that several nodes share, without the bus between them.

use plenum_http::{Limiter, Rate};
use plenum_schema::{NodeId, UserId};
use plenum_services::clock::{Clock, ManualClock};
use plenum_services::shared_limits::{Bounds, Limit, Report, SharedLimits};
use std::collections::VecDeque;
use std::sync::Arc;
use uuid::Uuid;

const RATE: Rate = Rate { per_second: 10.0, burst: 50.0 };
const BOUNDS: Bounds = Bounds { buckets: 1_600, owed_bursts: 16, late_ms: 60_000 };
const WHO: UserId = UserId(Uuid::from_u128(7));

struct Node {
    limiter: Arc<Limiter<UserId>>,
    limits: Arc<SharedLimits>,
}

/// Nodes whose reports reach the others so many reports later.
struct Nodes {
    clock: Arc<ManualClock>,
    nodes: Vec<Node>,
    under_way: VecDeque<Vec<Report>>,
    late: usize,
}

impl Nodes {
    fn new(count: usize, late: usize) -> Self {
        let clock = Arc::new(ManualClock::default());
        let node = |_| {
            let (limiter, limits) = (Arc::new(Limiter::new(RATE, 100)), SharedLimits::new(clock.clone(), BOUNDS));
            limiter.share(Limit::Caller, &limits);
            Node { limiter, limits }
        };
        Self { nodes: (0..count).map(node).collect(), under_way: VecDeque::new(), late, clock }
    }

    /// Takes what there is on this node.
    fn take_all(&self, node: &Node) -> usize {
        std::iter::repeat_with(|| node.limiter.check(WHO, self.clock.mono())).take_while(Result::is_ok).count()
    }

    /// Every node tells; what was told a while ago arrives.
    fn exchange(&mut self) {
        self.under_way.push_back(self.nodes.iter().map(|node| node.limits.report()).collect());
        if self.under_way.len() > self.late {
            for (from, report) in self.under_way.pop_front().into_iter().flatten().enumerate() {
                let others = self.nodes.iter().enumerate().filter(|(to, _)| *to != from);
                let from = NodeId(Uuid::from_u128(from as u128));
                others.for_each(|(_, node)| assert_eq!(node.limits.hear(from, report.at, &report.spendings), 0));
            }
        }
    }
}

#[test]
fn who_takes_all_that_any_node_gives_gets_the_rate_of_one_and_at_first_a_burst_of_each() {
    for (count, late) in [(1, 0), (2, 0), (3, 0), (3, 4), (8, 2)] {
        let mut nodes = Nodes::new(count, late);
        let (mut taken, mut most_over) = (0, 0.0_f64);
        for round in 0..4_000_u32 {
            taken += nodes.nodes.iter().map(|node| nodes.take_all(node)).sum::<usize>();
            let fair = RATE.burst + RATE.per_second * f64::from(round) * 0.25;
            most_over = most_over.max(f64::from(u32::try_from(taken).unwrap_or(u32::MAX)) - fair);
            nodes.exchange();
            nodes.clock.advance(250);
        }
        // A burst of each node before they heard of each other, and what one gives while a report is under way.
        let (others, late) = (count as f64 - 1.0, late as f64 + 1.0);
        let slack = others * (RATE.burst + RATE.per_second * 0.25 * late);
        assert!(most_over <= slack + 1.0, "{count} nodes, {late} late: {most_over} over, {slack} allowed");
        let fair = RATE.per_second * 1_000.0;
        let got = f64::from(u32::try_from(taken).unwrap_or(u32::MAX));
        assert!((0.99 * fair..fair + RATE.burst + slack + 1.0).contains(&got), "{count} nodes: {got} of {fair}");
    }
}

#[test]
fn who_uses_one_node_after_another_gets_no_second_burst() {
    let mut nodes = Nodes::new(3, 0);
    assert_eq!(nodes.take_all(&nodes.nodes[0]), 50);
    nodes.exchange();
    assert_eq!(nodes.take_all(&nodes.nodes[1]), 0);
    assert_eq!(nodes.take_all(&nodes.nodes[2]), 0);
    nodes.clock.advance(1_000);
    assert_eq!(nodes.take_all(&nodes.nodes[1]), 10);
    nodes.exchange();
    assert_eq!(nodes.take_all(&nodes.nodes[2]), 0);
}

#[test]
fn what_is_given_back_is_given_back_everywhere() {
    let mut nodes = Nodes::new(2, 0);
    let first = &nodes.nodes[0].limiter;
    (0..40).for_each(|_| first.check(WHO, 0).expect("a token"));
    (0..40).for_each(|_| first.give_back(WHO, 0));
    nodes.exchange();
    assert_eq!(nodes.take_all(&nodes.nodes[1]), 50);
}

#[test]
fn somebody_elses_spending_is_not_charged_to_anybody() {
    let mut nodes = Nodes::new(2, 0);
    let other = UserId(Uuid::from_u128(8));
    while nodes.nodes[0].limiter.check(other, 0).is_ok() {}
    nodes.exchange();
    assert_eq!(nodes.take_all(&nodes.nodes[1]), 50);
}
