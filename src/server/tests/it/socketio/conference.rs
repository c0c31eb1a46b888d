//! A hall in the words of Socket.IO, without an id where none is needed.

use super::client::Client;
use crate::journey::conference::Hall;
use crate::socket::world::World;
use serde_json::{Value, json};

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
    phone.connect(&token).await;
    assert_eq!(phone.pid, pid, "recovered");
    assert_eq!(phone.expect("question_live").await["question"]["id"], json!(second), "missed meanwhile");
    assert_eq!(host.ask("push_question", &push(&third)).await["ok"], true);
    assert_eq!(phone.expect("question_live").await["question"]["id"], json!(third));
}

fn live() -> Value {
    json!({ "text": "Which?", "options": ["a", "b"], "visibility": "live" })
}

/// A host who has joined.
async fn host_in(world: &World, hall: &Hall) -> Client {
    let mut host = Client::web(world.address()).await;
    host.enter(&hall.host.token).await;
    assert_eq!(host.ask("join_conference", &json!({ "conferenceId": hall.id })).await["ok"], true);
    host
}

/// A participant who has joined.
async fn phone_in(world: &World, hall: &Hall) -> Client {
    let mut phone = Client::web(world.address()).await;
    phone.enter(&hall.join(world)).await;
    assert_eq!(phone.ask("join_conference", &json!({})).await["ok"], true);
    phone
}

/// The results that are told next and fit; all before them are skipped.
async fn results(client: &mut Client, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        let results = client.expect("results_updated").await;
        if fits(&results) {
            return results;
        }
    }
}

async fn done(client: &mut Client, name: &str, argument: &Value) {
    let answer = client.ask(name, argument).await;
    assert_eq!(answer["ok"], true, "{name}: {answer}");
}

#[tokio::test]
async fn results_that_are_hidden_again_are_hidden_for_those_who_are_there_and_those_who_come() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let question = hall.question(&world, &json!({ "text": "Which?", "options": ["a", "b"] }));
    let (mut host, mut phone) = (host_in(&world, &hall).await, phone_in(&world, &hall).await);
    let asked = json!({ "questionId": question });
    done(&mut host, "push_question", &asked).await;
    done(&mut phone, "submit_answer", &json!({ "questionId": question, "optionId": 1 })).await;
    done(&mut host, "show_results", &asked).await;
    let shown = results(&mut phone, |_| true).await;
    assert_eq!((&shown["counts"]["1"], &shown["hidden"]), (&json!(1), &json!(false)), "{shown}");
    done(&mut host, "show_results", &json!({ "questionId": question, "shown": false })).await;
    let nothing = json!({ "questionId": question, "counts": {}, "totalResponses": 1, "hidden": true });
    assert_eq!(results(&mut phone, |results| results["hidden"] == true).await, nothing);

    let mut late = phone_in(&world, &hall).await;
    late.expect("audience_count").await;
    late.catch_up().await;
    let heard: Vec<&Value> =
        late.events.iter().filter(|(name, _)| name == "results_updated").map(|(_, results)| results).collect();
    assert_eq!(heard.last(), Some(&&nothing), "{heard:?}");
    let positions = late.events.iter().filter(|(name, _)| name == "position").count();
    assert_eq!(positions, 1, "a conference has one, what is followed with it has none: {:?}", late.events);
}

