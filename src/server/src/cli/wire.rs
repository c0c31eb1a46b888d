//! `plenum tail` and `plenum publish`: clients of a running server.

use super::{Failure, Settings, block_on};
use crate::client::{Address, Client, ClientError};
use clap::Args;
use plenum_schema::wire::{AckResult, Command, Send, ServerFrame, Subscribe};
use plenum_schema::{Content, Offset, Topic};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// First wait before a reconnection when the server gave no advice; it doubles with each try.
const FIRST_WAIT_MS: u64 = 500;
/// Longest wait before a reconnection.
const LONGEST_WAIT_MS: u64 = 30_000;
/// How often `publish` tries before it gives up. It repeats with the same reference, so nothing is sent twice.
const PUBLISH_TRIES: u32 = 5;

/// Which server, and who.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// The server: `ws://host:port` or `wss://host`; without it the one that the configuration describes
    #[arg(long, value_name = "URL")]
    pub url: Option<Address>,
    /// An access token. Other people on this machine see arguments: prefer `--token-file` or `PLENUM_TOKEN`
    #[arg(long, conflicts_with = "token_file")]
    token: Option<String>,
    /// Read the access token from this file
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Server {
    pub fn address(&self, settings: &Settings) -> Result<Address, Failure> {
        if let Some(address) = &self.url {
            return Ok(address.clone());
        }
        let config = settings.load()?;
        let scheme = if config.tls.is_on() { "wss" } else { "ws" };
        Ok(format!("{scheme}://{}", config.http.listen).parse()?)
    }

    /// Whether a server is meant rather than the data directory.
    pub fn is_named(&self) -> bool {
        self.url.is_some() || self.token.is_some() || self.token_file.is_some()
    }

    pub fn token(&self) -> Result<Zeroizing<String>, Failure> {
        let text = match (&self.token, &self.token_file) {
            (Some(token), _) => token.clone(),
            (None, Some(path)) => {
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?
            }
            (None, None) => std::env::var("PLENUM_TOKEN")
                .map_err(|_| "an access token is needed: --token-file FILE, --token TOKEN or PLENUM_TOKEN")?,
        };
        Ok(Zeroizing::new(text.trim().to_owned()))
    }
}

#[derive(Debug, Args)]
pub(super) struct TailArgs {
    /// For example `conversation:<id>`
    topic: Topic,
    /// Begin after this offset (0: with the first event) instead of with what happens from now
    #[arg(long, value_name = "OFFSET")]
    since: Option<Offset>,
    /// Also print signals: typing, marks
    #[arg(long)]
    signals: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// For example `conversation:<id>`
    topic: Topic,
    /// What to say
    text: String,
    /// Your own reference, 1 to 64 bytes: a repetition with the same one is answered with the first offset
    #[arg(long, value_name = "REF")]
    client_ref: Option<String>,
    #[command(flatten)]
    server: Server,
}

pub(super) fn tail(settings: &Settings, args: &TailArgs) -> Result<(), Failure> {
    let (address, token) = (args.server.address(settings)?, args.server.token()?);
    let mut tail = Tail { topic: args.topic, position: args.since, signals: args.signals, tries: 0 };
    block_on(async move {
        loop {
            let error = match tail.follow(&address, &token).await {
                Ok(never) => match never {},
                Err(failure) => failure.downcast::<ClientError>()?,
            };
            if !error.is_passing() {
                return Err(error.into());
            }
            let wait = error.retry_after_ms().unwrap_or_else(|| tail.back_off());
            eprintln!("plenum: {error}; again in {wait} ms");
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    })
}

/// Where a tail stands, over all its connections.
struct Tail {
    topic: Topic,
    /// The last offset printed.
    position: Option<Offset>,
    signals: bool,
    tries: u32,
}

impl Tail {
    /// Prints until the connection ends.
    async fn follow(&mut self, address: &Address, token: &str) -> Result<std::convert::Infallible, Failure> {
        let mut client = Client::connect(address, token).await?;
        let subscribe = Subscribe { topic: self.topic, since: self.position };
        if let AckResult::Subscribed(subscribed) = client.ask(Command::Subscribe(subscribe)).await? {
            self.position.get_or_insert(subscribed.since);
        }
        self.tries = 0;
        loop {
            let frame = client.next().await?;
            if self.is_wanted(&frame) {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{}", serde_json::to_string(&frame)?)?;
                out.flush()?;
            }
        }
    }

    fn is_wanted(&mut self, frame: &ServerFrame) -> bool {
        let reached = match frame {
            ServerFrame::Event(event) => event.offset,
            ServerFrame::Gap(gap) => gap.to,
            ServerFrame::Signal(_) => return self.signals,
            _ => return false,
        };
        let is_new = self.position.is_none_or(|position| reached > position);
        self.position = self.position.max(Some(reached));
        is_new
    }

    fn back_off(&mut self) -> u64 {
        let wait = FIRST_WAIT_MS.saturating_mul(1 << self.tries.min(10)).min(LONGEST_WAIT_MS);
        self.tries += 1;
        // Many clients of a server that restarts must not come back in the same instant.
        wait / 2 + rand::random_range(0..=wait / 2)
    }
}

pub(super) fn publish(settings: &Settings, args: PublishArgs) -> Result<(), Failure> {
    let (address, token) = (args.server.address(settings)?, args.server.token()?);
    let client_ref = args.client_ref.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
    let send = Send { topic: args.topic, client_ref: Some(client_ref), content: Content::text(args.text) };
    block_on(async move {
        let mut tries = 1;
        loop {
            match publish_once(&address, &token, send.clone()).await {
                Ok(answer) => {
                    writeln!(std::io::stdout(), "{}", serde_json::to_string(&answer)?)?;
                    return Ok(());
                }
                Err(error) if error.is_passing() && tries < PUBLISH_TRIES => {
                    let wait = error.retry_after_ms().unwrap_or(FIRST_WAIT_MS << tries).min(LONGEST_WAIT_MS);
                    eprintln!("plenum: {error}; again in {wait} ms");
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    tries += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    })
}

async fn publish_once(address: &Address, token: &str, send: Send) -> Result<AckResult, ClientError> {
    let mut client = Client::connect(address, token).await?;
    let answer = client.ask(Command::Send(send)).await?;
    client.close().await;
    Ok(answer)
}
