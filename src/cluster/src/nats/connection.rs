//! The connection to NATS: made, kept, made again.

use super::config::NatsConfig;
use super::metrics::BusMetrics;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use futures_util::future::join_all;
use parking_lot::Mutex;
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// The first wait before the connection is tried again, milliseconds.
const FIRST_WAIT_MS: u64 = 50;
/// Of complaints that repeat themselves one in so many is logged: about one a minute.
const SAID_EVERY: u32 = 30;
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
    let (longest, said) = (config.reconnect_max_ms, Arc::new(Said::of(config)));
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
            note(&event, &said, &state, &metrics);
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

/// What is said of the servers, and when it was said last.
struct Said {
    servers: String,
    addresses: Vec<(String, bool)>,
    wait: Duration,
    /// The last complaint, and how many like it came since.
    last: Mutex<(String, u32)>,
}

impl Said {
    fn of(config: &NatsConfig) -> Self {
        let wants_tls = |url: &str| config.require_tls || url.starts_with("tls://");
        let address = |url: &String| {
            let parsed: ServerAddr = url.parse().ok()?;
            Some((format!("{}:{}", parsed.host(), parsed.port()), wants_tls(url)))
        };
        Self {
            servers: config.servers(),
            addresses: config.urls.iter().filter_map(address).collect(),
            wait: Duration::from_millis(config.connect_timeout_ms),
            last: Mutex::new((String::new(), 0)),
        }
    }

    /// Whether a complaint is to be said: the first of its kind, and then one in [`SAID_EVERY`].
    fn is_news(&self, complaint: &str) -> bool {
        let mut last = self.last.lock();
        if last.0 == complaint {
            last.1 += 1;
            return last.1.is_multiple_of(SAID_EVERY);
        }
        *last = (complaint.to_owned(), 0);
        true
    }

    fn is_well(&self) {
        *self.last.lock() = (String::new(), 0);
    }

    /// Looks at each server as it can be seen from here: the client says no more than that something failed.
    async fn seen(&self) -> String {
        let looks = self.addresses.iter().map(|(address, wants_tls)| async move {
            let seen = tokio::time::timeout(self.wait, look(address, *wants_tls)).await;
            format!("{address}: {}", seen.unwrap_or_else(|_| "does not answer".to_owned()))
        });
        join_all(looks).await.join("; ")
    }
}

/// Connects and reads the server's first line (`INFO {…}`, the first thing that every NATS server says).
async fn look(address: &str, wants_tls: bool) -> String {
    let mut stream = match TcpStream::connect(address).await {
        Ok(stream) => stream,
        Err(error) => return error.to_string(),
    };
    let mut line = vec![0; 4_096];
    let count = stream.read(&mut line).await.unwrap_or(0);
    let text = String::from_utf8_lossy(line.get(..count).unwrap_or_default());
    if !text.starts_with("INFO ") {
        return "something else than NATS answers".to_owned();
    }
    let says = |member: &str| text.contains(&format!("\"{member}\":true"));
    let offers_tls = says("tls_required") || says("tls_available");
    match (wants_tls || says("tls_required"), offers_tls) {
        (true, false) => "answers, but offers no TLS".to_owned(),
        (true, true) => {
            "answers and offers TLS: its certificate is not one of cluster.nats.ca_path or not of this name, or it does not accept ours"
                .to_owned()
        }
        (false, _) => "answers".to_owned(),
    }
}

fn note(event: &Event, said: &Arc<Said>, state: &watch::Sender<bool>, metrics: &BusMetrics) {
    let servers = said.servers.as_str();
    match event {
        Event::Connected => {
            tracing::info!(servers, "connected to the bus");
            said.is_well();
            metrics.connects.inc();
            metrics.connected.set(1);
            state.send_replace(true);
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!(servers, "the bus is away: this node goes on by itself");
            metrics.connected.set(0);
            state.send_replace(false);
        }
        Event::SlowConsumer(_) => metrics.count_lost("slow"),
        // Also how a wrong password shows, again and again.
        Event::ServerError(error) => {
            if said.is_news(&error.to_string()) {
                tracing::warn!(servers, %error, "the bus refuses");
            }
        }
        Event::ClientError(error) => {
            let (said, error) = (said.clone(), error.to_string());
            if said.is_news(&error) {
                tokio::spawn(async move {
                    let seen = said.seen().await;
                    tracing::warn!(error, seen, "the bus cannot be reached or used; it is tried again and again");
                });
            }
        }
        Event::LameDuckMode | Event::Draining => tracing::info!(%event, "the bus"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[test]
    fn waits_double_up_to_the_longest() {
        for (attempt, low, high) in [(1, 25, 50), (2, 50, 100), (5, 400, 800), (60, 1_000, 2_000)] {
            let millis = wait(attempt, 2_000).as_millis();
            assert!((low..=high).contains(&millis), "{attempt}: {millis}");
        }
    }

    /// A server on a port of its own that says one thing to whoever connects.
    async fn says(line: &'static str) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(line.as_bytes()).await.unwrap();
        });
        address
    }

    #[tokio::test]
    async fn what_is_seen_of_a_server_says_why_it_cannot_be_used() {
        let nobody = {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().to_string()
        };
        assert!(look(&nobody, false).await.contains("refused"));
        assert!(look(&says("HTTP/1.1 400 Bad Request\r\n").await, false).await.contains("something else"));
        let plain = "INFO {\"server_id\":\"x\"}\r\n";
        assert_eq!(look(&says(plain).await, false).await, "answers");
        assert!(look(&says(plain).await, true).await.contains("offers no TLS"));
        let tls = "INFO {\"server_id\":\"x\",\"tls_required\":true}\r\n";
        assert!(look(&says(tls).await, true).await.contains("ca_path"));
        assert!(look(&says(tls).await, false).await.contains("ca_path"), "it asks for TLS by itself");
    }

    #[test]
    fn a_complaint_that_repeats_itself_is_said_now_and_then() {
        let said = Said::of(&NatsConfig::default());
        let count = (0..60).filter(|_| said.is_news("refused")).count();
        assert_eq!(count, 2);
        assert!(said.is_news("another"));
        said.is_well();
        assert!(said.is_news("another"), "again after it was well");
    }
}
