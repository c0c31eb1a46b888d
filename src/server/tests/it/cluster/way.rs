//! The way of one node to the bus, on which everything can be swallowed: the connection stands and nothing comes over it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A way that can be made to swallow what goes over it.
pub struct Way {
    address: SocketAddr,
    swallows: Arc<AtomicBool>,
}

impl Way {
    /// A way to this address, `host:port`.
    pub fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, swallows) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let is_swallowed = swallows.clone();
        // Ends with the process; it waits for connections that no longer come.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&target) else { continue };
                carry(client.try_clone().unwrap(), server.try_clone().unwrap(), is_swallowed.clone());
                carry(server, client, is_swallowed.clone());
            }
        });
        Self { address, swallows }
    }

    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    pub fn swallow(&self, swallows: bool) {
        self.swallows.store(swallows, Ordering::SeqCst);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, swallows: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            if !swallows.load(Ordering::SeqCst) && to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        // Whoever still has the other end is told.
        let _closed = to.shutdown(Shutdown::Both);
    });
}
