//! Coming in and talking, in both vocabularies and with others.

use super::client::Client;
use crate::socket::world::World;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use serde_json::{Value, json};

fn id_of(topic: Topic) -> String {
    topic.to_string().split_once(':').unwrap().1.to_owned()
}

#[tokio::test]
async fn a_client_with_a_token_comes_in_and_one_without_is_told_why_not() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::web(world.address()).await;
    assert_eq!(client.open["upgrades"], json!([]));
    assert_eq!(client.open["pingInterval"], 25_000);
    let refused = client.kept_out(&json!({})).await;
    assert_eq!(refused["data"]["code"], "unauthenticated");
    let refused = client.kept_out(&json!({ "token": "wrong" })).await;
    assert_eq!(refused["data"]["code"], "unauthenticated");
    client.say("40/custom,{}").await;
    assert_eq!(client.packet().await, r#"44/custom,{"message":"Invalid namespace"}"#);
    let data = client.enter(&people[0].token).await;
    assert!(data["sid"].is_string() && data["pid"].is_string());
    assert_eq!(client.user, json!(people[0].user));
    let mut by_query = Client::web_with(world.address(), &format!("token={}", people[0].token)).await;
    by_query.say("40").await;
    assert!(by_query.packet().await.starts_with("40{"));
}

#[tokio::test]
async fn a_token_that_has_expired_is_a_connect_error_and_the_next_one_lets_the_client_in() {
    let world = World::with(|config| config.accounts.token.leeway_s = 0);
    let (early, person) = (world.people_for(1, 1).await.remove(0), world.people(1).await.remove(0));
    // Let in as long as it is valid; nothing tells when that is over but another try.
    let deadline = tokio::time::Instant::now() + crate::socket::SOON;
    let (mut client, refused) = loop {
        assert!(tokio::time::Instant::now() < deadline, "it does not expire");
        let mut client = Client::web(world.address()).await;
        client.say(&format!("40{}", json!({ "token": early.token }))).await;
        let packet = client.packet().await;
        if let Some(refused) = packet.strip_prefix("44") {
            break (client, serde_json::from_str::<Value>(refused).unwrap());
        }
        assert!(packet.starts_with("40{"), "{packet}");
    };
    assert_eq!(refused["data"]["code"], "unauthenticated", "{refused}");
    assert!(refused["message"].is_string(), "{refused}");
    client.enter(&person.token).await;
}

#[tokio::test]
async fn hyphens_underscores_and_natives_share_one_conversation_in_one_order() {
    let world = World::start();
    let people = world.people(3).await;
    let topic = world.group(&[&people[0], &people[1], &people[2]]);
    let id = id_of(topic);
    let mut hyphen = Client::web(world.address()).await;
    hyphen.enter(&people[0].token).await;
    let mut underscore = Client::polling(world.address()).await;
    underscore.enter(&people[1].token).await;
    let mut native = world.peer(Codec::MessagePack, &people[2]).await;
    native.follow(topic).await;
    let joined = hyphen.ask("join-conversation", &json!({ "conversationId": id })).await;
    assert_eq!(joined["ok"], true);
    assert_eq!(underscore.ask("join_room", &json!({ "roomId": id })).await["ok"], true);

    let sent = hyphen
        .ask("send-message", &json!({ "conversationId": id, "content": "one", "type": "text", "clientRef": "a" }))
        .await;
    assert_eq!((&sent["ok"], &sent["offset"], &sent["duplicate"]), (&json!(true), &json!(2), &json!(false)));
    let again = hyphen.ask("send-message", &json!({ "conversationId": id, "content": "one", "clientRef": "a" })).await;
    assert_eq!((&again["offset"], &again["duplicate"]), (&json!(2), &json!(true)));
    let sent = underscore.ask("send_message", &json!({ "roomId": id, "content": "two", "messageType": "text" })).await;
    assert_eq!(sent["offset"], 3);
    native.say(topic, "three").await;

    assert_eq!(hyphen.messages("new-message", 3).await, ["one", "two", "three"]);
    assert_eq!(underscore.messages("new_message", 3).await, ["one", "two", "three"]);
    let heard: Vec<_> = [native.expect_message().await, native.expect_message().await, native.expect_message().await]
        .map(|(_, message)| message.content.text)
        .into();
    assert_eq!(heard, ["one", "two", "three"]);
    let foreign = |events: &[(String, Value)], mark| events.iter().any(|(name, _)| name.contains(mark));
    assert!(!foreign(&hyphen.events, '_'), "{:?}", hyphen.events);
    assert!(!foreign(&underscore.events, '-'), "{:?}", underscore.events);

    underscore.emit("typing", &json!({ "roomId": id })).await;
    assert_eq!(hyphen.expect("typing").await["userId"], json!(people[1].user));
    hyphen.ask("mark-as-read", &json!({ "conversationId": id, "upTo": sent["messageId"] })).await;
    let status = loop {
        // What has reached the others is told, too.
        let status = hyphen.expect("message-status").await;
        if status["status"] == "read" {
            break status;
        }
    };
    assert_eq!((&status["messageId"], &status["upTo"]), (&sent["messageId"], &json!(3)));
}

