//! Each way of breaking the owner is noticed within so many worlds; the unbroken owner passes the same ones.

use plenum_sim::{Failure, Mutation, Options, SubscriberMutation, run};

const WORLDS: u64 = 2_000;

fn first_failure(mutation: Option<Mutation>, worlds: u64) -> Option<Failure> {
    (1..=worlds).find_map(|seed| run(seed, Options { mutation, ..Options::default() }).err())
}

fn first_failure_of_subscribers(mutation: SubscriberMutation) -> Option<Failure> {
    let options = Options { subscriber_mutation: Some(mutation), ..Options::default() };
    (1..=WORLDS).find_map(|seed| run(seed, options).err())
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

/// The unbroken subscribers pass the same worlds, and are told of gaps in them.
#[test]
fn every_broken_rule_of_subscribers_is_noticed() {
    let mut furthest = 0;
    for mutation in SubscriberMutation::ALL {
        let failure = first_failure_of_subscribers(mutation).unwrap_or_else(|| panic!("{mutation:?} goes unnoticed"));
        println!("{mutation:?}: seed {}, {}", failure.seed, failure.what);
        assert!(failure.what.starts_with("a subscriber"), "{mutation:?}: {}", failure.what);
        furthest = furthest.max(failure.seed);
    }
    let gaps: u64 = (1..=furthest).map(|seed| run(seed, Options::default()).expect("nothing is broken").gaps).sum();
    assert!(gaps > 0, "retention is faster than a reader in some world");
}
