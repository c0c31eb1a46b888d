//! Votes, changes, withdrawals and closes under faults.

use plenum_sim::poll::run;

#[test]
fn a_thousand_polls_count_exactly_what_was_acknowledged() {
    let mut trouble = 0;
    for seed in 1..=1_000 {
        match run(seed) {
            Ok(met) => trouble += met,
            Err(failure) => panic!("the poll of seed {seed}: {failure}"),
        }
    }
    // A simulation that meets no faults would show nothing.
    assert!(trouble > 3_000, "{trouble}");
}
