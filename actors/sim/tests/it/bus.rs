//! Nodes that hand commands on over a bus.

use plenum_sim::{BusMutation, Failure, Options, Summary, run};

/// In how many worlds each broken rule must be noticed.
const WORLDS: u64 = 3_000;

fn options(seed: u64) -> Options {
    Options { bus: true, changes: seed.is_multiple_of(2), ..Options::default() }
}

#[test]
fn worlds_with_a_bus_between_nodes_keep_every_promise() {
    let mut total = Summary::default();
    for seed in 1..=1_000 {
        match run(seed, options(seed)) {
            Ok(summary) => total.add(&summary),
            Err(failure) => panic!("plenum-sim --bus (--changes when even) --seed {seed}: {}", failure.what),
        }
    }
    println!("{total:?}");
    // A simulation that meets no faults would show nothing.
    assert!(total.carried > 1_000 && total.fallbacks > 1_000 && total.questions > 1_000, "{total:?}");
    assert!(total.onward > 100 && total.again > 100, "{total:?}");
}

fn first_failure(bus_mutation: Option<BusMutation>, worlds: u64) -> Option<Failure> {
    (1..=worlds).find_map(|seed| run(seed, Options { bus_mutation, ..options(seed) }).err())
}

#[test]
fn every_broken_rule_of_the_bus_is_noticed_and_the_unbroken_nodes_pass_the_same_worlds() {
    let mut furthest = 0;
    for mutation in BusMutation::ALL {
        let failure = first_failure(Some(mutation), WORLDS).unwrap_or_else(|| panic!("{mutation:?} goes unnoticed"));
        println!("{mutation:?}: seed {}, {}", failure.seed, failure.what);
        furthest = furthest.max(failure.seed);
    }
    assert_eq!(first_failure(None, furthest), None);
}

#[test]
fn the_same_seed_is_the_same_world_with_a_bus_too() {
    for seed in 1..=20 {
        assert_eq!(run(seed, options(seed)), run(seed, options(seed)));
    }
}
