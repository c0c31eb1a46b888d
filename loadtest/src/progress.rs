//! Progress: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// Shows how far a phase is and what it measures.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    phase: String,
    /// Seconds of the phase that were last printed as a plain line.
    printed: std::cell::Cell<u64>,
}

impl Progress {
    /// A phase of a known length; quiet in tests.
    #[must_use]
    pub fn start(phase: &str, length: Duration, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal() && !quiet;
        let bar = terminal.then(|| {
            let bar = ProgressBar::new(length.as_secs().max(1));
            let style = ProgressStyle::with_template("{prefix:24} {bar:24} {elapsed:>4} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(phase.to_owned());
            bar
        });
        let printed = if quiet { u64::MAX } else { 0 };
        Self { bar, phase: phase.to_owned(), printed: std::cell::Cell::new(printed) }
    }

    /// Live figures at `seconds` into the phase.
    pub fn tick(&self, seconds: u64, figures: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(seconds);
            bar.set_message(figures.to_owned());
        } else if seconds > self.printed.get() {
            self.printed.set(seconds);
            eprintln!("{:24} {seconds:>4} s  {figures}", self.phase);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
