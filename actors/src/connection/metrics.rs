//! What connections count.

use plenum_schema::RefusalCode;
use plenum_schema::wire::Command;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Metrics of all connections of a node.
#[derive(Clone, Debug)]
pub struct ConnectionMetrics {
    /// Commands read, by kind. Counters are looked up once, here.
    commands: [IntCounter; 23],
    refusals: IntCounterVec,
    /// Frames that could not be read.
    pub unreadable: IntCounter,
    /// Connections of which it is not known whose they are.
    pub unidentified: IntGauge,
    /// Pings and pongs beyond the rate: they are not answered.
    pub controls_ignored: IntCounter,
}

/// The names of the commands, in the order of the counters.
const NAMES: [&str; 23] = [
    "identify",
    "subscribe",
    "unsubscribe",
    "send",
    "history",
    "typing",
    "mark",
    "ping",
    "sendDirect",
    "edit",
    "delete",
    "react",
    "unreact",
    "vote",
    "withdraw",
    "pushQuestion",
    "closeQuestion",
    "showResults",
    "ask",
    "upvote",
    "reply",
    "moderate",
    "reactLive",
];

impl ConnectionMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let commands =
            IntCounterVec::new(Opts::new("plenum_commands_total", "commands read from connections"), &["command"])?;
        let refusals = IntCounterVec::new(
            Opts::new(
                "plenum_commands_refused_total",
                "commands refused, by kind and code; the others were acknowledged",
            ),
            &["command", "code"],
        )?;
        let unreadable = IntCounter::new("plenum_unreadable_frames_total", "frames that could not be read")?;
        let controls_ignored = IntCounter::new(
            "plenum_control_frames_ignored_total",
            "pings and pongs of WebSockets that came faster than limits.control_frames_per_second",
        )?;
        let about = "open connections of which it is not known whose they are";
        let unidentified = IntGauge::new("plenum_unidentified_connections", about)?;
        registry.register(Box::new(unidentified.clone()))?;
        registry.register(Box::new(commands.clone()))?;
        registry.register(Box::new(controls_ignored.clone()))?;
        registry.register(Box::new(refusals.clone()))?;
        registry.register(Box::new(unreadable.clone()))?;
        Ok(Self {
            commands: NAMES.map(|name| commands.with_label_values(&[name])),
            refusals,
            unreadable,
            unidentified,
            controls_ignored,
        })
    }

    /// Counts a command; answers its name.
    pub(super) fn received(&self, command: &Command) -> &'static str {
        if let Some(counter) = self.commands.get(place_of(command)) {
            counter.inc();
        }
        name_of(command)
    }

    pub(super) fn refused(&self, name: &str, code: RefusalCode) {
        self.refusals.with_label_values(&[name, code.as_str()]).inc();
    }
}

/// The command's name in metrics.
pub(super) fn name_of(command: &Command) -> &'static str {
    NAMES.get(place_of(command)).copied().unwrap_or_default()
}

fn place_of(command: &Command) -> usize {
    match command {
        Command::Identify(_) => 0,
        Command::Subscribe(_) => 1,
        Command::Unsubscribe(_) => 2,
        Command::Send(_) => 3,
        Command::History(_) => 4,
        Command::Typing(_) => 5,
        Command::Mark(_) => 6,
        Command::Ping(_) => 7,
        Command::SendDirect(_) => 8,
        Command::Edit(_) => 9,
        Command::Delete(_) => 10,
        Command::React(_) => 11,
        Command::Unreact(_) => 12,
        Command::Vote(_) => 13,
        Command::Withdraw(_) => 14,
        Command::PushQuestion(_) => 15,
        Command::CloseQuestion(_) => 16,
        Command::ShowResults(_) => 17,
        Command::Ask(_) => 18,
        Command::Upvote(_) => 19,
        Command::Reply(_) => 20,
        Command::Moderate(_) => 21,
        Command::ReactLive(_) => 22,
    }
}
