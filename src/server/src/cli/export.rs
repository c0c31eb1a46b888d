//! `plenum export`: a conversation as JSON lines, from the data directory or from a running server.

use super::offline::{self, Missing};
use super::wire::Server;
use super::{Failure, Settings, block_on};
use crate::client::Client;
use clap::Args;
use plenum_actors::history::{History, HistoryConfig};
use plenum_actors::owner::recent::Span;
use plenum_actors::publication::Body;
use plenum_actors::store::SharedStore;
use plenum_schema::wire::{AckResult, Command, EventFrame, History as HistoryCommand, Page};
use plenum_schema::{ConversationId, LogId, Offset, Topic};
use std::fs::File;
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
    /// Write to this file, which must not exist yet, instead of the standard output
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
    let mut out: BufWriter<Box<dyn Write>> = BufWriter::new(match &args.output {
        Some(path) => Box::new(File::create_new(path).map_err(|error| format!("{}: {error}", path.display()))?),
        None => Box::new(std::io::stdout()),
    });
    let count = if args.server.is_named() {
        let (address, token) = (args.server.address(settings)?, args.server.token()?);
        block_on(async { from_server(Client::connect(&address, &token).await?, topic, &mut out).await })?
    } else {
        let store = offline::store(&settings.load()?, Missing::Refuse)?;
        block_on(from_store(&store, topic, &mut out))?
    };
    out.flush()?;
    eprintln!("plenum: {count} events");
    Ok(())
}

async fn from_store(store: &SharedStore, topic: Topic, out: &mut impl Write) -> Result<u64, Failure> {
    let log: LogId = topic.log().ok_or("this topic keeps no history")?;
    if store.head(log).await?.offset == 0 {
        return Err("there is no such conversation in this data directory".into());
    }
    // As readers get it: without what was deleted.
    let history = History::new(store.clone(), Arc::default(), HistoryConfig::default());
    let (mut after, mut count) = (0, 0);
    loop {
        let page = history.read(topic, Span::After(after), PAGE_EVENTS, PAGE_BYTES, 0).await?;
        let Some(last) = page.publications.last().and_then(|last| last.offset()) else { return Ok(count) };
        after = last;
        for publication in &page.publications {
            if let Body::Event { offset, at, event } = publication.body() {
                write_event(out, &EventFrame { topic, offset: *offset, at: *at, event: event.clone() })?;
                count += 1;
            }
        }
    }
}

async fn from_server(mut client: Client, topic: Topic, out: &mut impl Write) -> Result<u64, Failure> {
    let limit = client.hello().map(|hello| hello.limits.page_events);
    let (mut after, mut count): (Offset, u64) = (0, 0);
    loop {
        let ask = HistoryCommand { topic, before: None, after: Some(after), limit };
        let AckResult::Page(Page { events, head, .. }) = client.ask(Command::History(ask)).await? else {
            return Err("the server gave another command's answer".into());
        };
        for event in &events {
            write_event(out, event)?;
            (after, count) = (event.offset, count + 1);
        }
        if events.is_empty() || after >= head {
            client.close().await;
            return Ok(count);
        }
    }
}

fn write_event(out: &mut impl Write, event: &EventFrame) -> Result<(), Failure> {
    writeln!(out, "{}", serde_json::to_string(event)?)?;
    Ok(())
}
