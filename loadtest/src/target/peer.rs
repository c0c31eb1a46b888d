//! A foreign server of a comparison, started by this tool.

use super::{TargetError, io_error, spawn_pinned};
use crate::clock::{Clock, nanos};
use crate::net;
use std::ffi::OsString;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const START_LIMIT: Duration = Duration::from_secs(10);

/// A peer's process; it is told to end by the end of its standard input.
pub struct PeerProcess {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl PeerProcess {
    /// Starts a program on a free port, which is the last argument it gets.
    ///
    /// # Errors
    /// When the process cannot be started or does not listen within ten seconds.
    pub fn start(words: &[OsString], pin: bool) -> Result<Self, TargetError> {
        let what = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let port = net::free_port().map_err(io_error("port"))?;
        let mut command = Command::new(words.first().map(OsString::as_os_str).unwrap_or_default());
        command.args(words.get(1..).unwrap_or_default()).arg(port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = spawn_pinned(&mut command, pin).map_err(io_error(&what))?;
        let mut started = Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) };
        let clock = Clock::start();
        while clock.now() < nanos(START_LIMIT) {
            if TcpStream::connect(started.address).is_ok() {
                return Ok(started);
            }
            if let Ok(Some(status)) = started.child.try_wait() {
                return Err(TargetError::Start { what: format!("`{what}` ended: {status}"), log: started.said() });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(TargetError::Start { what: format!("`{what}` did not listen"), log: String::new() })
    }

    fn said(&mut self) -> String {
        let mut said = Vec::new();
        if let Some(errors) = self.child.stderr.take() {
            let _ = errors.take(3_000).read_to_end(&mut said);
        }
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for a collection of garbage (SIGUSR2), where the peer knows that.
    pub fn collect_garbage(&self) {
        crate::process::signal(self.pid(), rustix::process::Signal::USR2);
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
