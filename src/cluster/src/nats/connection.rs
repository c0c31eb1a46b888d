//! The connection to NATS: made, kept, made again.

use super::config::NatsConfig;
use super::metrics::BusMetrics;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use rand::Rng;
use std::time::Duration;
use tokio::sync::watch;

/// The first wait before the connection is tried again, milliseconds.
const FIRST_WAIT_MS: u64 = 50;
/// Messages that may wait to be written to the connection.
const WAITING: usize = 4_096;

/// Connects, or begins to: where no server answers it is tried again until one does. `state` says how it stands.
///
/// # Errors
/// Addresses or files that cannot be used.
pub async fn connect(
    config: &NatsConfig,
    name: String,
    subscription_messages: usize,
    (state, metrics): (watch::Sender<bool>, BusMetrics),
) -> Result<Client, async_nats::ConnectError> {
    let addresses: Vec<ServerAddr> = config.urls.iter().filter_map(|url| url.parse().ok()).collect();
    let longest = config.reconnect_max_ms;
    let mut options = ConnectOptions::new()
        .name(name)
        .no_echo()
        .retry_on_initial_connect()
        .connection_timeout(Duration::from_millis(config.connect_timeout_ms))
        .ping_interval(Duration::from_millis(config.ping_every_ms))
        .subscription_capacity(subscription_messages)
        .client_capacity(WAITING)
        .require_tls(config.require_tls)
        .reconnect_delay_callback(move |attempt| wait(attempt, longest))
        .event_callback(move |event| {
            note(&event, &state, &metrics);
            std::future::ready(())
        });
    if !config.token.is_empty() {
        options = options.token(config.token.clone());
    }
    if !config.user.is_empty() {
        options = options.user_and_password(config.user.clone(), config.password.clone());
    }
    if !config.ca_path.as_os_str().is_empty() {
        options = options.add_root_certificates(config.ca_path.clone());
    }
    if !config.certificate_path.as_os_str().is_empty() {
        options = options.add_client_certificate(config.certificate_path.clone(), config.private_key_path.clone());
    }
    options.connect(addresses).await
}

/// Doubles with each attempt; shortened at random, so that nodes do not come back in step.
fn wait(attempt: usize, longest_ms: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let full = FIRST_WAIT_MS.saturating_mul(1 << doublings).min(longest_ms);
    Duration::from_millis(rand::rng().random_range(full / 2..=full))
}

fn note(event: &Event, state: &watch::Sender<bool>, metrics: &BusMetrics) {
    match event {
        Event::Connected => {
            tracing::info!("connected to the bus");
            metrics.connects.inc();
            metrics.connected.set(1);
            state.send_replace(true);
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!(%event, "the bus is away: this node goes on by itself");
            metrics.connected.set(0);
            state.send_replace(false);
        }
        Event::SlowConsumer(_) => metrics.count_lost("slow"),
        // Also how a wrong password shows, again and again.
        Event::ServerError(_) | Event::ClientError(_) => tracing::warn!(%event, "the bus"),
        Event::LameDuckMode | Event::Draining => tracing::info!(%event, "the bus"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        for (attempt, low, high) in [(1, 25, 50), (2, 50, 100), (5, 400, 800), (60, 1_000, 2_000)] {
            let millis = wait(attempt, 2_000).as_millis();
            assert!((low..=high).contains(&millis), "{attempt}: {millis}");
        }
    }
}
