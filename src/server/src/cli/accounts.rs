//! `plenum user`, `plenum token`, `plenum keys`: accounts in the data directory.

use super::offline::{self, Missing};
use super::{Failure, Settings, block_on};
use clap::{Args, Subcommand};
use plenum_services::accounts::{Accounts, Minted, NewAccount, Profile, ProfileUpdate, Role, Secret};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Accounts listed with one read of the store.
const PAGE: usize = 500;
/// What a device is called whose session the operator made.
const DEVICE: &str = "command line";

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account; the password is read from a file or the standard input
    Add(AddArgs),
    /// List all accounts
    List {
        /// JSON lines with whole profiles
        #[arg(long)]
        json: bool,
    },
    /// Give an account a role: user, host, speaker, seller, university or admin
    SetRole {
        /// E-mail address, telephone number, user name or id
        user: String,
        /// The role
        role: Role,
    },
    /// Set a password, which is read from a file or the standard input; all sessions of the account end
    SetPassword {
        /// E-mail address, telephone number, user name or id
        user: String,
        /// Read the password from this file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Telephone number with country code
    #[arg(long)]
    phone: Option<String>,
    /// User name
    #[arg(long)]
    username: Option<String>,
    /// Name that others see
    #[arg(long)]
    full_name: Option<String>,
    /// Read the password from this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Make it without a password: nobody signs in until one is set
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,
    /// Make a new store where there is none yet, instead of refusing
    #[arg(long)]
    create: bool,
}

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// Sign this account in: e-mail address, telephone number, user name or id
    #[arg(long, required_unless_present = "new")]
    user: Option<String>,
    /// Make new accounts without names to sign in with, for load tests
    #[arg(long, conflicts_with = "user")]
    new: bool,
    /// How many new accounts
    #[arg(long, default_value_t = 1, requires = "new", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// What the new accounts are called, followed by a number
    #[arg(long, default_value = "Guest", requires = "new")]
    prefix: String,
    /// How long tokens of new accounts live, seconds
    #[arg(long, default_value_t = 86_400, requires = "new", value_parser = clap::value_parser!(u64).range(60..=604_800))]
    ttl_s: u64,
    /// JSON lines {"userId", "sessionId", "token"} instead of text separated by tabs
    #[arg(long)]
    json: bool,
    /// Make a new store where there is none yet, instead of refusing
    #[arg(long, requires = "new")]
    create: bool,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make a new signing key; tokens of the one before stay valid until they expire
    Rotate,
}

pub(super) fn user(settings: &Settings, command: UserCommand) -> Result<(), Failure> {
    let missing = match &command {
        UserCommand::Add(args) if args.create => Missing::Create,
        _ => Missing::Refuse,
    };
    let accounts = offline::accounts(&settings.load()?, missing)?;
    block_on(async move {
        match command {
            UserCommand::Add(args) => add(&accounts, args).await,
            UserCommand::List { json } => list(&accounts, json).await,
            UserCommand::SetRole { user, role } => {
                let profile = accounts.lookup(&user).await?;
                let profile = accounts.set_role(profile.id, role, None).await?;
                writeln!(std::io::stdout(), "{}", row(&profile))?;
                Ok(())
            }
            UserCommand::SetPassword { user, password_file } => {
                let profile = accounts.lookup(&user).await?;
                accounts.set_password(profile.id, password(password_file.as_deref())?).await?;
                Ok(())
            }
        }
    })
}

async fn add(accounts: &Accounts, args: AddArgs) -> Result<(), Failure> {
    let password = if args.no_password { None } else { Some(password(args.password_file.as_deref())?) };
    let profile = ProfileUpdate { username: args.username, full_name: args.full_name, ..ProfileUpdate::default() };
    let new = NewAccount { email: args.email, phone: args.phone, profile, password, imported_hash: None };
    let made = accounts.create_user(new).await?;
    writeln!(std::io::stdout(), "{}", made.id)?;
    Ok(())
}

async fn list(accounts: &Accounts, json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let mut after = None;
    loop {
        let page = accounts.list(after, PAGE).await?;
        for profile in &page {
            if json {
                writeln!(out, "{}", serde_json::to_string(profile)?)?;
            } else {
                writeln!(out, "{}", row(profile))?;
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

fn row(profile: &Profile) -> String {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let state = if profile.is_active { "active" } else { "off" };
    let names = [&profile.username, &profile.email, &profile.phone].map(shown).join("\t");
    // A name may hold a tab or a line end.
    let name = profile.name.replace(char::is_control, " ");
    format!("{}\t{names}\t{}\t{state}\t{name}", profile.id, profile.role)
}

/// A password from a file or the standard input; from a terminal without showing it.
fn password(file: Option<&Path>) -> Result<Secret, Failure> {
    let mut text = Zeroizing::new(String::new());
    if let Some(path) = file {
        *text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    } else {
        let hidden = Hidden::start()?;
        std::io::stdin().lock().read_line(&mut text)?;
        drop(hidden);
    }
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("a password is needed".into());
    }
    Ok(Secret::from(password.to_owned()))
}

/// While it lives the terminal does not show what is typed.
struct Hidden(Option<rustix::termios::Termios>);

impl Hidden {
    fn start() -> Result<Self, Failure> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return Ok(Self(None));
        }
        eprint!("Password: ");
        let before = rustix::termios::tcgetattr(&stdin)?;
        let mut silent = before.clone();
        silent.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, &silent)?;
        Ok(Self(Some(before)))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that has gone needs no echo.
            let _gone = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Flush, before);
            eprintln!();
        }
    }
}

pub(super) fn token(settings: &Settings, args: &TokenArgs) -> Result<(), Failure> {
    let missing = if args.create { Missing::Create } else { Missing::Refuse };
    let accounts = offline::accounts(&settings.load()?, missing)?;
    block_on(async move {
        let minted = match &args.user {
            Some(user) => vec![sign_in(&accounts, user).await?],
            None => accounts.mint_many(args.count as usize, &args.prefix, args.ttl_s).await?,
        };
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for one in minted {
            writeln!(out, "{}", token_line(&one, args.json))?;
        }
        out.flush()?;
        Ok(())
    })
}

async fn sign_in(accounts: &Accounts, user: &str) -> Result<Minted, Failure> {
    let profile = accounts.lookup(user).await?;
    let signed_in = accounts.mint_token(profile.id, DEVICE).await?;
    Ok(Minted { user: profile.id, session: signed_in.session, access_token: signed_in.access_token })
}

fn token_line(minted: &Minted, json: bool) -> String {
    let (user, session, token) = (minted.user, minted.session, minted.access_token.expose());
    if json {
        let (user, session) = (user.to_string(), session.to_string());
        serde_json::json!({ "userId": user, "sessionId": session, "token": token }).to_string()
    } else {
        format!("{user}\t{session}\t{token}")
    }
}

pub(super) fn keys(settings: &Settings, command: KeysCommand) -> Result<(), Failure> {
    let accounts = offline::accounts(&settings.load()?, Missing::Refuse)?;
    match command {
        KeysCommand::Rotate => super::block_on(async { Ok(accounts.rotate_keys().await?) })?,
    }
    writeln!(std::io::stdout(), "a new key signs from now on")?;
    Ok(())
}
