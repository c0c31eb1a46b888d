//! From polling to WebSocket under traffic.

use super::client::Client;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use serde_json::json;

const MESSAGES: usize = 300;

#[tokio::test]
async fn nothing_is_lost_doubled_or_reordered_while_a_client_goes_over() {
    // A poll for each message: more requests than one address usually may send.
    let world = World::with(|config| config.http.surface.address_rate.per_second = 0.0);
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    // Requests land on both workers: some of these sessions are carried from one to the other.
    for _ in 0..4 {
        let mut client = Client::polling(world.address()).await;
        client.enter(&people[0].token).await;
        let mut native = world.peer(Codec::Json, &people[1]).await;
        let writer = tokio::spawn(async move {
            for number in 0..MESSAGES {
                native.say(topic, &number.to_string()).await;
            }
        });
        let mut heard = client.messages("new-message", 20).await;
        let probing = client.probe().await;
        heard.extend(client.messages("new-message", 5).await);
        client.go_over(probing).await;
        heard.extend(client.messages("new-message", MESSAGES - 25).await);
        writer.await.unwrap();
        assert!(heard.iter().map(|text| text.parse::<usize>().unwrap()).eq(0..MESSAGES), "{heard:?}");
        assert_eq!(client.ask("echo", &json!("there")).await, "there");
    }
    assert_eq!(world.metric("plenum_socketio_upgrades_total"), 4);
}
