//! Who reads much lets others run on the same thread.

use crate::place::{Place, append, entry, log, run};
use plenum_actors::store::Store as _;
use plenum_store::EmbeddedConfig;
use std::cell::Cell;

/// How often somebody else ran on the thread while a thousand heads were read, each of them ready at once.
fn others_ran(read_turn: usize) -> usize {
    let place = Place::new();
    let store = place.open_with(EmbeddedConfig { read_turn, ..place.config() });
    let log = log();
    append(&store, log, 0, entry("hello")).unwrap();
    let (is_over, ran) = (Cell::new(false), Cell::new(0));
    let reader = async {
        for _ in 0..1_000 {
            assert_eq!(store.head(log).await.unwrap().offset, 1);
        }
        is_over.set(true);
    };
    let other = async {
        while !is_over.get() {
            ran.set(ran.get() + 1);
            tokio::task::yield_now().await;
        }
    };
    run(async { tokio::join!(reader, other) });
    ran.get()
}

#[test]
fn a_long_row_of_reads_gives_the_thread_back_now_and_then() {
    let ran = others_ran(100);
    assert!((9..=12).contains(&ran), "{ran} turns for a thousand reads");
}

#[test]
fn few_reads_are_not_interrupted() {
    assert_eq!(others_ran(10_000), 0);
}
