//! How large audiences are: told between nodes.

use super::bus::{Node, Shared};
use super::packet::{self, CrowdsPacket};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// Everything is told with one report in so many, which makes up for lost ones.
const ALL_EVERY: u32 = 40;

pub fn start(shared: &Arc<Shared>, node: &Node) {
    shared.spawn(tell(shared.clone(), node.clone()));
    shared.spawn(hear(shared.clone(), node.clone()));
}

async fn tell(shared: Arc<Shared>, node: Node) {
    let every = Duration::from_millis(shared.config.presence_every_ms);
    let mut membership = shared.membership.subscribe();
    let mut round = 0;
    loop {
        tokio::time::sleep(every).await;
        if !shared.is_connected() {
            continue;
        }
        round = (round + 1) % ALL_EVERY;
        // A node that has come knows nothing yet; of one that has gone nobody is here any more.
        let has_changed = membership.has_changed().unwrap_or(false);
        if has_changed {
            membership.mark_unchanged();
            node.crowds.only(&shared.members.others());
        }
        let crowds = node.crowds.report(has_changed || round == 0);
        for crowds in crowds.chunks(shared.config.presence_lines) {
            let packet = CrowdsPacket { from: shared.members.me(), crowds: crowds.to_vec() };
            shared.send("crowds", shared.subjects.crowds(), &packet).await;
        }
    }
}

async fn hear(shared: Arc<Shared>, node: Node) {
    let Some(mut reports) = shared.listen(shared.subjects.crowds()).await else { return };
    while let Some(message) = reports.next().await {
        shared.metrics.count_received("crowds", message.payload.len());
        match packet::decode::<CrowdsPacket>(&message.payload) {
            Ok(packet) if shared.members.has(packet.from) => node.crowds.hear(packet.from, &packet.crowds),
            Ok(_) => {}
            Err(_) => shared.metrics.count_lost("unreadable"),
        }
    }
}
