//! The server under load: started by this tool, or a foreign one.

mod peer;

use crate::clock::{Clock, nanos};
use crate::{http, names, net, process};
use plenum_schema::id::{ConversationId, UserId};
use plenum_schema::topic::Topic;
use serde::Deserialize;
use serde_json::json;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;
use tempfile::TempDir;

pub use peer::PeerProcess;

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(15);
const MAX_TOKENS: usize = 60_000;

/// The server cannot be brought into service.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A process or file could not be used.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
    /// The server ended, or did not become ready.
    #[error("the server {what}; the end of its log:\n{log}")]
    Start {
        /// What it did.
        what: String,
        /// The end of what it wrote.
        log: String,
    },
    /// No tokens, or not readable.
    #[error("tokens: {0}")]
    Tokens(String),
    /// Setting up by REST failed.
    #[error(transparent)]
    Http(#[from] http::HttpError),
    /// The target is another machine.
    #[error("{0} is not a loopback address; give --i-own-this-target if you may load it")]
    NotLoopback(SocketAddr),
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> TargetError {
    let what = what.into();
    move |error| TargetError::Io { what, error }
}

/// An account that may connect.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub user: UserId,
    /// An access token.
    pub token: Rc<str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenLine {
    #[serde(alias = "user", alias = "userID")]
    user_id: UserId,
    #[serde(alias = "accessToken")]
    token: String,
}

/// Reads minted tokens: one JSON object a line, one JSON array, or `userId … token` lines.
///
/// # Errors
/// When a line is none of these, or there are more than 20,000.
pub fn parse_tokens(text: &str) -> Result<Vec<Account>, TargetError> {
    let account = |line: TokenLine| Account { user: line.user_id, token: line.token.into() };
    if text.trim_start().starts_with('[') {
        let lines: Vec<TokenLine> =
            serde_json::from_str(text).map_err(|error| TargetError::Tokens(error.to_string()))?;
        return Ok(lines.into_iter().take(MAX_TOKENS).map(account).collect());
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MAX_TOKENS);
    let read = |line: &str| {
        if line.starts_with('{') {
            return serde_json::from_str(line).map(account).map_err(|error| TargetError::Tokens(error.to_string()));
        }
        // The server writes the session between the two.
        let (user, rest) = line.split_once(char::is_whitespace).ok_or_else(|| bad_line(line))?;
        let token = rest.split_ascii_whitespace().next_back().ok_or_else(|| bad_line(line))?;
        let user = user.parse().map_err(|_| bad_line(line))?;
        Ok(Account { user, token: token.into() })
    };
    lines.map(read).collect()
}

fn bad_line(line: &str) -> TargetError {
    // The start only: the rest may be a token.
    TargetError::Tokens(format!("not `userId token`: {:?}…", line.chars().take(8).collect::<String>()))
}

/// How the tool gets its server.
#[derive(Debug, Clone)]
pub struct TargetOptions {
    /// The server's binary.
    pub binary: PathBuf,
    /// Where data directories are made; a real disk, or fsync costs nothing.
    pub data: Option<PathBuf>,
    /// Extra environment for the server, `KEY=VALUE`.
    pub environment: Vec<(String, String)>,
    /// Keep server and generator on a core each.
    pub pin: bool,
}

/// A server process of ours.
pub struct Server {
    options: TargetOptions,
    child: Option<Child>,
    /// Nodes of one cluster share it: it holds their keys.
    home: Rc<TempDir>,
    /// Which node of its cluster.
    number: usize,
    /// Where clients connect.
    pub address: SocketAddr,
    /// Where metrics and health answer.
    pub operations: SocketAddr,
}

impl Server {
    /// Makes a data directory with `accounts` accounts and starts the server on it.
    ///
    /// # Errors
    /// [`TargetError`] when the binary, the directory or the start fails.
    pub fn start(options: &TargetOptions, accounts: usize) -> Result<(Self, Vec<Account>), TargetError> {
        let mut server = Self::homed(options)?;
        let accounts = server.mint(accounts)?;
        server.launch()?;
        server.wait_ready()?;
        Ok((server, accounts))
    }

    /// A server with a data directory of its own, not started yet.
    fn homed(options: &TargetOptions) -> Result<Self, TargetError> {
        let home = match &options.data {
            Some(parent) => tempfile::Builder::new().prefix("plenum-loadtest-").tempdir_in(parent),
            None => tempfile::Builder::new().prefix("plenum-loadtest-").tempdir(),
        };
        let home = Rc::new(home.map_err(io_error("data directory"))?);
        Self::placed(options.clone(), home, 0)
    }

    /// A node on a store that is there already, whose schema is made first. The accounts are made in it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_on_shared(options: &TargetOptions, accounts: usize) -> Result<(Self, Vec<Account>), TargetError> {
        let mut server = Self::homed(options)?;
        server.printed(&names::MIGRATE.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(), "make the schema")?;
        let accounts = server.mint(accounts)?;
        server.launch()?;
        server.wait_ready()?;
        Ok((server, accounts))
    }

    fn placed(options: TargetOptions, home: Rc<TempDir>, number: usize) -> Result<Self, TargetError> {
        let port = || net::free_port().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let address = port().map_err(io_error("port"))?;
        let operations = port().map_err(io_error("port"))?;
        Ok(Self { options, child: None, home, number, address, operations })
    }

    /// Another node of the same cluster: the same keys, other ports, this environment besides. Not started yet.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn beside(&self, number: usize, environment: &[(String, String)]) -> Result<Self, TargetError> {
        let mut options = self.options.clone();
        options.environment.extend_from_slice(environment);
        Self::placed(options, Rc::clone(&self.home), number)
    }

    /// Sets a variable of its environment, from its next start on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.options.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Stops it for a while, or lets it go on.
    pub fn pause(&self, paused: bool) {
        let signal = if paused { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        if let Some(pid) = self.pid() {
            process::signal(pid, signal);
        }
    }

    /// Asks it to drain and end.
    pub fn ask_to_end(&self) {
        if let Some(pid) = self.pid() {
            process::signal(pid, rustix::process::Signal::TERM);
        }
    }

    /// Whether the process has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(Some(_))))
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.home.path().join(format!("server-{}.log", self.number))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.options.binary);
        command
            .env(names::ENV_DATA, self.data())
            .env(names::ENV_HTTP, self.address.to_string())
            .env(names::ENV_OPERATIONS, self.operations.to_string())
            .env(names::ENV_WORKERS, "1")
            .envs(names::ENV_LIMITS.iter().copied())
            .envs(self.options.environment.iter().map(|(key, value)| (key.as_str(), value.as_str())))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command of the server's program to its end; answers what it printed.
    fn printed(&self, arguments: &[String], purpose: &str) -> Result<String, TargetError> {
        let what = format!("{} {}", self.options.binary.display(), arguments.join(" "));
        let output = self.command().args(arguments).output().map_err(io_error(&what))?;
        if !output.status.success() {
            let log = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(TargetError::Start { what: format!("refused to {purpose} ({what})"), log });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn mint(&self, count: usize) -> Result<Vec<Account>, TargetError> {
        let printed = self.printed(&names::token_arguments(count), "mint tokens")?;
        let accounts = parse_tokens(&printed)?;
        if accounts.len() < count {
            return Err(TargetError::Tokens(format!("{} of {count} were minted", accounts.len())));
        }
        Ok(accounts)
    }

    /// Runs a command of the program on the data directory, while no server does.
    ///
    /// # Errors
    /// When it cannot be started or does not succeed.
    pub fn run(&self, arguments: &[&str]) -> Result<(), TargetError> {
        self.ask(arguments).map(drop)
    }

    /// The same; what it prints.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn ask(&self, arguments: &[&str]) -> Result<String, TargetError> {
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        self.printed(&arguments, "run")
    }

    /// Starts the process on its data directory and ports, without waiting for it.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn launch(&mut self) -> Result<(), TargetError> {
        let log = File::options().create(true).append(true).open(self.log()).map_err(io_error("log"))?;
        let errors = log.try_clone().map_err(io_error("log"))?;
        let mut command = self.command();
        command.args(names::SERVE).stdout(log).stderr(errors);
        let child = spawn_pinned(&mut command, self.options.pin);
        self.child = Some(child.map_err(io_error(self.options.binary.display().to_string()))?);
        Ok(())
    }

    /// Waits until the server says it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready within a minute.
    pub fn wait_ready(&mut self) -> Result<(), TargetError> {
        let clock = Clock::start();
        while clock.now() < nanos(START_LIMIT) {
            if http::get(self.operations, names::READY_PATH).is_ok() {
                return Ok(());
            }
            if let Some(Ok(Some(status))) = self.child.as_mut().map(Child::try_wait) {
                return Err(TargetError::Start { what: format!("ended: {status}"), log: self.log_end() });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(TargetError::Start { what: "did not become ready in a minute".to_owned(), log: self.log_end() })
    }

    /// The last 3,000 bytes of what the server wrote.
    #[must_use]
    pub fn log_end(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(log.get(log.len().saturating_sub(3_000)..).unwrap_or_default()).into_owned()
    }

    /// The process, while there is one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// SIGKILL; returns when the process is gone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The metrics page, if it answers.
    #[must_use]
    pub fn metrics(&self) -> Option<String> {
        http::get(self.operations, names::METRICS_PATH).ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::stop(&mut child, STOP_LIMIT);
        }
    }
}