#[tokio::test]
async fn a_message_is_changed_by_its_id_as_soon_as_it_is_sent() {
    let world = World::start();
    let people = world.people(2).await;
    let id = id_of(world.group(&[&people[0], &people[1]]));
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.ask("join_room", &json!({ "roomId": id })).await;
    client.ask("send_message", &json!({ "roomId": id, "content": "draft" })).await;
    let message = client.expect("new_message").await["id"].clone();
    let edited = client.ask("edit_message", &json!({ "messageId": message, "content": "final" })).await;
    assert_eq!(edited["ok"], true, "{edited}");
    let updated = client.expect("message_updated").await;
    assert_eq!((&updated["change"], &updated["message"]["id"]), (&json!("edited"), &message));
    let reacted = client.ask("add_reaction", &json!({ "messageId": message, "emoji": "👍" })).await;
    assert_eq!(reacted["ok"], true, "{reacted}");
}

#[tokio::test]
async fn the_id_of_a_message_decides_whatever_place_is_named_beside_it() {
    let world = World::start();
    let people = world.people(2).await;
    let id = id_of(world.group(&[&people[0], &people[1]]));
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    let first = client.ask("send_message", &json!({ "roomId": id, "content": "keep me" })).await;
    let second = client.ask("send_message", &json!({ "roomId": id, "content": "draft" })).await;
    let edit = json!({ "messageId": second["messageId"], "roomId": id, "offset": first["offset"], "content": "final" });
    let edited = client.ask("edit_message", &edit).await;
    assert_eq!((&edited["ok"], &edited["target"]), (&json!(true), &second["offset"]), "{edited}");
    let nobodys = "0192f0c4-0001-7000-8000-00000000000a";
    let delete = json!({ "messageId": nobodys, "roomId": id, "offset": first["offset"] });
    let refused = client.ask("delete_message", &delete).await;
    assert_eq!(refused["error"]["code"], "notFound", "{refused}");
    let page = world.rest(&people[0], "GET", &format!("/api/conversations/{id}/messages"), &json!({})).1;
    assert!(page.to_string().contains("keep me"), "{page}");
}

#[tokio::test]
async fn a_change_of_role_is_no_coming() {
    let world = World::start();
    let people = world.people(2).await;
    let id = id_of(world.group(&[&people[0], &people[1]]));
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.ask("join_room", &json!({ "roomId": id })).await;
    let path = format!("/api/conversations/{id}/members");
    let promoted = json!({ "userId": people[1].user, "role": "admin" });
    assert_eq!(world.rest(&people[0], "POST", &path, &promoted).0, 200);
    let sent = client.ask("send_message", &json!({ "roomId": id, "content": "after" })).await;
    assert_eq!(sent["ok"], true, "{sent}");
    client.expect("new_message").await;
    assert!(client.events.iter().all(|(name, _)| name != "user_joined"), "{:?}", client.events);
}

