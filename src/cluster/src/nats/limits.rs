//! What was taken of the buckets of rate limits: told between nodes. A report may be lost: then what it told of counts on its node alone.

use super::bus::{Node, Shared};
use super::packet::{self, SpentPacket};
use futures_util::StreamExt;
use plenum_actors::shared_limits::Report;
use std::sync::Arc;
use std::time::Duration;

pub fn start(shared: &Arc<Shared>, node: &Node) {
    shared.spawn(tell(shared.clone(), node.clone()));
    shared.spawn(hear(shared.clone(), node.clone()));
}

async fn tell(shared: Arc<Shared>, node: Node) {
    let every = Duration::from_millis(shared.config.limits_every_ms);
    loop {
        tokio::time::sleep(every).await;
        // What nobody hears is not kept: told later, it would shut out who has long waited for it.
        let Report { at, spendings, untold } = node.limits.report();
        shared.metrics.untold_spendings.inc_by(untold);
        let others = shared.members.others();
        node.limits.only(&others);
        if others.is_empty() {
            continue;
        }
        if !shared.is_connected() {
            shared.metrics.untold_spendings.inc_by(spendings.len() as u64);
            continue;
        }
        for part in spendings.chunks(shared.config.limits_lines) {
            let packet = SpentPacket { from: shared.members.me(), at, spendings: part.to_vec() };
            shared.send("limits", shared.subjects.limits(), &packet).await;
        }
    }
}

async fn hear(shared: Arc<Shared>, node: Node) {
    let Some(mut reports) = shared.listen(shared.subjects.limits()).await else { return };
    while let Some(message) = reports.next().await {
        shared.metrics.count_received("limits", message.payload.len());
        match packet::decode::<SpentPacket>(&message.payload) {
            Ok(packet) if shared.members.has(packet.from) => {
                let uncharged = node.limits.hear(packet.from, packet.at, &packet.spendings);
                shared.metrics.uncharged_spendings.inc_by(uncharged as u64);
            }
            // Its own, or of a node that counts as gone.
            Ok(_) => {}
            Err(_) => shared.metrics.count_lost("unreadable"),
        }
    }
}
