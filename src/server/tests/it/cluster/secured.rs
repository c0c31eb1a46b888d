//! A bus that asks who is there, and shows who it is.

use super::bus::Nats;
use super::world::Cluster;
use crate::socket::eventually;
use crate::socket::peer::texts;
use crate::tls::pem;
use plenum_cluster::nats::NatsConfig;
use plenum_schema::codec::Codec;
use plenum_server::config::Config;
use std::path::Path;

/// Writes a self-signed certificate and its key; answers their paths.
fn certificate(folder: &Path, name: &str, subject: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![subject.to_owned()]).unwrap();
    let path = |end: &str| folder.join(format!("{name}.{end}")).to_str().unwrap().to_owned();
    let (certificate, key) = (path("pem"), path("key"));
    std::fs::write(&certificate, pem("CERTIFICATE", made.cert.der())).unwrap();
    std::fs::write(&key, pem("PRIVATE KEY", &made.signing_key.serialize_der())).unwrap();
    (certificate, key)
}

/// With TLS; its certificate is `server.pem` in its folder.
fn with_tls() -> Nats {
    Nats::asking("tls", |folder, address| {
        let (certificate, key) = certificate(folder, "server", address);
        vec![("NATS_TLS_CERT", certificate), ("NATS_TLS_KEY", key)]
    })
}

async fn on(nats: Nats, nodes: usize, settings: NatsConfig) -> Cluster {
    let edit = |config: &mut Config| {
        let urls = config.cluster.settings.nats.urls.clone();
        config.cluster.settings.nats = NatsConfig { urls, ..settings.clone() };
    };
    Cluster::on(nats, nodes, edit).await
}

/// Two nodes are one: each hears what is said on the other, and one carries out the other's commands.
async fn is_one(cluster: &Cluster) {
    let (topic, _, mut peers) = cluster.one_on_each().await;
    for round in 0..4 {
        peers[round % 2].say(topic, &format!("round {round}")).await;
        for peer in &mut peers {
            assert_eq!(peer.expect_message().await.1.content.text, format!("round {round}"));
        }
    }
    assert_eq!(texts(&peers[1].whole_history(topic).await).len(), 4);
    assert!(cluster.metric("plenum_bus_commands_served_total") > 0);
}

/// The bus has turned a node away, and that serves alone.
async fn is_turned_away(cluster: &Cluster) {
    let log = cluster.nats.path().join("log");
    let has_refused = || std::fs::read_to_string(&log).ok()?.contains("error").then_some(());
    eventually("the bus has refused somebody", has_refused).await;
    is_alone(cluster).await;
}

/// A node without the bus serves, and says so.
async fn is_alone(cluster: &Cluster) {
    let node = &cluster.nodes[0];
    let people = node.people(2).await;
    let topic = node.direct(&people[0], &people[1]);
    let mut peer = node.peer(Codec::Json, &people[0]).await;
    peer.follow(topic).await;
    peer.say(topic, "alone").await;
    assert_eq!((node.metric("plenum_bus_connected"), node.metric("plenum_cluster_nodes")), (0, 0));
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_bus_with_a_password_lets_in_who_knows_it() {
    let asks = || vec![("NATS_USER", "plenum".to_owned()), ("NATS_PASSWORD", "right".to_owned())];
    let known = |password: &str| NatsConfig {
        user: "plenum".to_owned(),
        password: password.to_owned(),
        ..NatsConfig::default()
    };
    let cluster = on(Nats::asking("nats", |_, _| asks()), 2, known("right")).await;
    is_one(&cluster).await;
    cluster.nats.kill();
    cluster.is_connected(false).await;
    cluster.nats.start_again();
    cluster.is_connected(true).await;
    cluster.end().await;
    for wrong in [known("wrong"), NatsConfig::default()] {
        let cluster = on(Nats::asking("nats", |_, _| asks()), 1, wrong).await;
        is_turned_away(&cluster).await;
        cluster.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_bus_with_a_token_lets_in_who_shows_it() {
    let nats = || Nats::asking("nats", |_, _| vec![("NATS_TOKEN", "right".to_owned())]);
    let cluster = on(nats(), 2, NatsConfig { token: "right".to_owned(), ..NatsConfig::default() }).await;
    is_one(&cluster).await;
    cluster.end().await;
    let cluster = on(nats(), 1, NatsConfig { token: "wrong".to_owned(), ..NatsConfig::default() }).await;
    is_turned_away(&cluster).await;
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_bus_with_tls_is_reached_by_who_knows_its_authority() {
    let nats = with_tls();
    let ca_path = nats.path().join("server.pem");
    let settings = NatsConfig { ca_path, require_tls: true, ..NatsConfig::default() };
    let cluster = on(nats, 2, settings).await;
    is_one(&cluster).await;
    cluster.nats.kill();
    cluster.is_connected(false).await;
    cluster.nats.start_again();
    cluster.is_connected(true).await;
    cluster.end().await;

    // Somebody else's certificate.
    let nats = with_tls();
    let (other, _) = certificate(nats.path(), "other", "127.0.0.1");
    let cluster = on(nats, 1, NatsConfig { ca_path: other.into(), ..NatsConfig::default() }).await;
    is_turned_away(&cluster).await;
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_bus_that_asks_for_certificates_lets_in_who_has_one() {
    let with_clients = || {
        Nats::asking("tls", |folder, address| {
            let (server, server_key) = certificate(folder, "server", address);
            let (client, _) = certificate(folder, "client", "node");
            vec![("NATS_TLS_CERT", server), ("NATS_TLS_KEY", server_key), ("NATS_TLS_CA", client)]
        })
    };
    let nats = with_clients();
    let (ca_path, certificate_path) = (nats.path().join("server.pem"), nats.path().join("client.pem"));
    let private_key_path = nats.path().join("client.key");
    let settings = NatsConfig { ca_path, certificate_path, private_key_path, ..NatsConfig::default() };
    let cluster = on(nats, 2, settings).await;
    is_one(&cluster).await;
    cluster.end().await;
    let nats = with_clients();
    let ca_path = nats.path().join("server.pem");
    let cluster = on(nats, 1, NatsConfig { ca_path, ..NatsConfig::default() }).await;
    is_turned_away(&cluster).await;
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn where_tls_is_required_a_plain_bus_is_not_used() {
    let cluster = on(Nats::start(), 1, NatsConfig { require_tls: true, ..NatsConfig::default() }).await;
    is_alone(&cluster).await;
    cluster.end().await;
}