#[tokio::test]
async fn a_host_hears_results_that_are_hidden_from_the_audience() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let [first, second] =
        ["One?", "Two?"].map(|text| hall.question(&world, &json!({ "text": text, "options": ["a", "b"] })));
    let (mut host, mut phone) = (host_in(&world, &hall).await, phone_in(&world, &hall).await);
    host.expect("audience_count").await;
    phone.expect("audience_count").await;
    done(&mut host, "push_question", &json!({ "questionId": first })).await;
    phone.expect("question_live").await;
    done(&mut phone, "submit_answer", &json!({ "questionId": first, "optionId": 2 })).await;
    let seen = results(&mut host, |results| results["totalResponses"] == 1).await;
    assert_eq!((&seen["counts"]["2"], &seen["hidden"], &seen["forHosts"]), (&json!(1), &json!(false), &json!(true)));

    // Who pushes it, and by which way, is all the same; and so is who comes later.
    let path = format!("/questions/{second}/live");
    let (status, answer) = hall.ask(&world, "POST", &path, &Value::Null);
    assert!(status < 300, "{answer}");
    assert_eq!(results(&mut host, |results| results["questionId"] == json!(second)).await["totalResponses"], 0);
    let mut other = host_in(&world, &hall).await;
    assert_eq!(results(&mut other, |results| results["questionId"] == json!(first)).await["counts"]["2"], 1);
    phone.catch_up().await;
    assert!(phone.events.iter().all(|(name, _)| name != "results_updated"), "{:?}", phone.events);

    // Whoever has left hears nothing more.
    done(&mut host, "leave_conference", &json!({ "conferenceId": hall.id })).await;
    host.catch_up().await;
    host.events.clear();
    done(&mut phone, "submit_answer", &json!({ "questionId": second, "optionId": 1 })).await;
    results(&mut other, |results| results["questionId"] == json!(second) && results["totalResponses"] == 1).await;
    done(&mut phone, "ask_question", &json!({ "text": "Why?" })).await;
    while other.expect("qa_updated").await["total"] != 1 {}
    host.catch_up().await;
    assert_eq!(host.events, [], "neither results nor what the audience asks");
}

#[tokio::test]
async fn who_comes_late_or_comes_back_is_told_how_live_results_stand() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let question = hall.question(&world, &live());
    let (mut host, mut phone) = (host_in(&world, &hall).await, phone_in(&world, &hall).await);
    done(&mut host, "push_question", &json!({ "questionId": question })).await;
    done(&mut phone, "submit_answer", &json!({ "questionId": question, "optionId": 1 })).await;
    results(&mut phone, |results| results["totalResponses"] == 1).await;

    let mut late = Client::web(world.address()).await;
    let token = hall.join(&world);
    late.enter(&token).await;
    done(&mut late, "join_conference", &json!({})).await;
    let told = late.expect("results_updated").await;
    assert_eq!(
        (&told["questionId"], &told["counts"]["1"], &told["hidden"]),
        (&json!(question), &json!(1), &json!(false))
    );
    late.catch_up().await;
    assert!(late.events.iter().any(|(name, _)| name == "question_live"), "it comes before: {:?}", late.events);

    let (pid, offset) = (late.pid.clone(), late.offset.clone());
    drop(late);
    let mut back = Client::web(world.address()).await;
    (back.pid, back.offset) = (pid.clone(), offset);
    back.connect(&token).await;
    assert_eq!(back.pid, pid, "recovered");
    assert_eq!(back.expect("results_updated").await["counts"]["1"], 1);
}

#[tokio::test]
async fn who_has_voted_and_comes_back_is_told_what_voters_see() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let question =
        hall.question(&world, &json!({ "text": "Which?", "options": ["a", "b"], "visibility": "afterVote" }));
    let mut host = host_in(&world, &hall).await;
    done(&mut host, "push_question", &json!({ "questionId": question })).await;
    let (voter, other) = (hall.join(&world), hall.join(&world));
    let mut phone = Client::web(world.address()).await;
    phone.enter(&voter).await;
    done(&mut phone, "submit_answer", &json!({ "questionId": question, "optionId": 1 })).await;
    drop(phone);

    let (mut back, mut stranger) = (Client::web(world.address()).await, Client::web(world.address()).await);
    back.enter(&voter).await;
    stranger.enter(&other).await;
    for client in [&mut back, &mut stranger] {
        done(client, "join_conference", &json!({})).await;
        client.expect("audience_count").await;
    }
    // As it was told last, and from then on as it changes.
    results(&mut back, |results| results["counts"]["1"] == 1).await;
    stranger.catch_up().await;
    assert!(stranger.events.iter().all(|(name, _)| name != "results_updated"), "{:?}", stranger.events);
}

#[tokio::test]
async fn who_comes_to_a_quiet_audience_is_told_how_large_it_is() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let mut phone = phone_in(&world, &hall).await;
    while phone.expect("audience_count").await["unique"] != 1 {}
    // Nothing changes for those who count: a host is no audience.
    let mut host = host_in(&world, &hall).await;
    let told = host.expect("audience_count").await;
    assert_eq!((&told["conferenceId"], &told["count"], &told["unique"]), (&json!(hall.id), &json!(1), &json!(1)));
}

