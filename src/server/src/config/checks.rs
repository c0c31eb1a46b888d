//! What types cannot say: ranges, and settings that contradict each other.

use super::sections::MAX_WORKERS;
use super::{Bus, Config, Engine};
use plenum_actors::connection::ConnectionConfig;
use plenum_actors::history::HistoryConfig;
use plenum_actors::hub::{HubConfig, LadderConfig, Shed};
use plenum_edge::socketio::MAX_DEPTH;
use plenum_edge::socketio::positions::MOST_TOPICS;
use plenum_providers::DepotProvider;
use plenum_services::idempotency::IdempotencyConfig;
use plenum_store::CqlError;
use plenum_store::cql::{CqlTls, check_tls};
use std::fmt::Display;
use std::ops::RangeInclusive;
use tracing_subscriber::EnvFilter;

/// Bytes that a frame needs around the text it carries: names, ids, escapes of ordinary text.
const FRAME_ROOM: usize = 1_024;

type Found = Vec<(String, String)>;

/// A node without news gives a sign of life with one report of eight; the second may be late.
const SIGNS_IN_SILENCE: u64 = 16;

fn between<T: PartialOrd + Display + Copy>(found: &mut Found, key: &str, value: T, range: RangeInclusive<T>) {
    if !range.contains(&value) {
        found.push((key.to_owned(), format!("must be {} to {}, not {value}", range.start(), range.end())));
    }
}

fn unless(found: &mut Found, fine: bool, key: &str, reason: &str) {
    if !fine {
        found.push((key.to_owned(), reason.to_owned()));
    }
}

/// What is wrong with the files for TLS, as connecting would find it, by the member that names them.
fn tls_problem(tls: &CqlTls) -> Option<(&'static str, String)> {
    let CqlError::Tls { key, reason } = check_tls(tls).err()? else { return None };
    let member = key.strip_prefix("tls.").unwrap_or(key);
    // Without a file the system's authorities count, and this machine may have none.
    (member != "ca_path" || !tls.ca_path.as_os_str().is_empty()).then_some((member, reason))
}

impl Config {
    /// Everything that is wrong, by key.
    #[must_use]
    pub fn problems(&self) -> Found {
        let mut found = Vec::new();
        self.check_process(&mut found);
        self.check_listeners(&mut found);
        self.check_websocket(&mut found);
        self.check_plain(&mut found);
        between(&mut found, "rest.lookup_keys", self.rest.lookup_keys, 16..=10_000_000);
        let rest = &self.rest;
        let rates = [
            ("rest.lookup_rate", rest.lookup_rate),
            ("rest.guess_rate", rest.guess_rate),
            ("rest.key_rate", rest.key_rate),
            ("rest.upload_rate", rest.upload_rate),
        ];
        for (key, rate) in rates {
            found.extend(rate.problem().map(|(member, reason)| (format!("{key}.{member}"), reason.to_owned())));
        }
        between(&mut found, "rest.guess_keys", self.rest.guess_keys, 16..=10_000_000);
        between(&mut found, "rest.upload_keys", self.rest.upload_keys, 16..=10_000_000);
        self.check_socketio(&mut found);
        check_limits(&mut found, &self.limits);
        check_history(&mut found, &self.history);
        check_idempotency(&mut found, &self.idempotency);
        check_hub(&mut found, &self.hub);
        self.check_answers(&mut found);
        let below = |section: &'static str| move |(key, reason): (&str, String)| (format!("{section}.{key}"), reason);
        found.extend(self.owner.problems().into_iter().map(below("owner")));
        let renamed = |(key, reason)| (if key == "group_members" { "max_members" } else { key }, reason);
        found.extend(self.conversations.limits().problems().into_iter().map(renamed).map(below("conversations")));
        found.extend(
            self.http.surface.problems().into_iter().map(|problem| below("http")((problem.key, problem.reason))),
        );
        self.check_cluster(&mut found);
        found.extend(self.pages.problems().into_iter().map(below("pages")));
        found.extend(self.conferences.service.problems().into_iter().map(below("conferences")));
        self.check_voting(&mut found);
        self.check_status_board(&mut found);
        found.extend(self.presence.problems().into_iter().map(below("presence")));
        found.extend(self.conversations.service.problems().into_iter().map(below("conversations")));
        between(&mut found, "store.marks_every_ms", self.store.marks_every_ms, 50..=60_000);
        found.extend(self.store.limits.problems().into_iter().map(store_problem));
        found.extend(self.store.cql.problems().into_iter().map(below("store.scylla")));
        found.extend(self.events.problems().into_iter().map(below("events")));
        found.extend(self.subjects.problems().into_iter().map(below("subjects")));
        found.extend(self.market.problems().into_iter().map(below("market")));
        found.extend(self.images.problems().into_iter().map(below("images")));
        found.extend(self.accounts.codes.problems().into_iter().map(below("accounts.codes")));
        found.extend(self.google.problems().into_iter().map(below("google")));
        let providers = [
            ("mail", self.mail.problems()),
            ("sms", self.sms.problems()),
            ("depot", self.depot.problems()),
            ("payments", self.payments.problems()),
        ];
        for (section, problems) in providers {
            found.extend(problems.into_iter().map(|(key, reason)| (format!("{section}.{key}"), reason)));
        }
        let accounts = self.accounts.problems().into_iter();
        found.extend(accounts.map(|problem| below("accounts")((problem.key, problem.reason.to_owned()))));
        found
    }

