//! `plenum export`: a conversation as JSON lines, from the data directory or from a running server.

use super::offline::{self, Missing};
use super::output::Output;
use super::wire::Server;
use super::{Failure, Settings, block_on};
use crate::client::Client;
use clap::Args;
use plenum_actors::history::{History, HistoryConfig};
use plenum_actors::owner::recent::Span;
use plenum_actors::publication::Body;
use plenum_actors::store::SharedStore;
use plenum_schema::wire::{
    AckResult, Command, EventFrame, Gap, GapReason, History as HistoryCommand, Page, ServerFrame,
};
use plenum_schema::{ConversationId, LogId, Offset, Topic};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Events read at once from the store.
const PAGE_EVENTS: usize = 512;
/// Bytes read at once from the store.
const PAGE_BYTES: usize = 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Its id or its topic
    #[arg(value_parser = conversation)]
    conversation: ConversationId,
    /// Write to this file, which must not exist yet, instead of the standard output. It is there when everything is in it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// With a URL or a token the events come from a running server, else from the data directory
    #[command(flatten)]
    server: Server,
}

fn conversation(text: &str) -> Result<ConversationId, String> {
    let id = text.strip_prefix("conversation:").unwrap_or(text);
    id.parse().map_err(|_| "write the conversation's id or `conversation:<id>`".to_owned())
}

pub(super) fn run(settings: &Settings, args: &ExportArgs) -> Result<(), Failure> {
    let topic = Topic::Conversation(args.conversation);
    let mut lines =
        Lines { out: BufWriter::new(Output::open(args.output.as_deref())?), topic, after: 0, told: Told::default() };
    if args.server.is_named() {
        let (address, token) = (args.server.address(settings)?, args.server.token()?);
        block_on(async { from_server(Client::connect(&address, &token).await?, &mut lines).await })?;
    } else {
        let store = offline::store(&settings.load()?, Missing::Refuse)?;
        block_on(from_store(&store, &mut lines))?;
    }
    let Lines { out, told, .. } = lines;
    out.into_inner().map_err(|error| error.into_error())?.finish()?;
    match told.gone {
        0 => eprintln!("plenum: {} events", told.events),
        gone => eprintln!(
            "plenum: {} events; {gone} are gone, which retention removed: see the lines with `gap`",
            told.events
        ),
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Told {
    events: u64,
    /// Offsets in gap records.
    gone: u64,
}

/// What has been written: events as their frames, and what retention removed as gap records in their place.
struct Lines<W: Write> {
    out: BufWriter<W>,
    topic: Topic,
    /// Everything up to here is written or told as gone.
    after: Offset,
    told: Told,
}

impl<W: Write> Lines<W> {
    /// The next page begins: the log's oldest event is at `first`, the page's at `oldest`. (The log may have lost more after the
    /// page was read.)
    fn page(&mut self, first: Offset, oldest: Option<Offset>) -> Result<(), Failure> {
        let next = oldest.map_or(first, |oldest| oldest.min(first));
        if next <= self.after + 1 {
            return Ok(());
        }
        let gap = Gap { topic: self.topic, from: self.after + 1, to: next - 1, reason: GapReason::Retention };
        writeln!(self.out, "{}", serde_json::to_string(&ServerFrame::Gap(gap))?)?;
        self.told.gone += next - 1 - self.after;
        self.after = next - 1;
        Ok(())
    }

    fn event(&mut self, event: &EventFrame) -> Result<(), Failure> {
        writeln!(self.out, "{}", serde_json::to_string(event)?)?;
        self.told.events += 1;
        self.after = event.offset;
        Ok(())
    }
}

async fn from_store<W: Write>(store: &SharedStore, lines: &mut Lines<W>) -> Result<(), Failure> {
    let topic = lines.topic;
    let log: LogId = topic.log().ok_or("this topic keeps no history")?;
    if store.head(log).await?.offset == 0 {
        return Err("there is no such conversation in this data directory".into());
    }
    // As readers get it: without what was deleted.
    let history = History::new(store.clone(), Arc::default(), HistoryConfig::default());
    loop {
        let page = history.read(topic, Span::After(lines.after), PAGE_EVENTS, PAGE_BYTES, 0).await?;
        lines.page(page.first, page.publications.first().and_then(|first| first.offset()))?;
        for publication in &page.publications {
            if let Body::Event { offset, at, event } = publication.body() {
                lines.event(&EventFrame { topic, offset: *offset, at: *at, event: event.clone() })?;
            }
        }
        if page.publications.is_empty() {
            return Ok(());
        }
    }
}

async fn from_server<W: Write>(mut client: Client, lines: &mut Lines<W>) -> Result<(), Failure> {
    let limit = client.hello().map(|hello| hello.limits.page_events);
    loop {
        let ask = HistoryCommand { topic: lines.topic, before: None, after: Some(lines.after), limit };
        let AckResult::Page(Page { events, head, first, .. }) = client.ask(Command::History(ask)).await? else {
            return Err("the server gave another command's answer".into());
        };
        lines.page(first, events.first().map(|event| event.offset))?;
        for event in &events {
            lines.event(event)?;
        }
        if events.is_empty() || lines.after >= head {
            client.close().await;
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::conversation::{ConversationEvent, TitleChanged};
    use plenum_schema::wire::Event;
    use uuid::Uuid;

    fn event(topic: Topic, offset: Offset) -> EventFrame {
        let changed = TitleChanged { title: "t".into(), by: plenum_schema::UserId(Uuid::nil()), now: None };
        EventFrame { topic, offset, at: 0, event: Event::Conversation(ConversationEvent::TitleChanged(changed)) }
    }

    #[test]
    fn what_retention_removed_is_a_line_in_its_place_and_what_was_still_read_is_an_event() {
        let topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
        let mut lines = Lines { out: BufWriter::new(Vec::new()), topic, after: 0, told: Told::default() };
        // First and oldest of each page, and the events in it.
        for (first, offsets) in [(1, 1..=2), (6, 6..=7), (12, 8..=9), (12, 12..=12)] {
            lines.page(first, Some(*offsets.start())).expect("written");
            offsets.for_each(|offset| lines.event(&event(topic, offset)).expect("written"));
        }
        lines.page(15, None).expect("written");
        assert_eq!(lines.told, Told { events: 7, gone: 3 + 2 + 2 });
        let text = String::from_utf8(lines.out.into_inner().expect("flushed")).expect("text");
        let told = text.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            line["offset"]
                .as_u64()
                .map_or_else(|| format!("{}-{}", line["gap"]["from"], line["gap"]["to"]), |one| one.to_string())
        });
        assert_eq!(told.collect::<Vec<_>>(), ["1", "2", "3-5", "6", "7", "8", "9", "10-11", "12", "13-14"]);
    }
}
