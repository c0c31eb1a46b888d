//! How large audiences are: told between nodes.

use super::bus::{Node, Shared};
use super::packet::{self, CrowdsPacket};
use futures_util::StreamExt;
use plenum_actors::crowds::Crowd;
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
        for crowds in parts(crowds, shared.config.presence_lines) {
            let packet = CrowdsPacket { from: shared.members.me(), crowds };
            shared.send("crowds", shared.subjects.crowds(), &packet).await;
        }
    }
}

/// Cuts a report into messages of at most so many conferences and names; one conference is never cut.
fn parts(crowds: Vec<Crowd>, lines: usize) -> Vec<Vec<Crowd>> {
    let mut parts: Vec<Vec<Crowd>> = Vec::new();
    let mut room = 0;
    for crowd in crowds {
        let weight = 1 + crowd.named.len();
        match parts.last_mut() {
            Some(part) if weight <= room => part.push(crowd),
            _ => {
                room = lines.max(weight);
                parts.push(vec![crowd]);
            }
        }
        room -= weight;
    }
    parts
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

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::{ConferenceId, ParticipantId};
    use uuid::Uuid;

    #[test]
    fn a_report_is_cut_by_conferences_and_names() {
        let crowd = |number: u128, named: u128| {
            let named = (0..named).map(|n| ParticipantId(Uuid::from_u128(n))).collect();
            Crowd { conference: ConferenceId(Uuid::from_u128(number)), live: 1, joined: 1, over: false, named }
        };
        let report = vec![crowd(1, 3), crowd(2, 5), crowd(3, 0), crowd(4, 50), crowd(5, 0)];
        let sizes: Vec<usize> = parts(report, 10).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
        assert_eq!(parts(vec![], 10), Vec::<Vec<Crowd>>::new());
    }
}
