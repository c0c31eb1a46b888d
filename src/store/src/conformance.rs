//! What a storage engine is: cases that every engine must pass.
//!
//! Each case uses fresh ids and reads only what it wrote, so a case may run on a store that holds other data, beside other
//! cases, and again. An engine that keeps typed tables has to create [`TABLES`] first.
//!
//! ```no_run
//! # async fn test(store: plenum_actors::store::SharedStore) {
//! plenum_store::conformance::run_all(|| store.clone()).await;
//! # }
//! ```
#![expect(clippy::unwrap_used, clippy::panic, reason = "cases are tests: a failure is a panic that names the case")]

mod concurrency;
mod fixtures;
mod limits;
mod logs;
mod order;
mod rows;
mod snapshots;

pub use fixtures::TABLES;

use plenum_actors::store::SharedStore;
use std::future::Future;
use std::pin::Pin;

/// One case: panics when the engine does not do what it must.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What must hold.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(SharedStore) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

macro_rules! cases {
    ($($module:ident::$name:ident),+ $(,)?) => {
        &[$(Case { name: stringify!($name), run: |store| Box::pin($module::$name(store)) }),+]
    };
}

/// All cases.
pub const CASES: &[Case] = cases![
    logs::an_unknown_log_is_empty,
    logs::an_append_moves_head_and_digest_together,
    logs::an_append_without_a_digest_keeps_the_old_one_and_tells_its_age,
    logs::a_digest_can_be_written_alone,
    logs::a_trim_keeps_the_head_of_appends_without_a_digest,
    logs::an_append_on_another_head_conflicts_and_writes_nothing,
    logs::an_append_that_begins_like_the_one_that_won_is_not_taken_for_it,
    logs::logs_do_not_see_each_other,
    logs::entries_read_forward_and_backward_within_limits,
    logs::a_byte_limit_still_gives_one_entry,
    logs::ids_are_found_once_a_snapshot_covers_them,
    logs::trimmed_entries_are_gone_and_their_ids_stay,
    logs::a_log_trimmed_to_its_end_goes_on,
    logs::a_long_trim_completes,
    logs::logs_are_listed_in_pages,
    snapshots::a_saved_snapshot_loads,
    snapshots::an_older_snapshot_does_not_replace_a_newer_one,
    snapshots::a_large_snapshot_loads,
    concurrency::one_of_many_appends_on_the_same_head_wins,
    concurrency::competing_writers_leave_no_gap_and_no_double,
    concurrency::a_reader_never_sees_a_head_without_its_digest_or_entries,
    concurrency::one_of_many_inserts_wins,
    concurrency::one_of_many_replacements_wins,
    concurrency::counting_by_replacement_loses_nothing,
    rows::a_row_reads_back_with_every_type_and_absent_values,
    rows::texts_of_every_kind_read_back,
    rows::a_put_replaces_the_whole_row,
    rows::a_deleted_row_is_gone,
    rows::a_refused_insert_shows_what_stands_there,
    rows::a_refused_replacement_shows_what_stands_there,
    rows::a_replacement_can_expect_an_absent_value,
    rows::one_write_changes_several_rows_of_a_partition,
    rows::a_scan_stays_in_its_partition,
    rows::a_whole_table_is_swept_in_pages,
    order::integers_sort_by_value,
    order::texts_sort_by_their_bytes,
    order::blobs_sort_by_their_bytes,
    order::uuids_of_one_version_sort_by_their_bytes,
    order::false_sorts_before_true,
    order::pages_join_without_gap_or_double,
    order::a_prefix_is_left_out_with_all_its_rows,
    limits::appends_over_the_limits_are_invalid_and_write_nothing,
    limits::entries_at_the_limits_are_written,
    limits::rows_that_do_not_fit_their_table_are_invalid,
    limits::keys_that_do_not_fit_their_table_are_invalid,
    limits::a_write_over_two_partitions_is_invalid_and_writes_nothing,
    limits::scans_without_or_over_the_limit_are_invalid,
];

/// Runs all cases one after another, each on what `make` gives (always the same store, or a new one).
pub async fn run_all(make: impl Fn() -> SharedStore) {
    for case in CASES {
        tracing::info!(case = case.name, "runs");
        (case.run)(make()).await;
    }
}
