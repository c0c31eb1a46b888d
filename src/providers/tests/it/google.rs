//! Google's client: what it makes of keys and answers. Whole sign-ins are tests of REST.

use crate::fake::{Fake, http};
use plenum_providers::GoogleClient;
use plenum_services::accounts::GoogleConfig;
use plenum_services::issuer::{CodeGrant, Issuer, IssuerError};
use std::os::unix::fs::PermissionsExt;

fn config(fake: &Fake, secret: &tempfile::NamedTempFile) -> GoogleConfig {
    GoogleConfig {
        enabled: true,
        client_id: "web".to_owned(),
        client_secret_path: secret.path().to_owned(),
        redirect_url: "https://plenum.example/back?a=b".to_owned(),
        keys_url: format!("{}/keys", fake.url()),
        token_url: format!("{}/token", fake.url()),
        timeout_ms: 500,
        ..GoogleConfig::default()
    }
}

/// A file that its owner alone can read, as temporary files are.
fn secret() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), " s&cret \n").unwrap();
    file
}

fn grant() -> CodeGrant {
    CodeGrant { code: "4/a+b".into(), verifier: "v".into() }
}

#[tokio::test]
async fn only_keys_for_rs256_are_taken_and_their_numbers_without_zeros() {
    let keys = r#"{"keys":[
        {"kty":"RSA","kid":"a","use":"sig","alg":"RS256","n":"AAEC","e":"AQAB"},
        {"kty":"RSA","kid":"b","n":"_-8=","e":"AQAB"},
        {"kty":"RSA","kid":"c","use":"enc","n":"AQ","e":"AQAB"},
        {"kty":"RSA","kid":"d","alg":"RS512","n":"AQ","e":"AQAB"},
        {"kty":"EC","kid":"e","crv":"P-256","x":"AQ","y":"AQ"},
        {"kty":"oct","kid":"f","k":"AQ"},
        {"kty":"RSA","n":"AQ","e":"AQAB"},
        {"kty":"RSA","kid":"g","n":"?","e":"AQAB"},
        7]}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
    let fake = Fake::answering(vec![answer]);
    let found = GoogleClient::open(&config(&fake, &secret())).unwrap().keys().await.unwrap();
    assert!(fake.asked.recv().unwrap().head.starts_with("GET /keys HTTP/1.1"));
    let numbers: Vec<_> = found.keys.iter().map(|key| (key.id.as_str(), key.modulus.as_slice())).collect();
    assert_eq!(numbers, [("a", &[1, 2][..]), ("b", &[255, 239][..])]);
    assert_eq!(found.max_age_s, Some(60));
}

#[tokio::test]
async fn a_code_goes_as_a_form_with_the_secret_and_the_verifier() {
    let fake = Fake::answering(vec![
        http("200 OK", r#"{"id_token":"a.b.c","access_token":"x"}"#),
        http("400 Bad Request", r#"{"error":"invalid_grant"}"#),
        http("401 Unauthorized", r#"{"error":"invalid_client"}"#),
        http("200 OK", r#"{"access_token":"x"}"#),
        http("200 OK", "[]"),
        String::new(),
    ]);
    let client = GoogleClient::open(&config(&fake, &secret())).unwrap();
    assert_eq!(client.exchange(grant()).await.unwrap().expose(), "a.b.c");
    let asked = fake.asked.recv().unwrap();
    assert!(asked.head.starts_with("POST /token HTTP/1.1"));
    assert_eq!(
        asked.body,
        "grant_type=authorization_code&code=4%2Fa%2Bb&redirect_uri=https%3A%2F%2Fplenum.example%2Fback%3Fa%3Db\
         &client_id=web&client_secret=s%26cret&code_verifier=v"
    );
    assert!(matches!(client.exchange(grant()).await, Err(IssuerError::Code(_))));
    for case in ["refused", "no token", "nonsense", "silent"] {
        let outcome = client.exchange(grant()).await;
        assert!(matches!(outcome, Err(IssuerError::Provider(_))), "{case}");
    }
}

#[tokio::test]
async fn a_secret_that_others_can_read_stops_the_start() {
    let (fake, secret) = (Fake::answering(Vec::new()), secret());
    std::fs::set_permissions(secret.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = GoogleClient::open(&config(&fake, &secret)).unwrap_err().to_string();
    assert!(refused.starts_with("google: client_secret_path ") && refused.contains("chmod 600"), "{refused}");
    let without_flow = GoogleConfig { redirect_url: String::new(), ..config(&fake, &secret) };
    GoogleClient::open(&without_flow).expect("tokens of apps need no secret");
}
