//! Socket.IO clients move between nodes as native ones do.

use super::world::Cluster;
use crate::http;
use crate::socketio::client::{Client, request};
use crate::socketio::polling::{UPGRADE, engine_error};
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use serde_json::json;

fn id_of(topic: Topic) -> String {
    topic.to_string().split_once(':').unwrap().1.to_owned()
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_socket_io_client_recovers_on_another_node_what_it_missed_each_once() {
    let cluster = Cluster::start(2).await;
    let people = cluster.nodes[0].people(2).await;
    let topic = cluster.nodes[0].direct(&people[0], &people[1]);
    let mut native = cluster.nodes[1].peer(Codec::Json, &people[1]).await;
    let mut client = Client::web(cluster.nodes[0].address()).await;
    client.enter(&people[0].token).await;
    client.emit("stop-typing", &json!({ "conversationId": id_of(topic) })).await;
    native.say(topic, "heard").await;
    assert_eq!(client.messages("new-message", 1).await, ["heard"]);
    client.catch_up().await;
    let (pid, offset) = (client.pid.clone(), client.offset.clone());
    drop(client);
    for number in 0..10 {
        native.say(topic, &format!("missed {number}")).await;
    }
    let mut moved = Client::web(cluster.nodes[1].address()).await;
    (moved.pid, moved.offset) = (pid.clone(), offset);
    moved.enter(&people[0].token).await;
    assert_eq!(moved.pid, pid, "recovered");
    let missed: Vec<String> = (0..10).map(|number| format!("missed {number}")).collect();
    assert_eq!(moved.messages("new-message", 10).await, missed);
    native.say(topic, "live again").await;
    assert_eq!(moved.messages("new-message", 1).await, ["live again"]);
    cluster.end().await;
}

/// What a request of a session is answered by a node that does not have it.
async fn refused_by(cluster: &Cluster, node: usize, client: &Client) {
    let address = cluster.nodes[node].address();
    let said = r#"42["send-message",{"conversationId":"lost"}]"#;
    for (method, body) in [("GET", ""), ("POST", said), ("POST", "1")] {
        let answer = request(address, method, client.path(), body.to_owned()).await;
        assert_eq!((answer.status, engine_error(&answer)), (400, json!(1)), "{method} {body}");
    }
    let path = client.path().replace("polling", "websocket");
    let upgrade = tokio::task::spawn_blocking(move || http::ask(address, "GET", &path, &UPGRADE, ""));
    let answer = upgrade.await.unwrap();
    assert_eq!((answer.status, engine_error(&answer)), (400, json!(1)), "an upgrade");
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_polling_client_that_a_balancer_moves_is_refused_there_and_recovers_what_it_missed() {
    let cluster = Cluster::start(2).await;
    let people = cluster.nodes[0].people(2).await;
    let topic = cluster.nodes[0].direct(&people[0], &people[1]);
    let mut native = cluster.nodes[1].peer(Codec::Json, &people[1]).await;
    let mut client = Client::polling(cluster.nodes[0].address()).await;
    client.enter(&people[0].token).await;
    client.emit("stop-typing", &json!({ "conversationId": id_of(topic) })).await;
    native.say(topic, "heard").await;
    assert_eq!(client.messages("new-message", 1).await, ["heard"]);
    client.catch_up().await;
    // Requests that go astray are refused, and the session on its own node is none the worse for them, not even for a "close".
    refused_by(&cluster, 1, &client).await;
    native.say(topic, "heard, too").await;
    assert_eq!(client.messages("new-message", 1).await, ["heard, too"]);
    client.catch_up().await;
    // From now on the balancer sends it to the other node.
    let missed: Vec<String> = (0..40).map(|number| format!("missed {number}")).collect();
    for text in &missed {
        native.say(topic, text).await;
    }
    refused_by(&cluster, 1, &client).await;
    let (pid, offset) = (client.pid.clone(), client.offset.clone());
    let mut moved = Client::polling(cluster.nodes[1].address()).await;
    (moved.pid, moved.offset) = (pid.clone(), offset);
    moved.enter(&people[0].token).await;
    assert_eq!(moved.pid, pid, "recovered");
    assert_eq!(moved.messages("new-message", missed.len()).await, missed);
    native.say(topic, "live again").await;
    assert_eq!(moved.messages("new-message", 1).await, ["live again"]);
    let said = json!({ "conversationId": id_of(topic), "content": "from here", "clientRef": "1" });
    assert_eq!(moved.ask("send-message", &said).await["ok"], true);
    assert_eq!(
        moved.messages("new-message", 1).await,
        ["from here"],
        "nothing of the refused requests was carried out"
    );
    cluster.end().await;
}

#[tokio::test]
#[ignore = "needs nats-server: scripts/test cluster"]
async fn a_node_that_stops_closes_its_socket_io_clients_one_after_another_and_serves_the_others_meanwhile() {
    const WINDOW_MS: u64 = 8_000;
    let mut cluster = Cluster::with(2, |config| {
        config.drain.window_ms = WINDOW_MS;
        config.drain.timeout_ms = 60_000;
        config.server.workers = 1;
    })
    .await;
    let people = cluster.nodes[0].people(2).await;
    let topic = cluster.nodes[0].direct(&people[0], &people[1]);
    let mut native = cluster.nodes[1].peer(Codec::Json, &people[1]).await;
    let stopping = cluster.nodes.remove(0);
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Client::web(stopping.address()).await;
        client.enter(&people[0].token).await;
        client.emit("stop-typing", &json!({ "conversationId": id_of(topic) })).await;
        client.catch_up().await;
        clients.push(client);
    }
    let stopping = tokio::spawn(stopping.end());
    let (mut last, mut first) = (clients.pop().unwrap(), clients.remove(0));
    while first.packet().await != "close" {}
    // The last one has most of the window left, and hears what is said on the other node.
    native.say(topic, "while it stops").await;
    assert_eq!(last.messages("new-message", 1).await, ["while it stops"]);
    last.catch_up().await;
    assert!(!stopping.is_finished());
    let (pid, offset) = (last.pid.clone(), last.offset.clone());
    while last.packet().await != "close" {}
    // Nobody answers the close frames, so the sockets have to go for the node to end.
    drop((first, last, clients));
    native.say(topic, "after").await;
    stopping.await.unwrap();
    let mut moved = Client::web(cluster.nodes[0].address()).await;
    (moved.pid, moved.offset) = (pid.clone(), offset);
    moved.enter(&people[0].token).await;
    assert_eq!((moved.pid.clone(), moved.messages("new-message", 1).await), (pid, vec!["after".to_owned()]));
    cluster.end().await;
}
