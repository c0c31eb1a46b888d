//! The NATS server of a cluster under test, and the gates through which its nodes reach it.

use crate::net;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Open streams, which can be shut from another thread.
#[derive(Debug, Default)]
struct Streams(Mutex<Vec<TcpStream>>);

impl Streams {
    fn lock(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A NATS server process of ours.
pub struct Nats {
    program: PathBuf,
    child: Option<Child>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nats {
    /// Starts the program on a free port.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, net::free_port()?));
        let mut nats = Self { program: program.to_owned(), child: None, address };
        nats.launch()?;
        Ok(nats)
    }

    /// Starts it again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(&mut self) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(["-a", &self.address.ip().to_string(), "-p", &self.address.port().to_string()]);
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The way of one node to the bus; it can be closed.
pub struct Gate {
    /// Where the node connects.
    pub address: SocketAddr,
    closed: Arc<AtomicBool>,
    streams: Arc<Streams>,
}

impl Gate {
    /// A gate to an address. Its threads end with the process.
    ///
    /// # Errors
    /// When no port is free.
    pub fn to(bus: SocketAddr) -> io::Result<Self> {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, bus)
    }

    /// A gate with the same port on a loopback address of its own: nodes of a store announce addresses without ports, and are
    /// all taken to have the port of the first that was reached.
    ///
    /// # Errors
    /// When no address is free.
    pub fn with_port_of(store: SocketAddr) -> io::Result<Self> {
        let mut tried = 0;
        loop {
            match TcpListener::bind((next_loopback(), store.port())) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tried < ADDRESSES => tried += 1,
                listener => return Self::on(listener?, store),
            }
        }
    }

    fn on(listener: TcpListener, bus: SocketAddr) -> io::Result<Self> {
        let (closed, streams) = (Arc::new(AtomicBool::new(false)), Arc::new(Streams::default()));
        let gate = Self { address: listener.local_addr()?, closed: closed.clone(), streams: streams.clone() };
        std::thread::spawn(move || {
            for node in listener.incoming().flatten() {
                // A node that is refused tries again.
                let _ = pass(&node, bus, &closed, &streams);
            }
        });
        Ok(gate)
    }

    /// Closes it, with everything that goes through it, or opens it again.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
        if closed {
            for stream in self.streams.lock().drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Addresses that are tried before giving up.
const ADDRESSES: u32 = 200;

/// Each address in 127/8 is as good as a machine; another run beside this one takes others.
fn next_loopback() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let part = |value: u32| u8::try_from(1 + value % 250).unwrap_or(1);
    Ipv4Addr::new(127, 200 + part(process / 250) % 50, part(process), part(number))
}

fn pass(node: &TcpStream, bus: SocketAddr, closed: &AtomicBool, streams: &Streams) -> io::Result<()> {
    if closed.load(Ordering::SeqCst) {
        return node.shutdown(Shutdown::Both);
    }
    let bus = TcpStream::connect(bus)?;
    for (from, to) in [(node, &bus), (&bus, node)] {
        from.set_nodelay(true)?;
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        streams.lock().push(from.try_clone()?);
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
