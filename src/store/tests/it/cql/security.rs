//! A node that asks for TLS and a password: a cluster of one, beside the other three.

use super::cluster::{Node, clock, config, open, runtime, variable};
use base64::Engine;
use plenum_actors::store::{Appended, Entry, Store};
use plenum_schema::EntryId;
use plenum_schema::log::{AggregateKind, LogId};
use plenum_store::cql::{CqlTls, Migrator, Secret};
use plenum_store::{CqlConfig, CqlError};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Beyond the three of the cluster.
const NUMBER: u32 = 4;

/// The node, which ends with the test.
struct Guarded {
    address: String,
    authority: PathBuf,
}

impl Guarded {
    fn start(folder: &Path) -> Self {
        let address = format!("{}.{NUMBER}", variable("PLENUM_CQL_PREFIX"));
        let made = rcgen::generate_simple_self_signed(vec![address.clone()]).unwrap();
        let (authority, both) = (folder.join("authority.pem"), folder.join("node.pem"));
        let certificate = pem("CERTIFICATE", made.cert.der());
        std::fs::write(&both, pem("PRIVATE KEY", &made.signing_key.serialize_der()) + &certificate).unwrap();
        std::fs::write(&authority, certificate).unwrap();
        let mut start = Node::script("start.sh");
        start.arg(Node::new(NUMBER).folder()).args([&address, "256M"]);
        start.env("CASSANDRA_AUTH", "1").env("CASSANDRA_PEM", &both).env("CASSANDRA_CLUSTER", "guarded");
        assert!(start.env("CASSANDRA_WAIT", "180").status().unwrap().success());
        Self { address, authority }
    }

    fn config(&self) -> CqlConfig {
        let mut config = config("guarded");
        config.nodes = vec![self.address.clone()];
        config.username = "cassandra".to_owned();
        config.password = Secret::from("cassandra".to_owned());
        config.tls = CqlTls { enabled: true, ca_path: self.authority.clone(), ..CqlTls::default() };
        config.replication.factor = 1;
        config
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        Node::new(NUMBER).kill();
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

async fn refused(what: &str, config: CqlConfig) {
    match open(config).await {
        Err(error @ CqlError::Connect { .. }) => {
            let sentence = error.to_string();
            assert!(!sentence.contains("no secret of ours"), "{what}: {sentence}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn a_node_is_used_with_tls_and_a_password_and_not_without() {
    let folder = tempfile::tempdir().unwrap();
    let node = Guarded::start(folder.path());
    runtime().block_on(async {
        let right = node.config();
        Migrator::connect(right.clone(), clock()).await.unwrap().run(|_| {}).await.unwrap();
        let store = open(right.clone()).await.unwrap();
        let log = LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() };
        let entries = vec![Entry { id: EntryId(Uuid::new_v4()), payload: "e".into() }];
        assert_eq!(store.append(log, 0, entries, None).await, Ok(Appended::Done(1)));

        let wrong = CqlConfig { password: Secret::from("no secret of ours".to_owned()), ..right.clone() };
        refused("a wrong password", wrong).await;
        refused("no password", CqlConfig { username: String::new(), ..right.clone() }).await;
        refused("no TLS", CqlConfig { tls: CqlTls::default(), ..right.clone() }).await;
        let stranger = folder.path().join("stranger.pem");
        let made = rcgen::generate_simple_self_signed(vec![node.address.clone()]).unwrap();
        std::fs::write(&stranger, pem("CERTIFICATE", made.cert.der())).unwrap();
        let tls = CqlTls { ca_path: stranger, ..right.tls.clone() };
        refused("an authority that did not sign", CqlConfig { tls, ..right.clone() }).await;
        let missing = CqlTls { ca_path: folder.path().join("missing.pem"), ..right.tls.clone() };
        let answer = open(CqlConfig { tls: missing, ..right }).await;
        assert!(matches!(answer, Err(CqlError::Tls { key: "tls.ca_path", .. })), "{answer:?}");
    });
}
