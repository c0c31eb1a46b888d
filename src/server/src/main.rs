//! The `plenum` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    plenum_server::process::tune_allocator();
    plenum_server::cli::run()
}
