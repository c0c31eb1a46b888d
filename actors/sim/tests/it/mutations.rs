//! Each way of breaking the owner is noticed within so many worlds; the unbroken owner passes the same ones.

use plenum_sim::{Failure, Mutation, Options, run};

const WORLDS: u64 = 2_000;

fn first_failure(mutation: Option<Mutation>, worlds: u64) -> Option<Failure> {
    (1..=worlds).find_map(|seed| run(seed, Options { mutation, ..Options::default() }).err())
}

#[test]
fn every_broken_rule_is_noticed_and_the_unbroken_owner_passes_the_same_worlds() {
    let mut furthest = 0;
    for mutation in Mutation::ALL {
        let failure = first_failure(Some(mutation), WORLDS).unwrap_or_else(|| panic!("{mutation:?} goes unnoticed"));
        println!("{mutation:?}: seed {}, {}", failure.seed, failure.what);
        furthest = furthest.max(failure.seed);
    }
    assert_eq!(first_failure(None, furthest), None);
}
