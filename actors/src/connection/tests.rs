//! What a connection leaves in the log.

use super::{Access, Following, Hall};
use super::{Admission, Answer, Backend, Connection, ConnectionConfig, ConnectionMetrics, Reply, Shared};
use crate::clock::ManualClock;
use crate::hub::{ConnectionKey, Shut, Socket};
use crate::hub::{
    Core, Framing, HubConfig, HubHandle, HubMetrics, Hubs, LogPage, LogReader, NewConnection, PageFuture,
};
use crate::identity::Identity;
use crate::publication::Dialect;
use bytes::Bytes;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{AckResult, Command};
use plenum_schema::{ConferenceId, ConnectionId, MessageId, Offset, Refusal, RefusalCode, Topic};
use std::fmt::{Debug, Write as _};
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use uuid::Uuid;

/// Keeps the lines of the log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A backend that nobody asks.
struct Nobody;

impl Backend for Nobody {
    fn authenticate(&self, _: String, _: Reply<Identity>) {}

    fn access(&self, _: Identity, _: Topic, _: Option<Offset>, _: Reply<Access>) {}

    fn following(&self, _: Identity, _: usize, _: Reply<Following>) {}

    fn locate(&self, _: MessageId, _: Vec<Topic>, _: Reply<(Topic, Offset)>) {}

    fn conference_of(&self, _: Identity, _: String, _: Reply<ConferenceId>) {}

    fn hall(&self, _: Identity, _: ConferenceId, _: Reply<Hall>) {}

    fn call(&self, _: Identity, _: Command, _: Reply<AckResult>) {}
}

struct EmptyLog;

impl LogReader for EmptyLog {
    fn read(&self, _: Topic, _: Offset, _: Offset, _: usize, _: usize) -> PageFuture {
        Box::pin(async { Ok(LogPage::default()) })
    }
}

/// A socket that takes everything.
struct Hole;

impl Socket for Hole {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }

    fn shut(&self, _: Shut) {}
}

fn shared() -> Shared {
    let registry = prometheus::Registry::new();
    let (clock, metrics) = (Arc::new(ManualClock::default()), HubMetrics::new(&registry).unwrap());
    let framing = Framing {
        encode: |_, _| Bytes::from_static(b"frame"),
        ping: |_| Bytes::new(),
        close: |_, _, _| Bytes::new(),
        trail: |_, _, _| {},
        trailed: |_, _, _, _, _| {},
    };
    let hubs = Hubs::new(&HubConfig { mailbox_batches: 16, ..HubConfig::default() }, metrics.clone(), None);
    let core = Core::new(HubConfig::default(), framing, clock.clone(), metrics);
    Shared {
        config: ConnectionConfig::default(),
        hub_config: HubConfig::default(),
        text_bytes: 100,
        hub: HubHandle::start(core, Arc::new(EmptyLog), &hubs),
        backend: Arc::new(Nobody),
        admission: Admission::new(&ConnectionConfig::default()),
        clock,
        server: "plenum/test".to_owned(),
        metrics: ConnectionMetrics::new(&registry).unwrap(),
    }
}

fn join(shared: &Shared, id: ConnectionId) -> ConnectionKey {
    shared.hub.with(|core| core.join(NewConnection { id, socket: Rc::new(Hole), dialect: Dialect::NativeJson }))
}

#[actix::test]
async fn the_line_of_an_internal_refusal_names_the_connection_and_the_command() {
    let (shared, id) = (shared(), ConnectionId(Uuid::from_u128(4_711)));
    let mut connection = Connection::open(&shared, join(&shared, id), id, Codec::Json);
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        for code in [RefusalCode::Internal, RefusalCode::Busy] {
            connection.answer(&shared, Answer::Done(7, "send", Err(Refusal::new(code, "it went wrong"))));
        }
    });
    let lines = lines.0.lock().unwrap().join("\n");
    assert_eq!(lines.lines().count(), 1, "{lines}");
    for part in ["ERROR", &format!("connection={id}"), "command=\"send\"", "id=7", "it went wrong"] {
        assert!(lines.contains(part), "{part} in {lines}");
    }
}

#[actix::test]
async fn pings_before_identification_have_a_rate_and_a_flood_of_them_ends_the_connection() {
    let mut shared = shared();
    (shared.config.control_frames_per_second, shared.config.flood_refusals) = (5, 100);
    let id = ConnectionId(Uuid::from_u128(4_711));
    let mut connection = Connection::open(&shared, join(&shared, id), id, Codec::Json);
    let answered = (0..109).filter(|_| connection.control(&shared)).count();
    assert_eq!(answered, 10, "twice the rate at once");
    assert_eq!(shared.metrics.controls_ignored.get(), 99);
    let is_open = |key| shared.hub.with(|core| core.is_open(key));
    assert!(is_open(connection.key()));
    connection.control(&shared);
    assert!(!is_open(connection.key()));
}
