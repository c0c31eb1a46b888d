//! A host with an account of their own kind: runs a conference over REST and the socket, and is out when the device is signed out.

use super::conference::Hall;
use crate::http;
use crate::socket::peer::{BOTH, Peer, identify, subscribe};
use crate::socket::world::{Person, World};
use plenum_schema::wire::{CloseCode, Command, ConferenceQuestion};
use plenum_schema::{RefusalCode, Topic};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn sign_up(world: &World, kind: &str) -> Person {
    let body = json!({ "email": format!("{kind}@example.org"), "password": "correct horse battery staple 7" });
    let path = format!("/api/{kind}/auth/register");
    let answer = http::ask(world.address(), "POST", &path, &[], &body.to_string());
    assert_eq!(answer.status, 201, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    Person {
        user: answer["user"]["id"].as_str().unwrap().parse().unwrap(),
        token: answer["accessToken"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn a_host_runs_a_conference_and_a_token_of_another_kind_is_refused_also_after_a_restart() {
    let world = World::start();
    let (host, institution) = (sign_up(&world, "host"), sign_up(&world, "university"));
    let (status, made) = world.rest(&host, "POST", "/api/conference", &json!({ "title": "A hall" }));
    assert_eq!(status, 201, "{made}");
    let (id, code) = (made["id"].as_str().unwrap().to_owned(), made["publicCode"].as_str().unwrap().to_owned());
    let path = format!("/api/conference/{id}/start");
    let (status, problem) = world.rest(&institution, "POST", &path, &json!({}));
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{problem}");
    let world = world.restarted(|_| {}).await;
    assert_eq!(world.rest(&host, "POST", &path, &json!({})).0, 200);
    assert_eq!(world.rest(&host, "GET", "/api/cart", &Value::Null).0, 403);
    assert_eq!(http::get(world.address(), &format!("/api/conference/code/{code}")).status, 200);
    let topic = Topic::Conference(id.parse().unwrap());
    let mut sockets = Vec::new();
    for codec in BOTH {
        let mut peer = world.peer(codec, &host).await;
        peer.follow(topic).await;
        sockets.push(peer);
    }
    let began = Instant::now();
    assert_eq!(world.rest(&host, "POST", "/api/auth/logout", &json!({})).0, 200);
    for peer in &mut sockets {
        assert_eq!(peer.expect_close().await.code, CloseCode::SessionEnded.code());
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    let mut late = Peer::connect(world.address(), BOTH[0]).await;
    let id = late.push(identify(&host.token)).await;
    late.expect_refusal(id).await;
    world.end().await;
}

#[tokio::test]
async fn an_institution_that_a_host_lets_in_as_another_host_pushes_no_question_on_a_socket() {
    let world = World::start();
    let institution = sign_up(&world, "university");
    let hall = Hall::open(&world, &json!({ "title": "A hall" })).await;
    let question = hall.question(&world, &json!({ "text": "Which?", "kind": "single", "options": ["one", "two"] }));
    let cohost = json!({ "user": institution.user, "role": "cohost" });
    assert_eq!(hall.ask(&world, "POST", "/hosts", &cohost).0, 200);
    let asked = ConferenceQuestion { conference: hall.id, question };
    for codec in BOTH {
        let mut peer = world.peer(codec, &institution).await;
        let id = peer.push(Command::PushQuestion(asked)).await;
        assert_eq!(peer.expect_refusal(id).await.code, RefusalCode::Forbidden);
        let id = peer.push(subscribe(Topic::BoardHost(hall.id), None)).await;
        assert_eq!(peer.expect_refusal(id).await.code, RefusalCode::Forbidden);
    }
    let mut host = world.peer(BOTH[0], &hall.host).await;
    let id = host.push(Command::PushQuestion(asked)).await;
    host.answer(id).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn who_loses_the_role_of_a_host_loses_its_sockets_and_keeps_those_of_the_person() {
    let world = World::start();
    let body = json!({ "email": "ann@example.org", "password": "correct horse battery staple 7" }).to_string();
    let open = |path: &str| -> Person {
        let answer: Value = serde_json::from_str(&http::ask(world.address(), "POST", path, &[], &body).body).unwrap();
        Person {
            user: answer["user"]["id"].as_str().unwrap().parse().unwrap(),
            token: answer["accessToken"].as_str().unwrap().to_owned(),
        }
    };
    let ann = open("/api/auth/register");
    world.accounts().set_role(ann.user, plenum_services::accounts::Role::Host, None).await.unwrap();
    let host = open("/api/host/auth/login");
    let (mut as_person, mut as_host) = (world.peer(BOTH[0], &ann).await, world.peer(BOTH[1], &host).await);
    world.accounts().set_role(ann.user, plenum_services::accounts::Role::User, None).await.unwrap();
    let began = Instant::now();
    assert_eq!(as_host.expect_close().await.code, CloseCode::SessionEnded.code());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    as_person.fence().await;
    world.end().await;
}
