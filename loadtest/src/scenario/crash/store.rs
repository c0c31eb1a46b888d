//! The nodes of the CQL cluster that `scripts/services/cassandra/with-cluster` has started: one can be killed and brought back.

use super::Failure;
use crate::target::TargetError;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// How many nodes it starts.
const NODES: usize = 3;

/// The cluster's nodes, by what `with-cluster` says of them in the environment.
pub struct StoreNodes {
    scripts: PathBuf,
    base: PathBuf,
    prefix: String,
    heap: String,
    /// A node that is being started.
    starting: Option<Child>,
}

impl StoreNodes {
    /// `None` where the cluster was started by something else.
    pub fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(format!("PLENUM_CQL_{name}")).ok();
        let heap = variable("HEAP").unwrap_or_else(|| "512M".to_owned());
        let (scripts, base) = (variable("SCRIPTS")?.into(), variable("BASE")?.into());
        Some(Self { scripts, base, prefix: variable("PREFIX")?, heap, starting: None })
    }

    fn node(number: usize) -> String {
        (number % NODES + 1).to_string()
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When the script cannot be run.
    pub fn kill(&self, number: usize) -> Result<(), Failure> {
        let mut stop = Command::new(self.scripts.join("stop.sh"));
        let done = stop.arg(self.base.join(Self::node(number))).arg("kill").status();
        match done {
            Ok(status) if status.success() => Ok(()),
            _ => Err(failed("was not killed").into()),
        }
    }

    /// Begins to start it again; answers whether it is back. To be asked until then.
    ///
    /// # Errors
    /// When it does not start.
    pub fn is_back(&mut self, number: usize) -> Result<bool, Failure> {
        let child = match &mut self.starting {
            Some(child) => child,
            None => {
                let mut start = Command::new(self.scripts.join("cluster3.sh"));
                start.arg(&self.base).args([&self.prefix, &self.heap, &Self::node(number)]);
                let child = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
                self.starting.insert(child.map_err(|_| failed("cannot be started"))?)
            }
        };
        match child.try_wait() {
            Ok(None) => Ok(false),
            Ok(Some(status)) if status.success() => {
                self.starting = None;
                Ok(true)
            }
            _ => Err(failed("did not start").into()),
        }
    }
}

fn failed(what: &str) -> TargetError {
    TargetError::Start { what: format!("a node of the CQL cluster {what}"), log: String::new() }
}
