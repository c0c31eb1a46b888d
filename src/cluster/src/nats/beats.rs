//! Nodes say that they are there.

use super::bus::{Node, Shared};
use super::heads::Heads;
use super::members::{Changed, View};
use super::packet::{self, Beat, Question};
use futures_util::StreamExt;
use plenum_schema::NodeId;
use std::sync::Arc;
use std::time::Duration;

/// A silence is new for so many times as long as it takes to be noticed: by then the client of the bus has found a dead connection.
const LOOKS_WHILE_NEW: u64 = 10;

pub fn start(shared: &Arc<Shared>, node: &Node, heads: &Arc<Heads>) {
    shared.spawn(hear(shared.clone(), node.clone(), heads.clone()));
    shared.spawn(beat(shared.clone(), node.clone(), heads.clone()));
}

async fn hear(shared: Arc<Shared>, node: Node, heads: Arc<Heads>) {
    let Some(mut beats) = shared.listen(shared.subjects.nodes()).await else { return };
    while let Some(message) = beats.next().await {
        shared.metrics.count_received("beat", message.payload.len());
        let Ok(beat) = packet::decode::<Beat>(&message.payload) else {
            shared.metrics.count_lost("unreadable");
            continue;
        };
        let now = shared.clock.mono();
        let changed = shared.change_members(|view| view.beat(&beat, now));
        if !changed.new.is_empty() {
            // It need not wait for the next beat to know this node.
            shared.send("beat", shared.subjects.nodes(), &shared.members.my_beat()).await;
        }
        follow(&shared, &node, &heads, &changed);
    }
}

async fn beat(shared: Arc<Shared>, node: Node, heads: Arc<Heads>) {
    let mut connected = shared.connected.clone();
    let every = Duration::from_millis(shared.config.beat_ms);
    let mut last = shared.clock.mono();
    let mut looked = 0;
    loop {
        feel(&shared, &node);
        if shared.is_connected() {
            shared.send("beat", shared.subjects.nodes(), &shared.members.my_beat()).await;
        }
        // At once when the connection is there again.
        let _woken = tokio::time::timeout(every, connected.changed()).await.is_ok();
        let now = shared.clock.mono();
        // Nobody is dead because this node could not hear: the bus was away, or this process did not run.
        let was_paused = now.saturating_sub(last) > shared.config.silent_ms / 2;
        last = now;
        if was_paused {
            shared.woken.send_replace(());
        }
        if !shared.is_connected() || was_paused {
            shared.members.change(|view| view.hold(now));
            continue;
        }
        let changed = shared.members.change(|view| view.tick(now));
        // A silent node is dead, or it cannot be heard, or this one hears nothing over a connection that stands: the store knows what is
        // missed.
        if let Some(since) = shared.members.change(|view| view.in_doubt(now)) {
            let is_new = since < shared.config.silent_ms.saturating_mul(LOOKS_WHILE_NEW);
            let every = if is_new { shared.config.check_alone_ms } else { shared.config.check_every_ms };
            if now.saturating_sub(looked) >= every {
                looked = now;
                shared.woken.send_replace(());
            }
        }
        if changed != Changed::default() {
            shared.change_members(|_: &mut View| ());
            follow(&shared, &node, &heads, &changed);
        }
    }
}

/// A node whose store does not answer gives its aggregates away.
fn feel(shared: &Shared, node: &Node) {
    let is_well = node.store.health().is_ok();
    if shared.members.change(|view| view.feel(is_well)) {
        tracing::warn!(is_well, "the store of this node: aggregates live elsewhere while it does not answer");
        shared.change_members(|_: &mut View| ());
        node.rest_misplaced();
    }
}

/// Asks a node that has come who is on it, so that it need not be found out by its next reports.
fn ask(shared: &Arc<Shared>, node: NodeId) {
    let shared = shared.clone();
    let (subject, question) = (shared.subjects.ask(node), Question { from: shared.members.me() });
    shared.clone().spawn(async move { shared.send("ask", subject, &question).await });
}

fn follow(shared: &Arc<Shared>, node: &Node, heads: &Heads, changed: &Changed) {
    for id in &changed.new {
        tracing::info!(node = %id, "a node has come");
        ask(shared, *id);
    }
    for id in &changed.gone {
        tracing::info!(node = %id, "a node has ended");
        node.presence.node_ended(*id);
    }
    for id in &changed.silent {
        tracing::warn!(node = %id, "a node is silent: its aggregates live elsewhere from now on");
        shared.metrics.silences.inc();
    }
    if !changed.returned.is_empty() {
        // What it told while it could not be heard is lost: sessions that ended there, publications.
        shared.woken.send_replace(());
    } else if !changed.gone.is_empty() || !changed.silent.is_empty() {
        heads.look_at_all();
    }
    if changed.placement {
        node.rest_misplaced();
    }
}
