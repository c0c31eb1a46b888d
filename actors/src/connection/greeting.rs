//! What a connection hears first.

use super::protocol::Shared;
use plenum_schema::ConnectionId;
use plenum_schema::wire::{HeartbeatAdvice, Hello, Limits, PROTOCOL, ReconnectAdvice};

/// The limits that are enforced here, and how to keep in touch.
pub(super) fn hello(shared: &Shared, connection: ConnectionId) -> Hello {
    let (config, hub) = (&shared.config, &shared.hub_config);
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Hello {
        protocol: PROTOCOL.into(),
        server: shared.server.clone(),
        connection,
        limits: Limits {
            message_bytes: config.message_bytes,
            text_bytes: small(shared.text_bytes as u64),
            topics: config.topics_per_connection,
            commands_in_flight: config.commands_in_flight,
            page_events: small(hub.page_events as u64),
            commands_per_second: config.commands_per_second,
            identify_within_ms: small(hub.identify_within_ms),
        },
        heartbeat: HeartbeatAdvice {
            interval_ms: small(hub.heartbeat_interval_ms),
            timeout_ms: small(hub.heartbeat_timeout_ms),
        },
        reconnect: ReconnectAdvice {
            min_delay_ms: config.reconnect_min_delay_ms,
            max_delay_ms: config.reconnect_max_delay_ms,
        },
    }
}
