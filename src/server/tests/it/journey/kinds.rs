//! Kinds of questions and ways of asking them, over REST and on sockets.

use super::conference::{Hall, voted};
use crate::http;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::conference::ConferenceEvent;
use plenum_schema::poll::{Answer, Number, Spot};
use plenum_schema::wire::{Command, Event, Vote};
use plenum_schema::{QuestionId, RefusalCode};
use serde_json::{Value, json};

fn vote(question: QuestionId, answer: Answer, sequence: Option<u32>) -> Command {
    Command::Vote(Vote { question, answer, pressed_after_ms: None, sequence })
}

fn live(world: &World, hall: &Hall, body: &Value) -> QuestionId {
    let question = hall.question(world, body);
    assert_eq!(hall.ask(world, "POST", &format!("/questions/{question}/live"), &Value::Null).0, 200);
    question
}

#[tokio::test]
async fn people_point_at_a_picture_say_how_it_goes_and_a_word_is_kept_from_them() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Kinds" })).await;
    let mut phone = hall.phone(&world, Codec::MessagePack).await;
    let point = live(&world, &hall, &json!({ "text": "Where?", "kind": "point", "image": "/assets/logo.svg" }));
    let at = |x, y| Answer::Point(Spot { x: Number::from_millionths(x), y: Number::from_millionths(y) });
    voted(&mut phone, vote(point, at(990_000, 260_000), None)).await;
    phone.refused(vote(point, at(1_100_000, 0), None), RefusalCode::Invalid).await;
    let (_, results) = hall.ask(&world, "GET", &format!("/questions/{point}/results"), &Value::Null);
    assert_eq!(results["heat"]["cells"], json!([{ "column": 19, "row": 5, "count": 1 }]), "{results}");
    let how = json!({ "text": "The pace?", "kind": "feedback", "options": ["slow", "fast"], "visibility": "live", "halfLifeMs": 60_000 });
    let how = live(&world, &hall, &how);
    voted(&mut phone, vote(how, Answer::Choice(vec![1]), Some(1))).await;
    let again = voted(&mut phone, vote(how, Answer::Choice(vec![1]), Some(2))).await;
    assert!(!again.duplicate, "that it still goes so is news");
    let (_, results) = hall.ask(&world, "GET", &format!("/questions/{how}/results"), &Value::Null);
    assert_eq!(
        (&results["totalResponses"], &results["pulse"]["weights"][0]["weight"]),
        (&json!(1), &json!(1)),
        "{results}"
    );
    let words = live(&world, &hall, &json!({ "text": "In a word?", "kind": "words", "visibility": "live" }));
    voted(&mut phone, vote(words, Answer::Words(vec!["Rude".into(), "kind".into()]), None)).await;
    let hide = json!({ "word": "rude", "hidden": true });
    let (status, seen) = hall.ask(&world, "PUT", &format!("/questions/{words}/words"), &hide);
    assert_eq!((status, &seen["results"]["hiddenWords"][0]["word"]), (200, &json!("rude")), "{seen}");
    let public =
        |rest: &str| -> Value { serde_json::from_str(&http::get(world.address(), &hall.path(rest)).body).unwrap() };
    let path = format!("/questions/{words}/results");
    assert_eq!(public(&path)["words"], json!([{ "word": "kind", "count": 1 }]));
    assert_eq!(hall.ask(&world, "POST", &format!("/questions/{words}/close"), &Value::Null).0, 200);
    assert_eq!(
        (&public(&path)["words"], &public(&path)["hiddenWords"]),
        (&json!([{ "word": "kind", "count": 1 }]), &Value::Null)
    );
}

#[tokio::test]
async fn a_question_is_frozen_and_its_audience_is_told() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Wait" })).await;
    let question =
        live(&world, &hall, &json!({ "text": "Which?", "options": ["a", "b"], "quorum": 2, "quorumShare": 0.5 }));
    let mut phone = hall.phone(&world, Codec::Json).await;
    let path = format!("/questions/{question}/freeze");
    assert_eq!(hall.ask(&world, "POST", &path, &json!({ "frozen": true })).1["frozen"], true);
    loop {
        if let Event::Conference(ConferenceEvent::QuestionFrozen(frozen)) = phone.expect_event().await.event {
            assert!(frozen.frozen && frozen.question == question);
            break;
        }
    }
    phone.refused(vote(question, Answer::Choice(vec![1]), None), RefusalCode::Conflict).await;
    assert_eq!(hall.ask(&world, "POST", &path, &json!({ "frozen": false })).0, 200);
    voted(&mut phone, vote(question, Answer::Choice(vec![1]), None)).await;
    let (_, closed) = hall.ask(&world, "POST", &format!("/questions/{question}/close"), &Value::Null);
    assert_eq!(closed["results"]["quorum"], json!({ "needed": 2, "reached": false }), "{closed}");
}

