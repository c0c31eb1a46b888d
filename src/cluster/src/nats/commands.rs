//! Commands for aggregates that live on other nodes, and from other nodes for those that live here.

use super::bus::Shared;
use super::packet::{self, AnswerPacket, CommandPacket};
use async_nats::{Message, Request};
use futures_util::StreamExt;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::directory::{Carried, Directory, Done, Errand, Remote};
use plenum_actors::owner::reply::Reply;
use plenum_schema::{NodeId, Refusal, RefusalCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Advice to whoever sends more than this node takes, milliseconds.
const BUSY_MS: u64 = 250;

pub fn start<A: Aggregate>(shared: &Arc<Shared>, directory: &Directory<A>) {
    directory.connect(Arc::new(Carrier { shared: shared.clone(), in_flight: Arc::default() }));
    shared.spawn(serve(shared.clone(), directory.clone()));
}

/// Takes commands to other nodes.
struct Carrier {
    shared: Arc<Shared>,
    in_flight: Arc<AtomicUsize>,
}

impl<A: Aggregate> Remote<A> for Carrier {
    fn carry(&self, node: NodeId, errand: Arc<Errand<A>>, done: Done<A>) {
        let shared = self.shared.clone();
        let count = |outcome: &str| shared.metrics.commands.with_label_values(&[outcome]).inc();
        if !shared.is_connected() {
            count("away");
            return done(Carried::Lost);
        }
        if self.in_flight.load(Ordering::Relaxed) >= shared.config.commands_in_flight {
            count("full");
            return done(Carried::Lost);
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        shared.metrics.in_flight.inc();
        let in_flight = self.in_flight.clone();
        self.shared.spawn(async move {
            let carried = ask::<A>(&shared, node, &errand).await;
            in_flight.fetch_sub(1, Ordering::Relaxed);
            shared.metrics.in_flight.dec();
            let outcome = if matches!(carried, Carried::Lost) { "lost" } else { "answered" };
            shared.metrics.commands.with_label_values(&[outcome]).inc();
            // Carried out here it must count once: the errand is nobody else's any more.
            drop(errand);
            done(carried);
        });
    }

    fn max_hops(&self) -> u8 {
        self.shared.config.max_hops
    }
}

/// Sends a command and waits for its answer, as long as the node is there.
async fn ask<A: Aggregate>(shared: &Shared, node: NodeId, errand: &Errand<A>) -> Carried<A::Answer> {
    let Errand { id, entry, hops, command } = errand;
    let packet = CommandPacket { id: *id, entry: *entry, hops: *hops, command };
    let Ok(bytes) = packet::encode(&packet) else { return Carried::Lost };
    shared.metrics.count_sent("command", bytes.len());
    let within = Duration::from_millis(shared.config.command_timeout_ms);
    let request = Request::new().payload(bytes).timeout(Some(within));
    let answer = shared.client.send_request(shared.subjects.command(node, A::KIND), request);
    let answer = tokio::select! {
        answer = answer => answer,
        () = gone(shared, node) => return Carried::Lost,
    };
    let Ok(message) = answer else { return Carried::Lost };
    shared.metrics.count_received("answer", message.payload.len());
    match packet::decode::<AnswerPacket<A::Answer>>(&message.payload) {
        Ok(AnswerPacket::Done(answer)) => Carried::Answered(Ok(answer)),
        Ok(AnswerPacket::Refused(refusal)) => Carried::Answered(Err(refusal)),
        Err(_) => Carried::Lost,
    }
}

/// Returns when the node is there no more, or the bus is away.
async fn gone(shared: &Shared, node: NodeId) {
    let (mut membership, mut connected) = (shared.membership.subscribe(), shared.connected.clone());
    while shared.members.has(node) && shared.is_connected() {
        let changed = tokio::select! {
            changed = membership.changed() => changed,
            changed = connected.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}

async fn serve<A: Aggregate>(shared: Arc<Shared>, directory: Directory<A>) {
    let subject = shared.subjects.command(shared.members.me(), A::KIND);
    let Some(mut commands) = shared.listen(subject).await else { return };
    let open = Arc::new(AtomicUsize::new(0));
    while let Some(message) = commands.next().await {
        shared.metrics.count_received("command", message.payload.len());
        let Ok(packet) = packet::decode::<CommandPacket<A::Command>>(&message.payload) else {
            shared.metrics.count_lost("unreadable");
            let refusal = Refusal::new(RefusalCode::Draining, "the node does not know this command");
            shared.answer("answer", &message, &AnswerPacket::<A::Answer>::Refused(refusal)).await;
            continue;
        };
        if open.load(Ordering::Relaxed) >= shared.config.commands_in_flight {
            let refusal = Refusal::new(RefusalCode::Busy, "the node has too many commands").retry_after(BUSY_MS);
            shared.answer("answer", &message, &AnswerPacket::<A::Answer>::Refused(refusal)).await;
            continue;
        }
        open.fetch_add(1, Ordering::Relaxed);
        shared.metrics.served.inc();
        let CommandPacket { id, entry, hops, command } = packet;
        directory.tell_errand(Errand { id, command, entry, hops }, reply::<A>(&shared, message, open.clone()));
    }
}

/// Sends the owner's answer back.
fn reply<A: Aggregate>(shared: &Arc<Shared>, message: Message, open: Arc<AtomicUsize>) -> Reply<A::Answer> {
    let shared = shared.clone();
    Reply::new(move |result| {
        open.fetch_sub(1, Ordering::Relaxed);
        let answer = match result {
            Ok(answer) => AnswerPacket::Done(answer),
            Err(refusal) => AnswerPacket::Refused(refusal),
        };
        let task_shared = shared.clone();
        shared.spawn(async move { task_shared.answer("answer", &message, &answer).await });
    })
}
