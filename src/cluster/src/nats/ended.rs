//! Sessions that have ended: told to every node until it confirms, and compared with the store whenever the bus was away.

use super::bus::{Node, Shared};
use super::packet::{self, EndedPacket};
use async_nats::Request;
use futures_util::StreamExt;
use futures_util::stream;
use plenum_actors::identity::{Identity, SessionEnder};
use plenum_schema::entities::Session;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{NodeId, SessionId};
use std::sync::Arc;
use std::time::Duration;

/// How long a node may take to confirm before it is told again.
const CONFIRM_WITHIN: Duration = Duration::from_millis(300);

/// The longest pause between two comparisons of all sessions with the store.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

pub fn start(shared: &Arc<Shared>, node: &Node) {
    shared.spawn(hear(shared.clone(), node.clone(), shared.subjects.ended(shared.members.me())));
    shared.spawn(hear(shared.clone(), node.clone(), shared.subjects.all_ended()));
    shared.spawn(compare(shared.clone(), node.clone()));
}

/// Tells all other nodes.
pub fn tell(shared: &Arc<Shared>, sessions: &[SessionId]) {
    for node in shared.members.others() {
        let packet = EndedPacket { sessions: sessions.to_vec() };
        let task_shared = shared.clone();
        shared.spawn(async move { tell_node(&task_shared, node, &packet).await });
    }
}

async fn tell_node(shared: &Shared, node: NodeId, packet: &EndedPacket) {
    let Ok(bytes) = packet::encode(packet) else { return };
    for _ in 0..shared.config.ended_attempts {
        if !shared.members.has(node) {
            // Whoever comes back compares with the store.
            return;
        }
        let request = Request::new().payload(bytes.clone()).timeout(Some(CONFIRM_WITHIN));
        shared.metrics.count_sent("ended", bytes.len());
        if shared.client.send_request(shared.subjects.ended(node), request).await.is_ok() {
            return;
        }
        tokio::time::sleep(CONFIRM_WITHIN / 3).await;
    }
    shared.metrics.unconfirmed.inc();
}

async fn hear(shared: Arc<Shared>, node: Node, subject: String) {
    let Some(mut ended) = shared.listen(subject).await else { return };
    while let Some(message) = ended.next().await {
        shared.metrics.count_received("ended", message.payload.len());
        match packet::decode::<EndedPacket>(&message.payload) {
            Ok(packet) => {
                node.hubs.end_sessions(&packet.sessions);
                shared.answer("ended", &message, &()).await;
            }
            Err(_) => shared.metrics.count_lost("unreadable"),
        }
    }
}

/// While the bus is away, once when it is back, and after this process has stood still, nobody may have told this node: the store
/// knows.
async fn compare(shared: Arc<Shared>, node: Node) {
    let (mut connected, mut woken) = (shared.connected.clone(), shared.woken.subscribe());
    let every = Duration::from_millis(shared.config.check_alone_ms);
    loop {
        if shared.is_connected() {
            let began = shared.clock.mono();
            end_those_gone(&shared, &node).await;
            // Whatever asks for it, and however many there are: the store has half of the time for others.
            let took = Duration::from_millis(shared.clock.mono().saturating_sub(began));
            tokio::time::sleep(took.min(LONGEST_PAUSE)).await;
            let changed = tokio::select! {
                changed = connected.changed() => changed,
                changed = woken.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
        } else {
            let _back = tokio::time::timeout(every, connected.changed()).await.is_ok();
            end_those_gone(&shared, &node).await;
        }
    }
}

async fn end_those_gone(shared: &Shared, node: &Node) {
    let open = node.hubs.sessions().await;
    let looks = open.into_iter().map(|who| async move { is_gone(node, who).await.then_some(who.session) });
    let gone: Vec<Option<SessionId>> = stream::iter(looks).buffer_unordered(shared.config.check_reads).collect().await;
    let gone: Vec<SessionId> = gone.into_iter().flatten().collect();
    if !gone.is_empty() {
        node.hubs.end_sessions(&gone);
    }
}

/// Whether the store says for certain that a session has ended. Tokens of one conference have no session there: they end by time,
/// and what they are for goes with the conference.
async fn is_gone(node: &Node, who: Identity) -> bool {
    if !who.is_account() {
        return false;
    }
    let key = vec![who.user.to_value(), who.session.to_value()];
    matches!(node.store.get(Session::TABLE, key).await, Ok(None))
}