    /// What is allowed but should be known, by key.
    #[must_use]
    pub fn warnings(&self) -> Found {
        let mut found = Vec::new();
        let accounts = self.accounts.warnings().into_iter();
        found.extend(accounts.map(|warning| (format!("accounts.{}", warning.key), warning.reason.to_owned())));
        let is_private = self.operations.listen.ip().is_loopback() || !self.operations.token.is_empty();
        unless(&mut found, is_private, "operations.token", "is empty although others than this machine reach /metrics");
        let is_protected = self.tls.is_on() || self.http.listen.ip().is_loopback();
        let has_proxy = !self.http.surface.trusted_proxies.is_empty();
        let reason = "is empty although others than this machine connect: without a proxy that ends TLS, passwords travel in the clear";
        unless(&mut found, is_protected || has_proxy, "tls.certificate_path", reason);
        let is_local = |node: &String| ["127.", "localhost", "[::1]"].iter().any(|start| node.starts_with(start));
        let is_near = self.store.engine == Engine::Embedded || self.store.cql.nodes.iter().all(is_local);
        let reason = "is off although the cluster is on other machines: data and the password travel in the clear";
        unless(&mut found, is_near || self.store.cql.tls.enabled, "store.scylla.tls.enabled", reason);
        let is_everywhere = self.store.engine == Engine::Embedded || !self.store.cql.is_local_among_several();
        let reason = "is local_quorum (or serial_consistency is local_serial) although there are copies in several datacentres: Plenum \
                      nodes may run in one of them alone, or the others show what is old and tell people that there is no more";
        unless(&mut found, is_everywhere, "store.scylla.consistency", reason);
        let is_reached = self.cluster.bus == Bus::None || self.depot.provider != DepotProvider::Disk;
        let reason = "is empty although there are other nodes: they would not find what people upload";
        unless(&mut found, is_reached || !self.depot.path.as_os_str().is_empty(), "depot.path", reason);
        let payments = self.payments.warnings(self.http.listen.ip().is_loopback()).into_iter();
        found.extend(payments.map(|(key, reason)| (format!("payments.{key}"), reason.to_owned())));
        let reason = "is on: /ws-echo accepts large messages from anybody";
        unless(&mut found, !self.websocket.echo, "websocket.echo", reason);
        let reason = "is on: anybody may report on the domains of the status board";
        unless(&mut found, !self.status_board.public_checker, "status_board.public_checker", reason);
        found
    }

    fn check_status_board(&self, found: &mut Found) {
        let (board, keys) = (&self.status_board, &self.api_keys);
        between(found, "status_board.brands", board.brands, 1..=10_000);
        between(found, "status_board.domains", board.domains, 1..=100_000);
        between(found, "status_board.reports", board.reports, 1..=10_000);
        between(found, "status_board.periods", board.periods, 1..=100_000);
        between(found, "status_board.claim_grace_s", board.claim_grace_s, 5..=86_400);
        between(found, "api_keys.keys", keys.keys, 1..=1_000);
        between(found, "api_keys.max_overlap_s", keys.max_overlap_s, 0..=366 * 86_400);
        between(found, "api_keys.overlap_s", keys.overlap_s, 0..=keys.max_overlap_s);
        between(found, "api_keys.used_every_s", keys.used_every_s, 1..=86_400);
    }

