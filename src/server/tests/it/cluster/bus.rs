//! A NATS server of a test's own, by the scripts of the project.

use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A server that ends with its test.
pub struct Nats {
    directory: TempDir,
    address: String,
    scheme: &'static str,
    /// What it asks of its clients, as variables of the script.
    asks: Vec<(&'static str, String)>,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/services/nats").join(name)
}

impl Nats {
    /// Starts one on an address that nobody has: every address in 127/8 is a machine of its own.
    pub fn start() -> Self {
        Self::asking("nats", |_, _| Vec::new())
    }

    /// One that asks something of its clients: variables of the script, made of a folder for files and the server's address.
    pub fn asking(scheme: &'static str, asks: impl FnOnce(&Path, &str) -> Vec<(&'static str, String)>) -> Self {
        let number = uuid::Uuid::new_v4().as_u128();
        let part = |shift: u32| 1 + (number >> shift) % 250;
        let address = format!("127.{}.{}.{}", 64 + part(0) % 128, part(16), part(32));
        let directory = tempfile::tempdir().unwrap();
        let asks = asks(directory.path(), &address);
        let nats = Self { directory, address, scheme, asks };
        nats.run("start.sh", &[&nats.address]);
        nats
    }

    pub fn url(&self) -> String {
        format!("{}://{}:4222", self.scheme, self.address)
    }

    /// Its host and port.
    pub fn authority(&self) -> String {
        format!("{}:4222", self.address)
    }

    /// The folder of its files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Ends it at once, without a word.
    pub fn kill(&self) {
        self.run("stop.sh", &["kill"]);
    }

    pub fn start_again(&self) {
        self.run("start.sh", &[&self.address]);
    }

    fn run(&self, name: &str, arguments: &[&str]) {
        let output = Command::new(script(name))
            .arg(self.directory.path())
            .args(arguments)
            .envs(self.asks.clone())
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // A server that is gone already is no error.
        let _gone = Command::new(script("stop.sh")).arg(self.directory.path()).arg("kill").status();
    }
}
