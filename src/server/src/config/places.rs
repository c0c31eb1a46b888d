//! The places a configuration names: whether a start would find them usable. Looked at by `plenum check-config` only, because a
//! configuration may be checked on another machine than it is meant for, and because it costs more than reading settings.

use super::Config;
use super::problem::Problem;
use super::sections::Engine;
use plenum_edge::native::{TlsError, server_config};
use plenum_providers::GoogleClient;
use plenum_store::{Found, inspect};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What was found, by key.
#[derive(Debug, Default)]
pub struct Places {
    /// A start would fail with these.
    pub problems: Vec<(String, String)>,
    /// Allowed, but should be known.
    pub warnings: Vec<(String, String)>,
    /// What stands there, in a sentence each.
    pub notes: Vec<(String, String)>,
}

impl Config {
    /// Looks at the data directory, the TLS files and the file with the secret for Google.
    #[must_use]
    pub fn places(&self) -> Places {
        let mut places = Places::default();
        if self.store.engine == Engine::Embedded {
            places.look_at_store(self);
        }
        if self.tls.is_on() {
            places.look_at_tls(self);
        }
        if self.google.redirects()
            && let Err(reason) = GoogleClient::check_secret(&self.google)
        {
            places.problems.push(("google.client_secret_path".to_owned(), reason));
        }
        places
    }
}

impl Places {
    /// Without what concerns settings that were found wrong already: those have their defaults here, and what stands there says
    /// nothing.
    #[must_use]
    pub fn without(mut self, wrong: &[Problem]) -> Self {
        let is_new = |(key, _): &(String, String)| !wrong.iter().any(|problem| problem.key == *key);
        self.problems.retain(is_new);
        self.warnings.retain(is_new);
        self.notes.retain(is_new);
        self
    }

    fn look_at_store(&mut self, config: &Config) {
        let path = config.store.embedded().path;
        let shown = path.display();
        let note = match inspect(&path) {
            Err(error) => return self.problems.push(("store.path".to_owned(), error.to_string())),
            Ok(Found::Nothing) => format!("there is no store at {shown} yet: `plenum serve` will make one"),
            Ok(Found::Store) => format!("there is a store at {shown}, which nobody has open"),
            Ok(Found::InUse { by }) => format!("the store at {shown} is in use by {by}: a server is running"),
        };
        self.notes.push(("store.path".to_owned(), note));
    }

    fn look_at_tls(&mut self, config: &Config) {
        let (certificate, key) = ("tls.certificate_path".to_owned(), "tls.private_key_path".to_owned());
        match server_config(&config.edge().tls) {
            Ok(_) => {}
            Err(TlsError::Unreadable { path, why }) => {
                let is_key = path == config.tls.private_key_path && path != config.tls.certificate_path;
                let found = format!("cannot be read from {}: {why}", path.display());
                self.problems.push((if is_key { key.clone() } else { certificate }, found));
                // The certificate is read first; whoever mends it should not learn of the key only then.
                if !is_key && let Err(error) = std::fs::File::open(&config.tls.private_key_path) {
                    let path = config.tls.private_key_path.display();
                    self.problems.push((key, format!("cannot be read from {path}: {error}")));
                }
                return;
            }
            Err(TlsError::Unusable(why)) => {
                self.problems.push((certificate, format!("cannot be used together with tls.private_key_path: {why}")));
                return;
            }
            Err(half @ TlsError::Half) => return self.problems.push((certificate, half.to_string())),
        }
        if is_open_to_others(&config.tls.private_key_path) {
            let reason = "can be read by other users of this machine: `chmod 600` it";
            self.warnings.push((key, reason.to_owned()));
        }
    }
}

fn is_open_to_others(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}