    fn check_voting(&self, found: &mut Found) {
        let below = |section: &'static str| move |(key, reason): (&str, String)| (format!("{section}.{key}"), reason);
        found.extend(self.board.problems().into_iter().map(below("board")));
        found.extend(self.voting.limits.problems().into_iter().map(below("voting")));
        let owner = self.voting.owner(&self.owner).problems().into_iter();
        let own = ["batch_entries", "max_pending_commands", "snapshot_every"];
        found.extend(owner.filter(|(key, _)| own.contains(key)).map(below("voting")));
        let limits = &self.conferences;
        between(found, "conferences.title_chars", limits.title_chars, 1..=1_000);
        between(found, "conferences.description_chars", limits.description_chars, 0..=10_000);
        between(found, "conferences.speakers", limits.speakers, 0..=200);
        between(found, "conferences.teams", limits.teams, 0..=1_000);
        between(found, "conferences.agenda_items", limits.agenda_items, 0..=2_000);
        between(found, "conferences.hosts", limits.hosts, 1..=1_000);
        between(found, "conferences.live_questions", limits.live_questions, 1..=200);
        between(found, "conferences.asked_questions", limits.asked_questions, 1..=900);
    }

    fn check_process(&self, found: &mut Found) {
        between(found, "server.workers", self.server.workers, 0..=MAX_WORKERS);
        between(found, "server.clock_offset_ms", self.server.clock_offset_ms, -3_600_000..=3_600_000);
        between(found, "drain.window_ms", self.drain.window_ms, 0..=600_000);
        between(found, "drain.timeout_ms", self.drain.timeout_ms, 100..=3_600_000);
        unless(found, !self.store.path.as_os_str().is_empty(), "store.path", "must not be empty");
        if let Err(error) = EnvFilter::builder().parse(&self.log.level) {
            found.push(("log.level".to_owned(), format!("is no level and no list of levels by module: {error}")));
        }
    }

    fn check_cluster(&self, found: &mut Found) {
        let below = |(key, reason): (&str, String)| (format!("cluster.{key}"), reason);
        found.extend(self.cluster.settings.problems().into_iter().map(below));
        let is_fine = self.cluster.bus == Bus::None || self.store.engine != Engine::Embedded;
        let reason =
            "cannot be the embedded engine, which one process has for itself: the nodes of a cluster share a store";
        unless(found, is_fine, "store.engine", reason);
        let (silent, every) = (self.presence.node_silent_ms, self.cluster.settings.presence_every_ms);
        let reason = format!(
            "must be at least {SIGNS_IN_SILENCE} times cluster.presence_every_ms ({every}): nodes that are well would count as silent"
        );
        let is_heard = self.cluster.bus == Bus::None || silent >= every.saturating_mul(SIGNS_IN_SILENCE);
        unless(found, is_heard, "presence.node_silent_ms", &reason);
        if self.cluster.bus == Bus::Nats {
            let nats = &self.cluster.settings.nats;
            let files = CqlTls {
                enabled: true,
                ca_path: nats.ca_path.clone(),
                certificate_path: nats.certificate_path.clone(),
                private_key_path: nats.private_key_path.clone(),
            };
            found.extend(tls_problem(&files).map(|(member, reason)| (format!("cluster.nats.{member}"), reason)));
        }
        if self.store.engine == Engine::Scylla {
            let problem = tls_problem(&self.store.cql.tls);
            found.extend(problem.map(|(member, reason)| (format!("store.scylla.tls.{member}"), reason)));
        }
    }

    fn check_listeners(&self, found: &mut Found) {
        let (public, operations) = (self.http.listen, self.operations.listen);
        let is_same_host =
            public.ip() == operations.ip() || public.ip().is_unspecified() || operations.ip().is_unspecified();
        let is_same = is_same_host && public.port() == operations.port() && public.port() != 0;
        unless(
            found,
            !is_same,
            "operations.listen",
            "must differ from http.listen: metrics do not belong on the public port",
        );
        between(found, "http.backlog", self.http.backlog, 1..=65_535);
        between(found, "http.keep_alive_ms", self.http.keep_alive_ms, 0..=3_600_000);
        between(found, "http.request_head_ms", self.http.request_head_ms, 100..=600_000);
        let has_certificate = !self.tls.certificate_path.as_os_str().is_empty();
        let has_key = !self.tls.private_key_path.as_os_str().is_empty();
        unless(
            found,
            has_certificate || !has_key,
            "tls.certificate_path",
            "is empty although tls.private_key_path is set",
        );
        unless(
            found,
            has_key || !has_certificate,
            "tls.private_key_path",
            "is empty although tls.certificate_path is set",
        );
    }

