use plenum_sim::{Options, Summary, run};

#[test]
fn a_thousand_worlds_keep_every_promise() {
    let mut total = Summary::default();
    for seed in 1..=1_000 {
        match run(seed, Options::default()) {
            Ok(summary) => total.add(&summary),
            Err(failure) => panic!("plenum-sim --seed {seed}: {}", failure.what),
        }
    }
    // A simulation that meets no faults would show nothing.
    assert!(
        total.conflicts > 1_000
            && total.unknowns > 1_000
            && total.duplicates > 1_000
            && total.crashes > 500
            && total.gaps > 50,
        "{total:?}"
    );
}

#[test]
fn worlds_in_which_messages_are_changed_keep_every_promise() {
    for seed in 1..=600 {
        if let Err(failure) = run(seed, Options { changes: true, ..Options::default() }) {
            panic!("plenum-sim --changes --seed {seed}: {}", failure.what);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in 1..=20 {
        assert_eq!(run(seed, Options::default()), run(seed, Options::default()));
    }
}

/// Seeds that once found a bug in the owner.
#[test]
fn worlds_that_found_bugs_are_kept() {
    for seed in [192, 738] {
        assert_eq!(run(seed, Options::default()).err(), None);
    }
}
