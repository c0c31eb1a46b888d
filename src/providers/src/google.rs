//! Google as an issuer of OpenID Connect: its public keys, and tokens for the codes of the redirect flow.

use crate::http::{Answer, Client};
use crate::messengers::OpenError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use plenum_services::accounts::{GoogleConfig, Secret};
use plenum_services::issuer::{CodeGrant, Issuer, IssuerError, IssuerFuture, PublicKey, PublicKeys, form};
use plenum_services::messenger::SendError;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The largest file that can hold a secret, bytes.
const LARGEST_SECRET: u64 = 4_096;

/// Asks Google, or what stands in its place.
#[derive(Clone)]
pub struct GoogleClient(Arc<Inner>);

struct Inner {
    client: Client,
    config: GoogleConfig,
    secret: Secret,
    places: Semaphore,
    within: Duration,
}

impl std::fmt::Debug for GoogleClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoogleClient").field("issuer", &self.0.config.issuer).finish_non_exhaustive()
    }
}

/// The secret in a file that nobody but its owner can read.
fn secret_in(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let found = path.metadata().map_err(|error| format!("cannot be read from {shown}: {error}"))?;
    if found.permissions().mode() & 0o077 != 0 {
        return Err(format!("{shown} can be read by other users of this machine: `chmod 600` it"));
    }
    if found.len() > LARGEST_SECRET {
        return Err(format!("{shown} is too long for a secret"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read from {shown}: {error}"))?;
    let secret = Secret::from(text.trim());
    if secret.expose().is_empty() { Err(format!("{shown} is empty")) } else { Ok(secret) }
}

fn provider(error: SendError) -> IssuerError {
    match error {
        SendError::Provider(what) => IssuerError::Provider(what),
        other => IssuerError::Provider(other.to_string()),
    }
}

/// A key of a JWK set (RFC 7517) that checks RS256 signatures.
fn key_of(jwk: &Value) -> Option<PublicKey> {
    let fits = |member: &str, wanted: &str| jwk[member].is_null() || jwk[member] == wanted;
    if jwk["kty"] != "RSA" || !fits("use", "sig") || !fits("alg", "RS256") {
        return None;
    }
    let number = |member: &str| {
        let bytes = BASE64.decode(jwk[member].as_str()?.trim_end_matches('=')).ok()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).map(<[u8]>::to_vec)
    };
    Some(PublicKey { id: jwk["kid"].as_str()?.to_owned(), modulus: number("n")?, exponent: number("e")? })
}

impl GoogleClient {
    /// Sets the client up; nothing is asked yet.
    ///
    /// # Errors
    /// [`OpenError`] when the file with the secret cannot be used, or no client can be made.
    pub fn open(config: &GoogleConfig) -> Result<Self, OpenError> {
        let wrong = |reason| OpenError { section: "google", reason };
        let within = Duration::from_millis(config.timeout_ms);
        let secret = if config.redirects() {
            Self::check_secret(config).map_err(|reason| wrong(format!("client_secret_path {reason}")))?
        } else {
            Secret::from("")
        };
        let client = Client::new(within).map_err(wrong)?;
        let (places, config) = (Semaphore::new(config.at_once), config.clone());
        Ok(Self(Arc::new(Inner { client, config, secret, places, within })))
    }

    /// The secret, as a start would read it.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub fn check_secret(config: &GoogleConfig) -> Result<Secret, String> {
        secret_in(&config.client_secret_path)
    }
}

impl Inner {
    /// Asks when there is a place, all within the time.
    async fn ask(&self, request: RequestBuilder) -> Result<Answer, IssuerError> {
        let turn = async {
            let ended = |_| IssuerError::Provider("it has ended".to_owned());
            let _place = self.places.acquire().await.map_err(ended)?;
            self.client.ask(request).await.map_err(provider)
        };
        timeout(self.within, turn).await.map_err(|_| IssuerError::Provider("it took too long".to_owned()))?
    }

    async fn keys(&self) -> Result<PublicKeys, IssuerError> {
        let answer = self.ask(self.client.get(&self.config.keys_url)).await?;
        let (200, Some(keys)) = (answer.status, answer.json["keys"].as_array()) else {
            return Err(IssuerError::Provider(format!("status {} without keys", answer.status)));
        };
        Ok(PublicKeys { keys: keys.iter().filter_map(key_of).collect(), max_age_s: answer.max_age_s })
    }

    async fn exchange(&self, grant: &CodeGrant) -> Result<Secret, IssuerError> {
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", grant.code.expose()),
            ("redirect_uri", &self.config.redirect_url),
            ("client_id", &self.config.client_id),
            ("client_secret", self.secret.expose()),
            ("code_verifier", grant.verifier.expose()),
        ]);
        let request = self.client.post(&self.config.token_url);
        let answer = self.ask(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await?;
        match (answer.status, answer.json["id_token"].as_str()) {
            (200, Some(token)) => Ok(Secret::from(token)),
            (400, _) if answer.json["error"] == "invalid_grant" => Err(IssuerError::Code("invalid_grant".to_owned())),
            (status, _) => Err(IssuerError::Provider(format!("status {status} without a token"))),
        }
    }
}

impl Issuer for GoogleClient {
    fn keys(&self) -> IssuerFuture<PublicKeys> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.keys().await })
    }

    fn exchange(&self, grant: CodeGrant) -> IssuerFuture<Secret> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.exchange(&grant).await })
    }
}