    fn check_socketio(&self, found: &mut Found) {
        let socketio = &self.socketio;
        between(found, "socketio.polling_sessions", socketio.polling_sessions, 1..=10_000_000);
        between(found, "socketio.max_payload_bytes", socketio.max_payload_bytes, 1_024..=64 << 20);
        between(found, "socketio.max_payload_packets", socketio.max_payload_packets, 1..=65_536);
        between(found, "socketio.poll_bytes", socketio.poll_bytes, 1_024..=64 << 20);
        between(found, "socketio.poll_records", socketio.poll_records, 1..=1_000_000);
        between(found, "socketio.upgrade_timeout_ms", socketio.upgrade_timeout_ms, 100..=600_000);
        between(found, "socketio.post_timeout_ms", socketio.post_timeout_ms, 100..=600_000);
        between(found, "socketio.attachments", socketio.attachments, 0..=1_024);
        between(found, "socketio.depth", socketio.depth, 4..=MAX_DEPTH);
        between(found, "socketio.arguments", socketio.arguments, 1..=1_024);
        between(found, "socketio.namespace_bytes", socketio.namespace_bytes, 1..=4_096);
        between(found, "socketio.recovery_topics", socketio.recovery_topics, 1..=MOST_TOPICS);
        between(found, "socketio.recovery_wait_ms", socketio.recovery_wait_ms, 1..=60_000);
        between(found, "socketio.told_positions", socketio.told_positions, 1..=MOST_TOPICS);
        between(found, "socketio.followed_conversations", socketio.followed_conversations, 0..=MOST_TOPICS);
        between(found, "socketio.delivered_every_ms", socketio.delivered_every_ms, 0..=60_000);
        between(found, "socketio.delivered_conversations", socketio.delivered_conversations, 1..=10_000);
        between(found, "socketio.kept_hints", socketio.kept_hints, 16..=10_000);
        between(found, "socketio.watched_questions", socketio.watched_questions, 1..=1_000);
        between(found, "socketio.follow_retries", socketio.follow_retries, 0..=1_000);
        between(found, "socketio.follow_retry_ms", socketio.follow_retry_ms, 1..=60_000);
        between(found, "socketio.follow_retry_most_ms", socketio.follow_retry_most_ms, 1..=600_000);
        unless(
            found,
            socketio.recovery_topics >= socketio.told_positions,
            "socketio.recovery_topics",
            "must be at least socketio.told_positions, or what clients are told cannot be read when they come back",
        );
        unless(
            found,
            socketio.follow_retry_most_ms >= socketio.follow_retry_ms,
            "socketio.follow_retry_most_ms",
            "must be at least socketio.follow_retry_ms",
        );
        unless(
            found,
            socketio.told_positions >= socketio.followed_conversations,
            "socketio.told_positions",
            "must be at least socketio.followed_conversations, or what has been heard comes again at a recovery",
        );
        let largest = socketio.max_payload_bytes.max(self.conversations.text_bytes.saturating_mul(6)).saturating_mul(2);
        let reason = "must be at least twice max_payload_bytes and 12 times conversations.text_bytes, or the longest \
            message does not fit";
        unless(found, socketio.poll_buffer_bytes >= largest, "socketio.poll_buffer_bytes", reason);
    }

    fn check_plain(&self, found: &mut Found) {
        let (stream, poll) = (&self.stream, &self.poll);
        between(found, "http.stalled_ms", self.http.stalled_ms, 0..=3_600_000);
        between(found, "stream.topics", stream.topics, 1..=1_000);
        between(found, "stream.buffer_bytes", stream.buffer_bytes, 1_024..=16 << 20);
        between(found, "poll.connections", poll.connections, 0..=1_000_000);
        between(found, "poll.buffer_bytes", poll.buffer_bytes, 1_024..=16 << 20);
        between(found, "poll.body_bytes", poll.body_bytes, 1_024..=16 << 20);
        let most = self.hub.heartbeat_timeout_ms.saturating_sub(1_000);
        let reason = "must be a second less than hub.heartbeat_timeout_ms, or a client that waits is taken for dead";
        unless(found, poll.wait_ms <= most, "poll.wait_ms", reason);
    }