#[tokio::test]
async fn a_question_is_told_before_its_results() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let mut pushes = host_in(&world, &hall).await;
    let (mut host, mut phone) = (host_in(&world, &hall).await, phone_in(&world, &hall).await);
    for client in [&mut host, &mut phone] {
        client.expect("audience_count").await;
    }
    for _ in 0..5 {
        let question = hall.question(&world, &live());
        done(&mut pushes, "push_question", &json!({ "questionId": question })).await;
        for client in [&mut host, &mut phone] {
            client.events.clear();
            assert_eq!(client.expect("question_live").await["question"]["id"], json!(question));
            let is_of = |results: &Value| results["questionId"] == json!(question);
            let early = client.events.iter().any(|(name, said)| name == "results_updated" && is_of(said));
            assert!(!early, "{:?}", client.events);
        }
        done(&mut phone, "submit_answer", &json!({ "questionId": question, "optionId": 1 })).await;
        for client in [&mut host, &mut phone] {
            let fits = |results: &Value| results["questionId"] == json!(question) && results["totalResponses"] == 1;
            results(client, fits).await;
        }
    }
}

#[tokio::test]
async fn a_voter_who_has_left_hears_of_results_no_more() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let question =
        hall.question(&world, &json!({ "text": "Which?", "options": ["a", "b"], "visibility": "afterVote" }));
    let mut host = host_in(&world, &hall).await;
    let (mut stays, mut leaves) = (phone_in(&world, &hall).await, phone_in(&world, &hall).await);
    done(&mut host, "push_question", &json!({ "questionId": question })).await;
    let answer = json!({ "questionId": question, "optionId": 1 });
    for (phone, count) in [(&mut stays, 1), (&mut leaves, 2)] {
        phone.expect("question_live").await;
        done(phone, "submit_answer", &answer).await;
        results(phone, |results| results["totalResponses"] == count).await;
    }
    done(&mut leaves, "leave_conference", &json!({})).await;
    leaves.catch_up().await;
    leaves.events.clear();
    let mut third = phone_in(&world, &hall).await;
    done(&mut third, "submit_answer", &answer).await;
    results(&mut stays, |results| results["totalResponses"] == 3).await;
    leaves.catch_up().await;
    assert_eq!(leaves.events, []);
}

#[tokio::test]
async fn whoever_may_not_join_a_conference_hears_nothing_of_it() {
    let world = World::start();
    let people = world.people(1).await;
    let restrictions = [
        json!({ "title": "Board", "passcode": "secret9" }),
        json!({ "title": "Board", "invited": true }),
        json!({ "title": "Board", "identity": "signedIn", "roster": true }),
    ];
    for restriction in restrictions {
        let hall = Hall::open(&world, &restriction).await;
        let question = hall.question(&world, &live());
        let mut host = host_in(&world, &hall).await;
        done(&mut host, "push_question", &json!({ "questionId": question })).await;
        let mut stranger = Client::web(world.address()).await;
        stranger.enter(&people[0].token).await;
        for wanted in [json!({ "conferenceId": hall.id }), json!({ "code": hall.code })] {
            let refused = stranger.ask("join_conference", &wanted).await;
            assert_eq!(refused["error"]["code"], "forbidden", "{restriction} {refused}");
        }
        let bearer = format!("Bearer {}", people[0].token);
        for path in ["/questions", "/questions/results"] {
            for headers in [vec![], vec![("Authorization", bearer.as_str())]] {
                let answer = crate::http::ask(world.address(), "GET", &hall.path(path), &headers, "");
                assert_eq!(answer.status, 403, "{restriction} {path} {}", answer.body);
            }
        }
        let (status, seen) = hall.ask(&world, "GET", "/questions", &Value::Null);
        assert_eq!((status, &seen["items"][0]["id"]), (200, &json!(question)), "who runs it sees it");
    }
    let hall = Hall::open(&world, &json!({ "title": "Board", "passcode": "secret9" })).await;
    let (status, joined) = hall.ask(&world, "POST", "/join", &json!({ "passcode": "secret9" }));
    assert_eq!(status, 201, "{joined}");
    let mut phone = Client::web(world.address()).await;
    phone.enter(joined["token"].as_str().expect("a token")).await;
    done(&mut phone, "join_conference", &json!({})).await;
}
