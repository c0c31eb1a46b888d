//! A hall in the words of Socket.IO, without an id where none is needed.

use super::client::Client;
use crate::journey::conference::Hall;
use crate::socket::world::World;
use serde_json::json;

#[tokio::test]
async fn a_conference_is_joined_by_its_code_and_events_need_not_name_it() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall", "moderated": true })).await;
    let other = Hall::open(&world, &json!({ "title": "Another" })).await;
    let question = hall.question(&world, &json!({ "text": "Which?", "options": ["a", "b"] }));
    let mut host = Client::web(world.address()).await;
    host.enter(&hall.host.token).await;
    let wrong = host.ask("join_conference", &json!({ "code": "ZZZZZZ" })).await;
    assert_eq!((&wrong["error"]["code"], &wrong["error"]["field"]), (&json!("notFound"), &json!("code")), "{wrong}");
    let joined = host.ask("join_conference", &json!({ "code": hall.code.to_lowercase() })).await;
    assert_eq!((&joined["ok"], &joined["conferenceId"]), (&json!(true), &json!(hall.id)), "{joined}");
    assert_eq!(host.expect("conference_state").await["publicCode"], json!(hall.code));

    let mut phone = Client::polling(world.address()).await;
    phone.enter(&hall.join(&world)).await;
    let elsewhere = phone.ask("join_conference", &json!({ "code": other.code })).await;
    assert_eq!(elsewhere["error"]["code"], "notFound", "a participant finds their own conference alone");
    assert_eq!(phone.ask("join_conference", &json!({ "code": hall.code })).await["ok"], true);

    let pushed = host.ask("push_question", &json!({ "questionId": question })).await;
    assert_eq!((&pushed["ok"], &pushed["conferenceId"]), (&json!(true), &json!(hall.id)), "{pushed}");
    assert_eq!(phone.expect("question_live").await["question"]["id"], json!(question));
    let asked = phone.ask("ask_question", &json!({ "text": "Why?" })).await;
    assert_eq!(asked["item"]["status"], "pending", "{asked}");
    let answered = host
        .ask("moderate_question", &json!({ "id": asked["item"]["id"], "status": "approved", "pinned": true }))
        .await;
    assert_eq!(answered["item"]["pinned"], true, "{answered}");
    assert_eq!(host.ask("close_question", &json!({ "questionId": question })).await["ok"], true);
    assert_eq!(host.ask("show_results", &json!({ "questionId": question })).await["ok"], true);
    assert_eq!(phone.expect("results_updated").await["questionId"], json!(question));
}

#[tokio::test]
async fn everybody_sees_how_an_audience_reacts() {
    let world = World::with(|config| config.conferences.service.reactions_every_ms = 100);
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let (mut phone, mut screen) = (Client::web(world.address()).await, Client::web(world.address()).await);
    phone.enter(&hall.join(&world)).await;
    screen.enter(&hall.host.token).await;
    screen.ask("join_conference", &json!({ "conferenceId": hall.id })).await;
    let refused = screen.ask("react", &json!({ "emoji": "👏" })).await;
    assert_eq!(refused["error"]["code"], "forbidden", "who has not joined does not react");
    let refused = phone.ask("react", &json!({ "emoji": "boo" })).await;
    assert_eq!(refused["error"]["field"], "emoji", "{refused}");
    assert!(phone.ask("react", &json!({ "emoji": "👏" })).await["at"].is_number());
    let heard = screen.expect("reactions").await;
    assert_eq!(heard, json!({ "conferenceId": hall.id, "counts": { "👏": 1 } }));
    // The same over REST.
    let bearer = format!("Bearer {}", hall.join(&world));
    let body = r#"{"emoji":"🎉"}"#;
    let answer = crate::http::ask(world.address(), "POST", &hall.path("/react"), &[("Authorization", &bearer)], body);
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert_eq!(screen.expect("reactions").await["counts"], json!({ "🎉": 1 }));
}

#[tokio::test]
async fn who_comes_back_to_a_conference_hears_what_was_asked_meanwhile() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let [first, second, third] =
        ["One?", "Two?", "Three?"].map(|text| hall.question(&world, &json!({ "text": text, "options": ["a", "b"] })));
    let (mut host, mut phone) = (Client::web(world.address()).await, Client::web(world.address()).await);
    host.enter(&hall.host.token).await;
    let token = hall.join(&world);
    phone.enter(&token).await;
    assert_eq!(phone.ask("join_conference", &json!({})).await["ok"], true);
    let push = |question: &plenum_schema::QuestionId| json!({ "conferenceId": hall.id, "questionId": question });
    assert_eq!(host.ask("push_question", &push(&first)).await["ok"], true);
    assert_eq!(phone.expect("question_live").await["question"]["id"], json!(first));
    let (pid, offset) = (phone.pid.clone(), phone.offset.clone());
    drop(phone);
    assert_eq!(host.ask("push_question", &push(&second)).await["ok"], true);

    let mut phone = Client::web(world.address()).await;
    (phone.pid, phone.offset) = (pid.clone(), offset);
    phone.enter(&token).await;
    assert_eq!(phone.pid, pid, "recovered");
    assert_eq!(phone.expect("question_live").await["question"]["id"], json!(second), "missed meanwhile");
    assert_eq!(host.ask("push_question", &push(&third)).await["ok"], true);
    assert_eq!(phone.expect("question_live").await["question"]["id"], json!(third));
}