    /// What one connection is answered and what may wait for it.
    fn check_answers(&self, found: &mut Found) {
        let (limits, hub, page) = (&self.limits, &self.hub, self.conversations.service.page_bytes);
        let needed = page.saturating_add(FRAME_ROOM);
        let reason =
            "must be at least conversations.page_bytes and 1,024 more, or two answers never wait beside each other";
        unless(found, limits.answer_bytes >= needed, "limits.answer_bytes", reason);
        let needed = limits.answer_bytes.saturating_add(needed).max(hub.page_bytes);
        let reason = "must be at least limits.answer_bytes and conversations.page_bytes together and 1,024 more, and \
            hub.page_bytes, or whoever reads a full page counts as a slow consumer";
        unless(found, hub.outbox_bytes >= needed, "hub.outbox_bytes", reason);
    }

    fn check_websocket(&self, found: &mut Found) {
        let websocket = &self.websocket;
        between(found, "websocket.handshake_ms", websocket.handshake_ms, 100..=600_000);
        let rate = websocket.handshake_rate.problem();
        found.extend(rate.map(|(member, reason)| (format!("websocket.handshake_rate.{member}"), reason.to_owned())));
        between(found, "websocket.tls_write_bytes", websocket.tls_write_bytes, 1_024..=16 << 20);
        between(found, "websocket.fragments", websocket.fragments, 1..=65_536);
        let is_origin = |text: &&String| {
            let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', ' ', '@']))
        };
        let wrong = websocket.origin.allowed.iter().filter(is_origin);
        let reason = |origin| format!("`{origin}` is not scheme://host[:port]");
        found.extend(wrong.map(|origin| ("websocket.origin.allowed".to_owned(), reason(origin))));
        let room = self.conversations.text_bytes.saturating_add(FRAME_ROOM);
        let fits = usize::try_from(self.limits.message_bytes).is_ok_and(|bytes| bytes >= room);
        let reason = "must be at least conversations.text_bytes and 1,024 more, or the longest text cannot be sent";
        unless(found, fits, "limits.message_bytes", reason);
    }
}

/// The engine says `key is 0; it must be at least 1`.
fn store_problem(text: String) -> (String, String) {
    match text.split_once(' ') {
        Some((key, reason)) => (format!("store.{key}"), reason.to_owned()),
        None => ("store".to_owned(), text),
    }
}

fn check_limits(found: &mut Found, limits: &ConnectionConfig) {
    between(found, "limits.connections", limits.connections, 1..=10_000_000);
    between(found, "limits.unidentified", limits.unidentified, 1..=10_000_000);
    let share = limits.unidentified_per_address_percent;
    between(found, "limits.unidentified_per_address_percent", share, 1..=100);
    between(found, "limits.http_per_address", limits.http_per_address, 0..=1 << 24);
    between(found, "limits.full_retry_ms", limits.full_retry_ms, 1..=600_000);
    between(found, "limits.answer_bytes", limits.answer_bytes, 1_024..=1 << 30);
    between(found, "limits.answer_retry_ms", limits.answer_retry_ms, 1..=600_000);
    let controls = limits.control_frames_per_second;
    between(found, "limits.control_frames_per_second", controls, 1..=1_000_000);
    between(found, "limits.token_bytes", limits.token_bytes, 1_024..=64 << 10);
    between(found, "limits.client_bytes", limits.client_bytes, 1..=1_024);
    between(found, "limits.connections_per_user", limits.connections_per_user, 1..=1_000_000);
    between(found, "limits.message_bytes", limits.message_bytes, 1_024..=16 << 20);
    between(found, "limits.topics_per_connection", limits.topics_per_connection, 1..=100_000);
    between(found, "limits.commands_in_flight", limits.commands_in_flight, 1..=65_536);
    between(found, "limits.commands_per_second", limits.commands_per_second, 1..=1_000_000);
    between(found, "limits.user_commands_factor", limits.user_commands_factor, 0..=1_000_000);
    between(found, "limits.unreadable_frames", limits.unreadable_frames, 1..=1_000_000);
    between(found, "limits.flood_refusals", limits.flood_refusals, 1..=1_000_000);
    between(found, "limits.reconnect_min_delay_ms", limits.reconnect_min_delay_ms, 1..=600_000);
    let delays = limits.reconnect_min_delay_ms..=3_600_000;
    between(found, "limits.reconnect_max_delay_ms", limits.reconnect_max_delay_ms, delays);
}

