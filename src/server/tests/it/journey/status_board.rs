//! A checker reports, and every board hears of it, whatever it is connected by.

use super::conference::Hall;
use crate::http;
use crate::plain::events::Stream;
use crate::plain::poller::Poller;
use crate::socket::peer::subscribe;
use crate::socket::world::{Person, World};
use crate::socketio::client::Client;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{DomainChecked, ServerFrame, Signal};
use plenum_schema::{RefusalCode, Topic};
use plenum_services::accounts::Role;
use serde_json::{Value, json};

/// Somebody who looks after the house, with a key for a checker.
async fn house(world: &World) -> (Person, String) {
    let admin = world.people(1).await.remove(0);
    world.accounts().set_role(admin.user, Role::Admin, None).await.unwrap();
    let body = json!({ "name": "checker", "scopes": ["status:read", "status:write"] });
    let (status, key) = world.rest(&admin, "POST", "/api/keys", &body);
    assert_eq!(status, 201, "{key}");
    (admin, key["key"].as_str().unwrap().to_owned())
}

fn report(world: &World, key: &str, body: &Value) -> (u16, Value) {
    let authorization = format!("ApiKey {key}");
    let headers = [("Authorization", authorization.as_str())];
    let answer = http::ask(world.address(), "POST", "/api/urls/update", &headers, &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn checked(signal: Signal) -> Option<DomainChecked> {
    match signal {
        Signal::DomainChecked(checked) => Some(checked),
        _ => None,
    }
}

fn in_frame(frame: ServerFrame) -> Option<DomainChecked> {
    match frame {
        ServerFrame::Signal(signal) => checked(signal.signal),
        _ => None,
    }
}

#[tokio::test]
async fn one_report_reaches_sockets_streams_polls_and_socket_io_in_either_vocabulary() {
    let world = World::start();
    let (admin, key) = house(&world).await;
    let people = world.people(4).await;
    let mut natives = Vec::new();
    for codec in [Codec::Json, Codec::MessagePack] {
        let mut peer = world.peer(codec, &people[0]).await;
        peer.subscribe(Topic::Status, None).await;
        natives.push(peer);
    }
    let mut stream = Stream::open(world.address(), &people[1], &[Topic::Status]).await;
    let mut poller = Poller::identified(world.address(), &people[2]).await;
    poller.subscribe(Topic::Status, None).await;
    let (mut web, mut polling) = (Client::web(world.address()).await, Client::polling(world.address()).await);
    web.enter(&people[3].token).await;
    polling.enter(&people[2].token).await;
    // One has shown its vocabulary.
    let typing = json!({ "roomId": people[3].user });
    polling.ask("typing", &typing).await;

    let (status, domain) = world.rest(&admin, "POST", "/api/domains", &json!({ "domain": "example.org" }));
    assert_eq!(status, 201, "{domain}");
    let (status, answer) = report(&world, &key, &json!({ "id": domain["id"], "scanResult": { "status": "blocked" } }));
    assert_eq!((status, &answer["nawala"]["status"]), (200, &json!("ada")));

    let mut heard = Vec::new();
    for peer in &mut natives {
        assert!(matches!(peer.expect_signal().await, (Topic::Status, Signal::StatusListChanged(_))));
        heard.push(checked(peer.expect_signal().await.1).expect("a check"));
    }
    heard.push(stream.find("a check", in_frame).await);
    heard.push(loop {
        if let Some(checked) = in_frame(poller.frame().await) {
            break checked;
        }
    });
    for one in &heard {
        assert_eq!(one, &heard[0]);
        assert_eq!((json!(one.id), one.blocked), (domain["id"].clone(), true));
    }
    let wanted = json!({ "domainId": domain["id"], "domain": "example.org", "nawala": answer["nawala"] });
    assert_eq!(web.expect("domain:nawala-updated").await, wanted);
    assert_eq!(polling.expect("domain:nawala-updated").await, wanted);
}

#[tokio::test]
async fn an_audience_without_accounts_is_told_nothing_of_the_board() {
    let world = World::start();
    let (_, key) = house(&world).await;
    let hall = Hall::open(&world, &json!({ "title": "Hall" })).await;
    let mut phone = hall.phone(&world, Codec::Json).await;
    phone.refused(subscribe(Topic::Status, None), RefusalCode::NotFound).await;
    let token = hall.join(&world);
    let participant = Person { token, ..hall.host.clone() };
    assert_eq!(world.rest(&participant, "GET", "/api/domains", &Value::Null).0, 401);
    // A key opens what checkers need, and nothing that people see.
    let answer = http::ask(world.address(), "GET", "/api/domains", &[("X-Api-Key", &key)], "");
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn what_was_reported_is_there_after_a_restart() {
    let world = World::start();
    let (admin, key) = house(&world).await;
    let (_, domain) = world.rest(&admin, "POST", "/api/domains", &json!({ "domain": "example.org" }));
    for status in ["blocked", "accessible"] {
        let body = json!({ "updates": [{ "id": domain["id"], "scanResult": { "status": status } }] });
        assert_eq!(report(&world, &key, &body).1["success"], true);
    }
    let world = world.restarted(|_| {}).await;
    let path = format!("/api/domains/{}/history", domain["id"].as_str().unwrap());
    let (_, history) = world.rest(&admin, "GET", &path, &Value::Null);
    let statuses: Vec<_> = history["items"].as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["tidak ada", "ada"]);
    assert_eq!(report(&world, &key, &json!({ "id": domain["id"], "scanResult": { "status": "ada" } })).0, 200);
}
