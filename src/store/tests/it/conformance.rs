use crate::place::{Place, run};
use plenum_actors::store::SharedStore;
use plenum_store::EmbeddedConfig;
use plenum_store::conformance::CASES;

#[test]
fn the_embedded_engine_passes_every_conformance_case() {
    let place = Place::new();
    let store: SharedStore = place.open();
    for case in CASES {
        println!("{}", case.name);
        run((case.run)(store.clone()));
    }
}

#[test]
fn the_embedded_engine_passes_every_case_with_the_smallest_limits() {
    let place = Place::new();
    let store: SharedStore = place.open_with(EmbeddedConfig {
        batch_writes: 1,
        batch_bytes: 1,
        trim_entries: 100,
        cached_heads: 1,
        memtable_bytes: 1 << 20,
        log_memtable_bytes: 1 << 20,
        ..place.config()
    });
    for case in CASES {
        println!("{}", case.name);
        run((case.run)(store.clone()));
    }
}