#[tokio::test]
async fn a_room_hears_how_many_are_in_it_when_somebody_comes() {
    let world = World::start();
    let people = world.people(2).await;
    let (status, room) = world.rest(&people[0], "POST", "/api/rooms", &json!({ "name": "Algebra" }));
    assert_eq!(status, 201, "{room}");
    let id = room["id"].clone();
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.ask("join_room", &json!({ "roomId": id })).await;
    let path = format!("/api/rooms/{}/join", id.as_str().unwrap());
    assert_eq!(world.rest(&people[1], "POST", &path, &json!({})).0, 200);
    client.expect_stats(&json!({ "roomId": id, "members": 2, "online": 1 })).await;
    assert_eq!(client.expect("user_joined").await["userId"], json!(people[1].user));
}

#[tokio::test]
async fn a_room_hears_how_many_are_there_when_somebody_goes_online_or_offline() {
    let world = World::with(|config| {
        config.presence.grace_ms = 100;
        config.conversations.service.stats_every_ms = 50;
    });
    let people = world.people(2).await;
    let (status, room) = world.rest(&people[0], "POST", "/api/rooms", &json!({ "name": "Algebra" }));
    assert_eq!(status, 201, "{room}");
    let id = room["id"].clone();
    let path = format!("/api/rooms/{}/join", id.as_str().unwrap());
    assert_eq!(world.rest(&people[1], "POST", &path, &json!({})).0, 200);
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.ask("join_room", &json!({ "roomId": id })).await;
    let mut other = Client::web(world.address()).await;
    other.enter(&people[1].token).await;
    client.expect_stats(&json!({ "roomId": id, "members": 2, "online": 2 })).await;
    drop(other);
    client.expect_stats(&json!({ "roomId": id, "members": 2, "online": 1 })).await;
}

#[tokio::test]
async fn whoever_opens_a_room_or_comes_back_to_it_hears_how_many_are_there() {
    let world = World::with(|config| config.conversations.service.stats_every_ms = 50);
    let person = world.people(1).await.remove(0);
    let (status, room) = world.rest(&person, "POST", "/api/rooms", &json!({ "name": "Algebra" }));
    assert_eq!(status, 201, "{room}");
    let now = json!({ "roomId": room["id"], "members": 1, "online": 1 });
    let mut first = Client::web(world.address()).await;
    first.enter(&person.token).await;
    first.expect_stats(&now).await;
    first.catch_up().await;
    first.events.clear();
    // Followed already: the room is opened, not joined.
    first.ask("join_room", &json!({ "roomId": room["id"] })).await;
    first.expect_stats(&now).await;
    // A second device: nobody has come or gone.
    let mut second = Client::web(world.address()).await;
    second.pid = first.pid.clone();
    second.offset = first.offset.clone();
    second.enter(&person.token).await;
    second.expect_stats(&now).await;
}

#[tokio::test]
async fn whoever_comes_in_is_greeted_with_what_they_are_called() {
    let world = World::start();
    let people = world.people(1).await;
    let changed =
        world.rest(&people[0], "PUT", "/api/users/me", &json!({ "fullName": "Ada Lovelace", "username": "ada_l" }));
    assert_eq!(changed.0, 200, "{changed:?}");
    let mut client = Client::web(world.address()).await;
    client.connect(&people[0].token).await;
    let user = client.expect("authenticated").await["user"].clone();
    assert_eq!(
        (&user["id"], &user["name"], &user["role"]),
        (&json!(people[0].user), &json!("Ada Lovelace"), &json!("user"))
    );
    assert_eq!(user["username"], "ada_l", "{user}");
}

