//! Looking for a message in more than one request may read.

use crate::socket::world::World;
use plenum_schema::codec::Codec;
use serde_json::Value;

#[tokio::test]
async fn a_search_reads_so_much_for_a_request_and_its_cursor_goes_on() {
    let world = World::with(|config| config.conversations.service.search_entries = 256);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    peer.say(topic, "the needle").await;
    for _ in 0..300 {
        peer.say(topic, "hay").await;
    }
    let ask = |rest: &str| {
        let path = format!("/api/search/messages?q=needle{rest}");
        let (status, found) = world.rest(&people[0], "GET", &path, &Value::Null);
        assert_eq!(status, 200, "{found}");
        found
    };
    let first = ask("");
    assert_eq!(first["items"], Value::Array(Vec::new()), "it stands further back than one request reads");
    let rest = ask(&format!("&cursor={}", first["nextCursor"].as_str().expect("more to look at")));
    assert_eq!((&rest["items"][0]["content"], &rest["nextCursor"]), (&Value::from("the needle"), &Value::Null));
}