/// Starts a process on the server's core; this thread itself stays where it was.
fn spawn_pinned(command: &mut Command, pin: bool) -> io::Result<Child> {
    if !pin {
        return command.spawn();
    }
    // A child inherits the affinity, so every thread of it is on that core from its first instruction on.
    process::pin(process::SERVER_CORE)?;
    let child = command.spawn();
    process::pin(process::GENERATOR_CORE)?;
    child
}

/// A yardstick process of ours.
pub struct YardstickProcess {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl YardstickProcess {
    /// Starts this very program as a yardstick on a free port.
    ///
    /// # Errors
    /// When the process cannot be started or does not listen within ten seconds.
    pub fn start(coalesce: bool, pin: bool) -> Result<Self, TargetError> {
        let program = std::env::current_exe().map_err(io_error("this program"))?;
        Self::start_program(&program, coalesce, pin)
    }

    /// The same with the path of the program.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_program(program: &Path, coalesce: bool, pin: bool) -> Result<Self, TargetError> {
        let port = net::free_port().map_err(io_error("port"))?;
        let mut command = Command::new(program);
        command.arg("yardstick-serve").arg("--port").arg(port.to_string()).stdin(Stdio::null());
        if coalesce {
            command.arg("--coalesce");
        }
        let child = spawn_pinned(&mut command, pin).map_err(io_error("yardstick"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let started = Self { child, address };
        let clock = Clock::start();
        while clock.now() < nanos(Duration::from_secs(10)) {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(started);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(TargetError::Start { what: "yardstick did not listen".to_owned(), log: String::new() })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for YardstickProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Creates a group conversation; the first member is its owner.
///
/// # Errors
/// When the server refuses.
pub fn create_group(server: SocketAddr, title: &str, members: &[Account]) -> Result<Topic, TargetError> {
    let owner = members.first().ok_or_else(|| TargetError::Tokens("a group needs a member".to_owned()))?;
    let users: Vec<String> = members.iter().map(|account| account.user.to_string()).collect();
    let body = json!({"kind": "group", "title": title, "members": users, "clientRef": title});
    let answer = http::post(server, names::CONVERSATIONS_PATH, &owner.token, &body)?;
    let id = answer.get("id").and_then(|id| id.as_str()).and_then(|id| id.parse::<ConversationId>().ok());
    let unreadable = || http::HttpError::Unreadable(names::CONVERSATIONS_PATH.to_owned());
    Ok(Topic::Conversation(id.ok_or_else(unreadable)?))
}

/// Refuses to load what is not this machine, unless the operator says it is theirs.
///
/// # Errors
/// [`TargetError::NotLoopback`].
pub fn check_loopback(server: SocketAddr, owned: bool) -> Result<(), TargetError> {
    if server.ip().is_loopback() || owned { Ok(()) } else { Err(TargetError::NotLoopback(server)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "0190b5a0-0000-7000-8000-000000000001";

    #[test]
    fn tokens_are_read_in_all_three_forms() {
        let forms = [
            format!("{USER}\tsession\tabc\n\n{USER} abc\n"),
            format!("{{\"userId\":\"{USER}\",\"token\":\"abc\"}}\n{{\"userId\":\"{USER}\",\"token\":\"abc\"}}"),
            format!("[{{\"userId\":\"{USER}\",\"token\":\"abc\"}},{{\"user\":\"{USER}\",\"accessToken\":\"abc\"}}]"),
        ];
        for form in forms {
            let accounts = parse_tokens(&form).unwrap();
            assert_eq!(accounts.len(), 2);
            assert!(accounts.iter().all(|account| &*account.token == "abc"));
        }
    }

    #[test]
    fn a_bad_token_line_is_named_without_its_secret() {
        let error = parse_tokens("not-a-uuid very-secret-token").unwrap_err().to_string();
        assert!(!error.contains("very-secret"), "{error}");
    }

    #[test]
    fn another_machine_is_refused_unless_owned() {
        let foreign: SocketAddr = "192.0.2.1:80".parse().unwrap();
        assert!(check_loopback(foreign, false).is_err());
        assert!(check_loopback(foreign, true).is_ok());
        assert!(check_loopback("127.0.0.9:80".parse().unwrap(), false).is_ok());
    }
}