#[tokio::test]
async fn a_change_of_people_or_title_tells_how_the_conversation_stands_now() {
    let world = World::start();
    let people = world.people(3).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let id = id_of(topic);
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    let members = format!("/api/conversations/{id}/members");
    assert_eq!(world.rest(&people[0], "POST", &members, &json!({ "userId": people[2].user })).0, 200);
    let ids = |conversation: &Value| {
        let people = conversation["participants"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<_> = people.iter().map(|one| one["id"].to_string()).collect();
        ids.sort();
        ids
    };
    let of = |these: &[usize]| {
        let mut ids: Vec<_> = these.iter().map(|one| json!(people[*one].user).to_string()).collect();
        ids.sort();
        ids
    };
    let added = client.expect_change("members").await;
    assert_eq!((ids(&added), &added["participantCount"], &added["kind"]), (of(&[0, 1, 2]), &json!(3), &json!("group")));
    let path = format!("{members}/{}", people[1].user);
    assert_eq!(world.rest(&people[0], "DELETE", &path, &json!({})).0, 204);
    let removed = client.expect_change("members").await;
    assert_eq!((ids(&removed), &removed["participantCount"]), (of(&[0, 2]), &json!(2)));
    let path = format!("/api/conversations/{id}");
    assert_eq!(world.rest(&people[0], "PUT", &path, &json!({ "title": "Trip" })).0, 200);
    let renamed = client.expect_change("title").await;
    assert_eq!((ids(&renamed), &renamed["title"]), (of(&[0, 2]), &json!("Trip")));
}

#[tokio::test]
async fn one_who_has_spoken_neither_vocabulary_hears_both_without_joining() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    let mut silent = Client::web(world.address()).await;
    silent.enter(&people[0].token).await;
    let mut native = world.peer(Codec::Json, &people[1]).await;
    native.say(topic, "hello").await;
    assert_eq!(silent.expect("new-message").await["content"], "hello");
    assert_eq!(silent.expect("new_direct_message").await["content"], "hello");
}

#[tokio::test]
async fn a_conversation_that_begins_while_a_client_is_connected_is_heard_from_its_first_message() {
    let world = World::start();
    let people = world.people(2).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    let topic = world.direct(&people[1], &people[0]);
    let mut native = world.peer(Codec::Json, &people[1]).await;
    native.say(topic, "first").await;
    native.say(topic, "second").await;
    assert_eq!(client.messages("new-message", 2).await, ["first", "second"]);
}

#[tokio::test]
async fn failures_come_to_the_callback_or_as_an_error_event() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    let stranger = json!({ "conversationId": "0192f0c4-0003-7000-8000-00000000000c", "content": "x" });
    let failed = client.ask("send-message", &stranger).await;
    assert_eq!((&failed["ok"], &failed["error"]["code"]), (&json!(false), &json!("notFound")));
    client.emit("send-message", &stranger).await;
    let error = client.expect("error").await;
    assert_eq!((&error["code"], &error["event"]), (&json!("notFound"), &json!("send-message")));
    client.emit("submit_answer", &json!({ "questionId": 1 })).await;
    assert_eq!(client.expect("error").await["event"], "submit_answer");
    let missing = client.ask("send-message", &json!({ "content": "x" })).await;
    assert_eq!(missing["error"]["field"], "conversationId");
    let wrong = client.ask("send-message", &json!({ "conversationId": "nonsense", "content": "x" })).await;
    let expected = json!({ "code": "malformed", "message": "conversationId must be an id", "field": "conversationId" });
    assert_eq!(wrong, json!({ "ok": false, "error": expected }));
    // What is found out later is blamed on what the client wrote too.
    let nobody = "0192f0c4-0005-7000-8000-00000000000e";
    let lost = json!({ "recipientId": nobody, "content": "x" });
    assert_eq!(client.ask("send-message", &lost).await["error"]["field"], "recipientId");
    let lost = json!({ "userId": nobody, "content": "x" });
    assert_eq!(client.ask("send_direct_message", &lost).await["error"]["field"], "userId");
    let id = id_of(world.group(&[&people[0]]));
    let empty = json!({ "conversationId": id, "content": "" });
    assert_eq!(client.ask("send-message", &empty).await["error"]["field"], "content");
    client.emit("send-message", &empty).await;
    assert_eq!(client.expect("error").await["field"], "content");
}

