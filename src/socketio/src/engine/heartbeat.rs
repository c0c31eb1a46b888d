//! The heart-beat of Engine.IO v4: the server pings, the client answers.

use super::EngineConfig;

/// When to ping, and when the peer counts as gone. Time is given by the caller, in milliseconds of a monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    interval_ms: u64,
    timeout_ms: u64,
    state: Beat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    /// The next ping goes out at this time.
    Resting { until: u64 },
    /// A ping is out; something must be heard until then. A packet that is no pong prolongs it once: a peer that is busy
    /// sending a big message is alive, one that only sends and never answers is not.
    Waiting { until: u64, prolonged: bool },
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing before [`Heartbeat::deadline`].
    Nothing,
    /// Send a ping.
    Ping,
    /// The peer is gone: close the session for [`super::CloseReason::PingTimeout`].
    Gone,
}

impl Heartbeat {
    /// A heart-beat that starts now.
    #[must_use]
    pub const fn new(config: &EngineConfig, now: u64) -> Self {
        let (interval_ms, timeout_ms) = (config.ping_interval_ms, config.ping_timeout_ms);
        Self { interval_ms, timeout_ms, state: Beat::Resting { until: now.saturating_add(interval_ms) } }
    }

    /// When [`Heartbeat::tick`] has something to say.
    #[must_use]
    pub const fn deadline(&self) -> u64 {
        match self.state {
            Beat::Resting { until } | Beat::Waiting { until, .. } => until,
        }
    }

    /// What is due at this time. After [`Due::Ping`] the time for the answer runs.
    pub const fn tick(&mut self, now: u64) -> Due {
        if now < self.deadline() {
            return Due::Nothing;
        }
        match self.state {
            Beat::Resting { until } => {
                // From when it was due, so that a timer's slack adds up nowhere; but a server that was held up itself
                // leaves the peer a fair time.
                let (fair, exact) = (now.saturating_add(self.timeout_ms / 2), until.saturating_add(self.timeout_ms));
                self.state = Beat::Waiting { until: if fair > exact { fair } else { exact }, prolonged: false };
                Due::Ping
            }
            Beat::Waiting { .. } => Due::Gone,
        }
    }

    /// A pong has come. One that answers no ping changes nothing.
    pub const fn pong(&mut self, now: u64) {
        if matches!(self.state, Beat::Waiting { .. }) {
            self.state = Beat::Resting { until: now.saturating_add(self.interval_ms) };
        }
    }

    /// Another packet has come.
    pub const fn heard(&mut self, now: u64) {
        if let Beat::Waiting { prolonged: false, .. } = self.state {
            self.state = Beat::Waiting { until: now.saturating_add(self.timeout_ms), prolonged: true };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat() -> Heartbeat {
        let config = EngineConfig { ping_interval_ms: 300, ping_timeout_ms: 200, ..EngineConfig::default() };
        Heartbeat::new(&config, 0)
    }

    #[test]
    fn a_ping_goes_out_each_interval_while_it_is_answered() {
        let mut beat = beat();
        assert_eq!(beat.tick(299), Due::Nothing);
        assert_eq!(beat.tick(300), Due::Ping);
        assert_eq!(beat.tick(301), Due::Nothing);
        beat.pong(310);
        assert_eq!(beat.tick(609), Due::Nothing);
        assert_eq!(beat.tick(610), Due::Ping);
    }

    #[test]
    fn a_peer_that_does_not_answer_is_gone() {
        let mut beat = beat();
        assert_eq!(beat.tick(300), Due::Ping);
        assert_eq!(beat.tick(499), Due::Nothing);
        assert_eq!(beat.tick(500), Due::Gone);
    }

    #[test]
    fn a_ping_that_goes_out_late_is_waited_for_from_when_it_was_due() {
        let mut beat = beat();
        assert_eq!(beat.tick(302), Due::Ping);
        assert_eq!(beat.deadline(), 500);
        let mut held_up = self::beat();
        assert_eq!(held_up.tick(1_000), Due::Ping);
        assert_eq!(held_up.deadline(), 1_100);
    }

    #[test]
    fn another_packet_prolongs_the_wait_once() {
        let mut beat = beat();
        assert_eq!(beat.tick(300), Due::Ping);
        beat.heard(450);
        beat.heard(600);
        assert_eq!(beat.tick(649), Due::Nothing);
        assert_eq!(beat.tick(650), Due::Gone);
    }

    #[test]
    fn a_pong_that_was_not_asked_for_changes_nothing() {
        let mut beat = beat();
        beat.pong(100);
        assert_eq!(beat.tick(300), Due::Ping);
    }
}