fn check_history(found: &mut Found, history: &HistoryConfig) {
    between(found, "history.page_entries", history.page_entries, 1..=10_000);
    between(found, "history.page_bytes", history.page_bytes, 1_024..=16 << 20);
    between(found, "history.unavailable_retry_ms", history.unavailable_retry_ms, 1..=600_000);
}

fn check_idempotency(found: &mut Found, idempotency: &IdempotencyConfig) {
    between(found, "idempotency.keep_ms", idempotency.keep_ms, 0..=31_536_000_000);
    between(found, "idempotency.claim_ms", idempotency.claim_ms, 1_000..=86_400_000);
    between(found, "idempotency.body_bytes", idempotency.body_bytes, 0..=4 << 20);
}

fn check_hub(found: &mut Found, hub: &HubConfig) {
    between(found, "hub.outbox_bytes", hub.outbox_bytes, 1_024..=1 << 30);
    between(found, "hub.outbox_soft_bytes", hub.outbox_soft_bytes, 1..=hub.outbox_bytes);
    between(found, "hub.slice_connections", hub.slice_connections, 1..=1_000_000);
    between(found, "hub.rest_percent", hub.rest_percent, 0..=10_000);
    between(found, "hub.rest_max_micros", hub.rest_max_micros, 0..=1_000_000);
    between(found, "hub.ring_events", hub.ring_events, 1..=100_000);
    between(found, "hub.ring_bytes", hub.ring_bytes, 0..=1 << 30);
    between(found, "hub.page_events", hub.page_events, 1..=10_000);
    between(found, "hub.page_bytes", hub.page_bytes, 1_024..=16 << 20);
    between(found, "hub.pending_bytes", hub.pending_bytes, 1_024..=1 << 30);
    between(found, "hub.mailbox_batches", hub.mailbox_batches, 1..=1_000_000);
    between(found, "hub.heartbeat_interval_ms", hub.heartbeat_interval_ms, 100..=600_000);
    between(found, "hub.identify_within_ms", hub.identify_within_ms, 100..=600_000);
    between(found, "hub.close_timeout_ms", hub.close_timeout_ms, 1..=600_000);
    between(found, "hub.conflated_keys", hub.conflated_keys, 1..=100_000);
    between(found, "hub.ended_sessions", hub.ended_sessions, 1..=1_000_000);
    between(found, "hub.read_retry_ms", hub.read_retry_ms, 1..=600_000);
    between(found, "hub.read_attempts", hub.read_attempts, 1..=1_000);
    let is_longer = hub.heartbeat_timeout_ms > hub.heartbeat_interval_ms;
    unless(found, is_longer, "hub.heartbeat_timeout_ms", "must be longer than hub.heartbeat_interval_ms");
    between(found, "hub.restart_window_ms", hub.restart_window_ms, 0..=600_000);
    check_ladder(found, &hub.ladder);
}

fn check_ladder(found: &mut Found, ladder: &LadderConfig) {
    let mut before: Option<(Shed, usize)> = None;
    for (shed, percent) in ladder.steps() {
        let key = format!("hub.ladder.{}_percent", shed.as_str());
        between(found, &key, percent, 1..=100);
        if let Some((lower, below)) = before {
            let reason = format!("must be at least hub.ladder.{}_percent ({below}), which goes first", lower.as_str());
            unless(found, percent >= below, &key, &reason);
        }
        before = Some((shed, percent));
    }
    let most = ladder.typing_percent.saturating_sub(1);
    between(found, "hub.ladder.relax_percent", ladder.relax_percent, 0..=most);
    between(found, "hub.ladder.hold_ms", ladder.hold_ms, 1..=60_000);
    between(found, "hub.ladder.held_signals", ladder.held_signals, 0..=1_000_000);
    between(found, "hub.ladder.retry_ms", ladder.retry_ms, 1..=600_000);
}
