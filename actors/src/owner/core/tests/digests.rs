//! The stored summary of a busy log and of a quiet one.

use super::driver::Bench;

fn busy() -> Bench {
    Bench::created_with(|config| config.digest_every_ms = 1_000)
}

#[test]
fn a_lone_append_carries_the_summary() {
    let mut bench = busy();
    assert_eq!(bench.digest_at, 1);
    bench.pass(1_000);
    bench.send("x", None);
    assert_eq!(bench.digest_at, 2);
}

#[test]
fn a_burst_writes_the_summary_once_and_once_more_when_it_is_over() {
    let mut bench = busy();
    for _ in 0..20 {
        bench.send("x", None);
    }
    assert_eq!(bench.digest_at, 1, "within a second of the last one it is not written again");
    bench.pass(999);
    assert_eq!(bench.digest_at, 1);
    bench.pass(1);
    assert_eq!((bench.digest_at, bench.log.len()), (21, 21));
}

#[test]
fn a_start_after_a_crash_brings_the_summary_up_to_the_log() {
    let mut bench = busy();
    bench.send("x", None);
    bench.restart();
    bench.pass(0);
    assert_eq!(bench.digest_at, 2);
}

#[test]
fn an_owner_that_ends_leaves_no_old_summary_behind() {
    let mut bench = busy();
    bench.send("x", None);
    bench.feed(crate::owner::core::Input::Drain);
    assert_eq!((bench.digest_at, bench.passivated), (2, 1));
}
