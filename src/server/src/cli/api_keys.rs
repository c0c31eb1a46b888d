//! `plenum key`: keys of programs, in the data directory.

use super::offline::{self, Missing};
use super::{Failure, Settings, block_on};
use clap::Subcommand;
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_schema::{ApiKeyId, moment};
use plenum_services::api_keys::{ApiKeys, KeyInfo, KeyScope, NewKey, ShownKey};
use std::io::Write;
use std::sync::Arc;

/// Keys listed with one read of the store.
const PAGE: usize = 500;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and print it: it is shown this once
    Add {
        /// What to call it
        #[arg(long)]
        name: String,
        /// What it may do: status:read, status:write; may be repeated
        #[arg(long = "scope", required = true)]
        scopes: Vec<KeyScope>,
        /// When it ends by itself, as in 2030-01-31T12:00:00Z
        #[arg(long, value_parser = time)]
        expires_at: Option<i64>,
    },
    /// List all keys, without their secrets
    List,
    /// Give a key another secret and print it; the one before stays valid for a while
    Rotate {
        /// The key's id
        id: ApiKeyId,
        /// For how long, seconds; absent: `api_keys.overlap_s`
        #[arg(long)]
        overlap_s: Option<u64>,
    },
    /// End a key
    Revoke {
        /// The key's id
        id: ApiKeyId,
    },
}

fn time(text: &str) -> Result<i64, String> {
    moment::parse(text).ok_or_else(|| "write a time such as 2030-01-31T12:00:00Z".to_owned())
}

pub(super) fn run(settings: &Settings, command: KeyCommand) -> Result<(), Failure> {
    let config = settings.load()?;
    let clock: SharedClock = Arc::new(SystemClock::new());
    let keys = ApiKeys::new(offline::store(&config, Missing::Refuse)?, clock, config.api_keys.clone());
    block_on(async move {
        match command {
            KeyCommand::Add { name, scopes, expires_at } => {
                let new = NewKey { name, scopes: scopes.into_iter().collect(), expires_at, by: None };
                show(&keys.create(new).await?)
            }
            KeyCommand::List => list(&keys).await,
            KeyCommand::Rotate { id, overlap_s } => show(&keys.rotate(id, overlap_s, None).await?),
            KeyCommand::Revoke { id } => Ok(keys.revoke(id, None).await?),
        }
    })
}

fn show(shown: &ShownKey) -> Result<(), Failure> {
    eprintln!("{}", row(&shown.info));
    writeln!(std::io::stdout(), "{}", shown.key.expose())?;
    Ok(())
}

async fn list(keys: &ApiKeys) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let mut after = None;
    loop {
        let page = keys.list(after, PAGE).await?;
        for key in &page {
            writeln!(out, "{}", row(key))?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

fn row(key: &KeyInfo) -> String {
    let when = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), moment::text);
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let (ends, used) = (when(key.expires_at), when(key.last_used_at));
    format!("{}\t{}\tends {ends}\tused {used}\t{}", key.id, scopes.join(" "), key.name)
}
