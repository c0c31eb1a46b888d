//! Signing in with Google: against an issuer on loopback that does well, badly, slowly, or nothing.

mod issuer;
mod keys;
mod linking;
mod redirect;
mod tokens;

use crate::world::{Person, Seen, World, id_of, plain};
use issuer::{FakeIssuer, ISSUER, SECRET};
use plenum_actors::clock::Clock;
use plenum_providers::GoogleClient;
use plenum_rest::RestConfig;
use plenum_services::accounts::GoogleConfig;
use plenum_services::status_board::StatusBoardConfig;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

struct House {
    world: World,
    issuer: FakeIssuer,
    config: GoogleConfig,
    _directory: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut GoogleConfig)) -> Self {
        let (issuer, directory) = (FakeIssuer::start(), tempfile::tempdir().expect("a directory"));
        let path = directory.path().join("google.secret");
        std::fs::write(&path, format!("{SECRET}\n")).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let mut config = GoogleConfig {
            enabled: true,
            client_id: "web".to_owned(),
            client_ids: vec!["android".to_owned(), "ios".to_owned()],
            client_secret_path: path,
            redirect_url: "https://plenum.example/api/auth/google/callback".to_owned(),
            authorization_url: issuer.url("/authorize"),
            token_url: issuer.url("/token"),
            keys_url: issuer.url("/keys"),
            timeout_ms: 1_000,
            ..GoogleConfig::default()
        };
        change(&mut config);
        assert_eq!(config.problems(), []);
        let client = Arc::new(GoogleClient::open(&config).expect("a client"));
        let world = World::with_google(&RestConfig::default(), StatusBoardConfig::default(), config.clone(), client);
        Self { world, issuer, config, _directory: directory }
    }

    /// The claims of a person, as Google makes them, an hour long from now.
    fn claims(&self, subject: &str, email: &str) -> Value {
        let now = self.world.clock.wall() / 1_000;
        json!({
            "iss": ISSUER, "aud": "web", "azp": "web", "sub": subject, "iat": now, "exp": now + 3_600,
            "email": email, "email_verified": true, "name": "Ann Example", "given_name": "Ann", "family_name": "Example",
        })
    }

    async fn show(&self, token: &str) -> Seen {
        self.world.ask(plain("POST", "/auth/verify-google-token").set_json(json!({ "idToken": token }))).await
    }

    async fn show_claims(&self, claims: &Value) -> Seen {
        self.show(&issuer::signed(0, claims)).await
    }
}

fn person(answer: &Value) -> Person {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Person { id: id_of(&answer["user"]), token: text(&answer["accessToken"]), email: text(&answer["user"]["email"]) }
}

/// The member that a problem names.
fn field(seen: &Seen) -> (u16, String) {
    (seen.problem().0, seen.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned())
}
