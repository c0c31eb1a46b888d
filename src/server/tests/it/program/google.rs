//! Signing in with Google as an operator sets it up: what the check says, and the server with it.

use super::{data, err, http, out, run};
use crate::socket::world::World;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const BACK: &str = "https://plenum.example/api/auth/google/callback";

/// What `check-config` says with this file for the secret.
fn check(data: &str, secret: &Path) -> std::process::Output {
    let secret = format!("google.client_secret_path={}", secret.display());
    let back = format!("google.redirect_url={BACK}");
    let sets = ["google.enabled=true", "google.client_id=web", &secret, &back];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    run(&[&["check-config", "--data", data][..], &sets].concat())
}

#[test]
fn a_secret_for_google_that_is_missing_empty_or_open_to_others_is_reported() {
    let (folder, data) = data();
    let path = folder.path().join("google.secret");
    let write = |text: &str, mode: u32| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    assert!(err(&check(&data, &path)).contains("google.client_secret_path: cannot be read from "));
    for (text, mode, blamed) in [
        ("secret", 0o644, "can be read by other users"),
        ("\n", 0o600, "is empty"),
        (&"x".repeat(10_000), 0o600, "is too long"),
    ] {
        write(text, mode);
        let output = check(&data, &path);
        assert!(!output.status.success() && err(&output).contains(blamed), "{blamed}: {}", err(&output));
    }
    write("secret\n", 0o600);
    out(&check(&data, &path));
    let bare = run(&["check-config", "--data", &data, "--set", "google.enabled=true"]);
    assert!(err(&bare).contains("google.client_id: is needed"), "{}", err(&bare));
}

#[test]
fn the_running_server_sends_people_to_google_and_says_where_it_is_off() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("google.secret");
    std::fs::write(&secret, "secret").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let on = World::with(|config| {
        config.google.enabled = true;
        config.google.client_id = "web".to_owned();
        config.google.redirect_url = BACK.to_owned();
        config.google.client_secret_path.clone_from(&secret);
    });
    let answer = http::get(on.address(), "/api/auth/google");
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert!(
        answer.head.contains("location: https://accounts.google.com/o/oauth2/v2/auth?response_type=code&"),
        "{}",
        answer.head
    );
    assert!(answer.head.contains("set-cookie: __host-plenum-google="), "{}", answer.head);
    let off = World::start();
    assert_eq!(http::get(off.address(), "/api/auth/google").status, 503);
}
