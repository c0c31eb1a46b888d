//! Who is on which node: reports of presence between nodes.

use super::bus::Shared;
use super::packet::{self, Question, ReportPart};
use async_nats::Message;
use futures_util::StreamExt;
use plenum_actors::presence::{Line, Presence, Report};
use plenum_schema::NodeId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A report without news is a sign of life: one in so many is sent.
const ALIVE_EVERY: u32 = 8;
/// Parts of one report: more are not put together.
const MOST_PARTS: u32 = 4_096;

pub fn start(shared: &Arc<Shared>, presence: &Presence) {
    shared.spawn(tell(shared.clone(), presence.clone()));
    shared.spawn(hear(shared.clone(), presence.clone(), shared.subjects.presence()));
    shared.spawn(hear(shared.clone(), presence.clone(), shared.subjects.presence_to(shared.members.me())));
    shared.spawn(answer(shared.clone(), presence.clone()));
}

/// Tells the others what changed here, and asks those of whom something was missed.
async fn tell(shared: Arc<Shared>, presence: Presence) {
    let every = Duration::from_millis(shared.config.presence_every_ms);
    let mut quiet = ALIVE_EVERY;
    loop {
        tokio::time::sleep(every).await;
        if !shared.is_connected() {
            presence.hold();
            continue;
        }
        quiet += 1;
        let report = presence.next_report();
        if !report.lines.is_empty() || quiet >= ALIVE_EVERY {
            quiet = 0;
            send(&shared, shared.subjects.presence(), report).await;
        }
        for node in presence.take_questions() {
            let question = Question { from: shared.members.me() };
            shared.send("ask", shared.subjects.ask(node), &question).await;
        }
    }
}

/// Says everybody to whoever asks.
async fn answer(shared: Arc<Shared>, presence: Presence) {
    let Some(mut questions) = shared.listen(shared.subjects.ask(shared.members.me())).await else { return };
    while let Some(message) = questions.next().await {
        shared.metrics.count_received("ask", message.payload.len());
        match packet::decode::<Question>(&message.payload) {
            Ok(question) => send(&shared, shared.subjects.presence_to(question.from), presence.full_report()).await,
            Err(_) => shared.metrics.count_lost("unreadable"),
        }
    }
}

async fn send(shared: &Shared, subject: String, report: Report) {
    for part in parts(report, shared.config.presence_lines) {
        shared.send("presence", subject.clone(), &part).await;
    }
}

fn parts(report: Report, lines: usize) -> Vec<ReportPart> {
    let Report { node, version, base, lines: all } = report;
    let chunks: Vec<Vec<Line>> =
        if all.is_empty() { vec![all] } else { all.chunks(lines).map(<[Line]>::to_vec).collect() };
    let parts = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
    let part = |(part, lines)| ReportPart { part, parts, report: Report { node, version, base, lines } };
    (0..parts).zip(chunks).map(part).collect()
}

async fn hear(shared: Arc<Shared>, presence: Presence, subject: String) {
    let Some(mut reports) = shared.listen(subject).await else { return };
    let mut puzzles: HashMap<NodeId, Vec<ReportPart>> = HashMap::new();
    while let Some(message) = reports.next().await {
        let Some(part) = read(&shared, &message) else { continue };
        if let Some(report) = put_together(&mut puzzles, part) {
            presence.report(&report);
        }
        // A node that died in the middle of a report leaves nothing behind.
        puzzles.retain(|node, _| shared.members.has(*node));
    }
}

fn read(shared: &Shared, message: &Message) -> Option<ReportPart> {
    shared.metrics.count_received("presence", message.payload.len());
    let part: Option<ReportPart> = packet::decode(&message.payload).ok();
    let part = part.filter(|part| part.parts <= MOST_PARTS);
    if part.is_none() {
        shared.metrics.count_lost("unreadable");
    }
    part
}

/// Parts of one report come in order; with one missing the report is lost, which its version will show.
fn put_together(puzzles: &mut HashMap<NodeId, Vec<ReportPart>>, part: ReportPart) -> Option<Report> {
    if part.parts == 1 {
        return Some(part.report);
    }
    let node = part.report.node;
    let puzzle = puzzles.entry(node).or_default();
    if part.part == 0 {
        puzzle.clear();
    }
    let fits = |before: &ReportPart| {
        (before.part + 1, before.parts, before.report.version, before.report.base)
            == (part.part, part.parts, part.report.version, part.report.base)
    };
    if part.part != 0 && !puzzle.last().is_some_and(fits) {
        puzzles.remove(&node);
        return None;
    }
    let is_last = part.part + 1 == part.parts;
    puzzle.push(part);
    if !is_last {
        return None;
    }
    let mut whole = puzzles.remove(&node)?.into_iter().map(|part| part.report);
    let mut report = whole.next()?;
    report.lines.extend(whole.flat_map(|more| more.lines));
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::UserId;
    use uuid::Uuid;

    fn report(people: u128) -> Report {
        let line = |n| Line { user: UserId(Uuid::from_u128(n)), connections: 1, at: 0 };
        Report { node: NodeId(Uuid::from_u128(1)), version: 4, base: None, lines: (0..people).map(line).collect() }
    }

    #[test]
    fn a_report_is_put_together_from_its_parts() {
        for people in [0, 1, 10, 11, 25] {
            let (mut puzzles, all) = (HashMap::new(), parts(report(people), 10));
            let mut whole: Vec<Report> = all.into_iter().filter_map(|part| put_together(&mut puzzles, part)).collect();
            assert_eq!((whole.pop(), whole.len(), puzzles.len()), (Some(report(people)), 0, 0), "{people}");
        }
    }

    #[test]
    fn a_report_with_a_lost_part_is_lost() {
        for lost in 0..3 {
            let (mut puzzles, mut all) = (HashMap::new(), parts(report(25), 10));
            all.remove(lost);
            let whole: Vec<Report> = all.into_iter().filter_map(|part| put_together(&mut puzzles, part)).collect();
            assert_eq!(whole, vec![], "{lost}");
            let again = parts(report(25), 10).into_iter().filter_map(|part| put_together(&mut puzzles, part));
            assert_eq!(again.count(), 1);
        }
    }
}