#[tokio::test]
async fn a_survey_is_answered_at_ones_own_pace_and_reported_as_a_workbook() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "=Survey" })).await;
    for text in ["One?", "Two?", "Three?"] {
        hall.question(&world, &json!({ "text": text, "kind": "yesNo", "survey": "After lunch" }));
    }
    let survey = json!({ "survey": "After lunch" });
    assert_eq!(hall.ask(&world, "POST", "/surveys/live", &json!({ "survey": "No such" })).0, 404);
    let (status, questions) = hall.ask(&world, "POST", "/surveys/live", &survey);
    assert_eq!(status, 200, "{questions}");
    let ids: Vec<QuestionId> =
        questions["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
    let tokens = [hall.join(&world), hall.join(&world)];
    for (token, answered) in tokens.iter().zip([3, 1]) {
        let mut phone = hall.phone_of(&world, Codec::Json, token).await;
        for question in ids.iter().take(answered) {
            voted(&mut phone, vote(*question, Answer::Choice(vec![1]), None)).await;
        }
        let bearer = format!("Bearer {token}");
        let mine = http::ask(world.address(), "GET", &hall.path("/surveys"), &[("Authorization", &bearer)], "");
        let mine: Value = serde_json::from_str(&mine.body).unwrap();
        assert_eq!(
            (&mine["items"][0]["answered"], &mine["items"][0]["questions"]),
            (&json!(answered), &json!(3)),
            "{mine}"
        );
    }
    let (_, all) = hall.ask(&world, "GET", "/surveys", &Value::Null);
    assert_eq!((&all["items"][0]["begun"], &all["items"][0]["completed"]), (&json!(2), &json!(1)), "{all}");
    let (_, closed) = hall.ask(&world, "POST", "/surveys/close", &survey);
    assert!(closed["items"].as_array().unwrap().iter().all(|one| one["status"] == "CLOSED"), "{closed}");
    let bearer = format!("Bearer {}", hall.host.token);
    let book = http::ask(world.address(), "GET", &hall.path("/report?format=xlsx"), &[("Authorization", &bearer)], "");
    assert!(book.status == 200 && book.body.starts_with("PK"), "{}", book.head);
}

#[tokio::test]
async fn an_invitation_lets_one_person_in_once_and_an_agenda_is_told() {
    let world = World::start();
    let agenda = json!([{ "title": "Opening", "startTime": "10:00", "speaker": 1, "track": "Hall 1" }]);
    let body = json!({ "title": "By invitation", "invited": true, "speakers": [{ "name": "Ada" }], "agenda": agenda });
    let hall = Hall::open(&world, &body).await;
    let (status, told) = hall.ask(&world, "GET", "", &Value::Null);
    assert_eq!((status, &told["agenda"][0]["title"], &told["invited"]), (200, &json!("Opening"), &json!(true)));
    let wrong = json!({ "agenda": [{ "title": "Opening", "speaker": 2 }] });
    assert_eq!(hall.ask(&world, "PUT", "", &wrong).1["errors"][0]["field"], "agenda.0.speaker");
    let (status, made) = hall.ask(&world, "POST", "/invitations", &json!({ "count": 2 }));
    assert_eq!((status, made["codes"].as_array().unwrap().len()), (201, 2), "{made}");
    let join = |body: &Value| {
        let answer = http::ask(world.address(), "POST", &hall.path("/join"), &[], &body.to_string());
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    assert_eq!(join(&json!({})).1["errors"][0]["field"], "invitation");
    assert_eq!(join(&json!({ "invitation": "AAAAAAAAAA" })).0, 403);
    let code = made["codes"][0].as_str().unwrap().to_lowercase();
    let device = "a device of its own";
    let (status, first) = join(&json!({ "invitation": code, "device": device }));
    assert_eq!(status, 201, "{first}");
    // The answer was lost: the same device is the same participant, another one is nobody.
    let (status, again) = join(&json!({ "invitation": code, "device": device }));
    assert_eq!((status, &again["participant"]), (201, &first["participant"]));
    assert_eq!(join(&json!({ "invitation": code, "device": "another device here" })).0, 403);
    assert_eq!(join(&json!({ "invitation": code })).0, 403);
    let bearer = format!("Bearer {}", first["token"].as_str().unwrap());
    let known = http::ask(world.address(), "POST", &hall.path("/join"), &[("Authorization", &bearer)], "{}");
    assert_eq!(known.status, 201, "{}", known.body);
    assert_eq!(hall.ask(&world, "GET", "/invitations", &Value::Null).1, json!({ "made": 2, "used": 1 }));
    let guest = http::ask(world.address(), "GET", &hall.path("/invitations"), &[("Authorization", &bearer)], "");
    assert_eq!(guest.status, 403);
}

#[tokio::test]
async fn teams_of_a_quiz_are_ranked_by_the_mean_of_their_members() {
    let world = World::start();
    let hall = Hall::open(&world, &json!({ "title": "Pub quiz", "teams": ["Red", "Blue"] })).await;
    let quiz = json!({ "text": "2 + 2?", "kind": "quiz", "options": ["3", "4"], "correct": [2], "visibility": "live" });
    let question = live(&world, &hall, &quiz);
    for (team, option) in [("Red", 1), ("Blue", 2), ("Blue", 1)] {
        let body = json!({ "team": team }).to_string();
        let joined = http::ask(world.address(), "POST", &hall.path("/join"), &[], &body);
        let joined: Value = serde_json::from_str(&joined.body).unwrap();
        assert_eq!(joined["team"], team, "{joined}");
        let mut phone = hall.phone_of(&world, Codec::Json, joined["token"].as_str().unwrap()).await;
        voted(&mut phone, vote(question, Answer::Choice(vec![option]), None)).await;
    }
    let wrong = http::ask(world.address(), "POST", &hall.path("/join"), &[], r#"{"team":"Green"}"#);
    assert!(wrong.status == 422 && wrong.body.contains("team"), "{}", wrong.body);
    let anyhow = http::ask(world.address(), "POST", &hall.path("/join"), &[], "{}");
    assert!(anyhow.body.contains("\"team\":\"Red\"") || anyhow.body.contains("\"team\":\"Blue\""), "{}", anyhow.body);
    let (_, closed) = hall.ask(&world, "POST", &format!("/questions/{question}/close"), &Value::Null);
    let teams = closed["results"]["teams"].as_array().unwrap();
    assert_eq!((teams[0]["team"].as_str(), teams[0]["answered"].as_u64()), (Some("Blue"), Some(2)), "{closed}");
    assert!(teams[0]["points"].as_f64().unwrap() >= 250.0 && teams[1]["points"] == 0, "{closed}");
}