#[tokio::test]
async fn whoever_begins_a_direct_conversation_is_seen_coming_and_going_from_then_on() {
    let world = World::with(|config| config.presence.grace_ms = 100);
    let people = world.people(3).await;
    let (mut ann, mut ben) = (Client::web(world.address()).await, Client::web(world.address()).await);
    ann.enter(&people[0].token).await;
    ben.enter(&people[1].token).await;
    let said = ann.ask("send-message", &json!({ "recipientId": people[1].user, "content": "hello" })).await;
    assert_eq!(said["ok"], true, "{said}");
    assert_eq!(ann.expect("user-online").await["userId"], json!(people[1].user), "there already");
    assert_eq!(ben.expect("user-online").await["userId"], json!(people[0].user), "for both of them");
    drop(ben);
    assert_eq!(ann.expect("user-offline").await["userId"], json!(people[1].user));
}

#[tokio::test]
async fn binary_data_goes_both_ways() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.say(r#"451-7["echo",{"a":{"_placeholder":true,"num":0}},"x"]"#).await;
    client.say_binary(&[1, 2, 3]).await;
    assert_eq!(client.packet().await, r#"461-7[{"a":{"_placeholder":true,"num":0}},"x"]"#);
    assert_eq!(client.packet().await, "binary [1, 2, 3]");
}

#[tokio::test]
async fn an_ended_session_is_told_and_does_not_come_back() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    let (status, _) = world.rest(&people[0], "POST", "/api/v1/auth/logout", &Value::Null);
    assert_eq!(status, 200);
    let last = client.end().await;
    assert!(last[0].starts_with(r#"42["session_ended",{"reason":"session ended""#), "{last:?}");
    assert_eq!(last[1..], ["41", "close"]);
}

#[tokio::test]
async fn what_is_no_packet_ends_the_connection_and_a_left_namespace_does_not() {
    let world = World::start();
    let people = world.people(1).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    client.say("41").await;
    client.pid = None;
    client.enter(&people[0].token).await;
    client.say("4abc").await;
    assert_eq!(client.end().await, ["close"]);
    let mut early = Client::web(world.address()).await;
    early.emit("send-message", &json!({})).await;
    assert_eq!(early.end().await, ["close"]);
}

#[tokio::test]
async fn the_messagepack_parser_is_recognised_by_its_first_packet() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut client = Client::web(world.address()).await;
    let connect = json!({ "type": 0, "nsp": "/", "data": { "token": people[0].token } });
    client.say_binary(&plenum_schema::codec::encode(Codec::MessagePack, &connect).unwrap()).await;
    assert!(client.packet().await.starts_with("binary "), "the CONNECT answer");
    assert!(client.packet().await.starts_with("binary "), "the greeting");
    assert!(client.packet().await.starts_with("binary "), "who is there");
    world.peer(Codec::Json, &people[1]).await.say(topic, "packed").await;
    assert!(client.packet().await.starts_with("binary "), "the message");
}

#[tokio::test]
async fn leaving_the_namespace_and_coming_in_again_gives_no_new_allowance() {
    let world = World::with(|config| config.limits.commands_per_second = 5);
    let person = world.people(1).await.remove(0);
    let mut client = Client::web(world.address()).await;
    let connect = format!("40{}", json!({ "token": person.token }));
    for round in 0..200 {
        client.say(&connect).await;
        let answer = loop {
            let packet = client.packet().await;
            if packet.starts_with("40") || packet.starts_with("44") {
                break packet;
            }
        };
        if let Some(refused) = answer.strip_prefix("44") {
            let refused: serde_json::Value = serde_json::from_str(refused).unwrap();
            // Ten at once, and what a slow machine has given back meanwhile.
            assert!(round >= 10 && refused["data"]["code"] == "rateLimited", "round {round}: {refused}");
            return;
        }
        client.say("41").await;
    }
    panic!("let in as often as it likes");
}
