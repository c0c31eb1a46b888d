//! Socket.IO clients move between nodes as native ones do.

use super::world::Cluster;
use crate::socketio::client::Client;
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
