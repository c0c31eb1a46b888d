//! The `plenum-loadtest` program.

use clap::Parser;
use plenum_loadtest::cli::{self, Cli};
use std::process::ExitCode;

/// Exit code of a wrong command line (sysexits: EX_USAGE); 2 is taken by "not correct".
const USAGE: u8 = 64;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(asked) => ExitCode::from(cli::run(asked)),
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
        }
    }
}
