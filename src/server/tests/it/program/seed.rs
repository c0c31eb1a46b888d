//! `plenum seed demo`: made once, told how to sign in, never among other people unasked.

use super::{Server, err, http, out, run, with_input};
use serde_json::{Value, json};
use std::path::Path;

/// What the command prints: the addresses with their roles, and the password.
fn seeded(data: &Path, more: &[&str]) -> (Vec<(String, String)>, String) {
    let data = data.to_str().unwrap();
    let printed = out(&run(&[&["seed", "demo", "--data", data][..], more].concat()));
    let people = printed.lines().filter_map(|line| line.split_once('\t'));
    let people = people.map(|(email, rest)| (email.to_owned(), rest.split('\t').next().unwrap().to_owned()));
    let password = printed.lines().find_map(|line| line.strip_prefix("password of all of them: ")).unwrap();
    (people.collect(), password.to_owned())
}

fn sign_in(server: &Server, email: &str, password: &str) -> Option<String> {
    let body = json!({ "email": email, "password": password }).to_string();
    let answer = http::ask(server.address, "POST", "/api/auth/login", &[], &body);
    let json = || serde_json::from_str::<Value>(&answer.body).unwrap();
    (answer.status == 200).then(|| json()["accessToken"].as_str().unwrap().to_owned())
}

fn items(server: &Server, token: &str, path: &str) -> Vec<Value> {
    let bearer = format!("Bearer {token}");
    let answer = http::ask(server.address, "GET", path, &[("Authorization", &bearer)], "");
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let page: Value = serde_json::from_str(&answer.body).unwrap();
    page["items"].as_array().unwrap().clone()
}

#[test]
fn a_demo_is_made_once_and_its_people_can_sign_in() {
    let data = tempfile::tempdir().unwrap();
    let (people, first) = seeded(data.path(), &[]);
    let (again, password) = seeded(data.path(), &[]);
    assert_eq!(people, again);
    assert_ne!(first, password, "each run gives a new one");
    assert!(people.contains(&("ada@demo.example".to_owned(), "admin".to_owned())), "{people:?}");
    let server = Server::start(data.path());
    assert_eq!(sign_in(&server, "ben@demo.example", &first), None);
    let ben = sign_in(&server, "ben@demo.example", &password).unwrap();
    for (path, wanted) in [
        ("/api/events", 3),
        ("/api/marketplace/products", 5),
        ("/api/marketplace/orders", 1),
        ("/api/domains", 3),
        // The conference has one, too.
        ("/api/rooms", 3),
        ("/api/messages/conversations", 4),
    ] {
        assert_eq!(items(&server, &ben, path).len(), wanted, "{path}");
    }
    let orders = items(&server, &ben, "/api/marketplace/orders");
    assert_eq!(orders[0]["status"], "shipped");
    let hana = sign_in(&server, "hana@demo.example", &password).unwrap();
    assert_eq!(items(&server, &hana, "/api/conference").len(), 1);
}

#[test]
fn a_demo_does_not_come_among_other_people_unasked() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    let add = ["user", "add", "--create", "--data", path, "--email", "real@example.org"];
    out(&with_input(&add, "two quiet lanterns\n"));
    let refused = run(&["seed", "demo", "--data", path]);
    assert!(!refused.status.success() && err(&refused).contains("--force"), "{}", err(&refused));
    let listed = || out(&run(&["user", "list", "--data", path])).lines().count();
    assert_eq!(listed(), 1, "nothing was made");
    let (people, _) = seeded(data.path(), &["--force"]);
    assert_eq!(listed(), 1 + people.len());
}
